// Camera streams made by ffmpeg as source items, and what comes out of their repair.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type Clock, systemClock } from '../../agent/clock.ts';
import { type FactOf, Facts } from '../../agent/facts.ts';
import { readMatroska } from '../../agent/matroska/read.ts';
import type { Frame, Track } from '../../agent/matroska/track.ts';
import { repairItems } from '../../agent/repair/repair-items.ts';
import type { RepairPlan } from '../../agent/repair/repair-plan.ts';
import type { EncoderChoice } from '../../agent/repair/video-encoders.ts';
import type { SourceItem } from '../../agent/source/source.ts';

export const picture = (seconds: number, size = '320x180', fps = 25) => [
  ...['-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=${fps}:duration=${seconds}`],
];
export const tone = (seconds: number, rate = 8000) => [
  ...['-f', 'lavfi', '-i', `sine=frequency=440:sample_rate=${rate}:duration=${seconds}`],
];
export const withBFrames = ['-pix_fmt', 'yuv420p', '-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '2', '-g', '600'];
export const withoutBFrames = [
  ...['-pix_fmt', 'yuv420p', '-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '0', '-g', '25'],
];
export const motionJpeg = ['-pix_fmt', 'yuvj422p', '-c:v', 'mjpeg', '-q:v', '5'];

export type Stream = { tracks: Track[]; frames: Frame[] };

/** Runs ffmpeg to its end and reads what it wrote, as a camera's stream. */
export async function clip(...args: string[]): Promise<Stream> {
  const all = ['-hide_banner', '-loglevel', 'error', '-nostdin', ...args, '-f', 'matroska', 'pipe:1'];
  const child = spawn('ffmpeg', all, { stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = once(child, 'close');
  const stream: Stream = { tracks: [], frames: [] };
  for await (const event of readMatroska(child.stdout)) {
    if (event.type === 'tracks') stream.tracks = event.tracks;
    if (event.type === 'frame') stream.frames.push(event.frame);
  }
  await closed;
  return stream;
}

export async function* itemsOf({ tracks, frames }: Stream): AsyncGenerator<SourceItem> {
  yield { type: 'tracks', tracks };
  for (const frame of frames) yield { type: 'frame', frame };
}

export const framesOf = ({ tracks, frames }: Stream, type: Track['type']): Frame[] => {
  const numbers = tracks.filter(track => track.type === type).map(track => track.number);
  return frames.filter(frame => numbers.includes(frame.trackNumber));
};

export const times = (frames: Frame[]): number[] => frames.map(frame => frame.timecodeMs);

/** The choice of every test that is not about choosing: no time is spent on measuring. */
export const ultrafast: EncoderChoice = {
  choose: async () => ({ name: 'libx264', preset: 'ultrafast' }),
  noteFailure: () => undefined,
};

/** For streams that end: nobody is given up because the machine is busy. */
const patientClock: Clock = { ...systemClock, after: (ms, callback) => systemClock.after(20 * ms, callback) };

type RepairingOptions = { onFrame?: (frame: Frame) => void; stuckMs?: number; clock?: Clock };

/** A repair under way: what came out so far, session by session, and the problems told. */
export class Repairing {
  readonly sessions: Stream[] = [];
  readonly problems: FactOf<'camera.problem'>[] = [];
  readonly #abort = new AbortController();
  readonly done: Promise<void>;

  constructor(
    items: AsyncIterable<SourceItem>,
    plan: RepairPlan,
    { onFrame = () => {}, stuckMs = 60_000, clock = systemClock }: RepairingOptions = {},
  ) {
    const facts = new Facts(error => {
      throw error;
    });
    facts.subscribe(fact => {
      if (fact.type === 'camera.problem') this.problems.push(fact);
    });
    const repairedItems = repairItems(items, plan, {
      cameraId: 'door',
      clock,
      facts,
      encoders: ultrafast,
      signal: this.#abort.signal,
      stuckMs,
    });
    this.done = this.#follow(repairedItems, onFrame);
  }

  async #follow(items: AsyncIterable<SourceItem>, onFrame: (frame: Frame) => void): Promise<void> {
    for await (const item of items) {
      if (item.type === 'tracks') {
        this.sessions.push({ tracks: item.tracks, frames: [] });
      } else if (item.type === 'frame') {
        this.sessions.at(-1)?.frames.push(item.frame);
        onFrame(item.frame);
      }
    }
  }

  get only(): Stream {
    const [stream] = this.sessions;
    if (!stream || this.sessions.length > 1) throw new Error(`There were ${this.sessions.length} sessions`);
    return stream;
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.done;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** What comes out of a stream that ends. */
export async function repaired(stream: Stream, plan: RepairPlan): Promise<Repairing> {
  const repairing = new Repairing(itemsOf(stream), plan, { clock: patientClock });
  await repairing.done;
  return repairing;
}
