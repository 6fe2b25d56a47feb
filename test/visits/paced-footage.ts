// Footage at the pace of the analysis: coded as a camera would send it, frame by frame, the next one when the sampler has seen all
// that is spooled. The clock goes with the frames.
import { execFileSync } from 'node:child_process';
import { systemClock } from '../../agent/clock.ts';
import { scanFragment } from '../../agent/matroska/scan.ts';
import type { FragmentReader } from '../../agent/sampler/sample.ts';
import type { SourceItem } from '../../agent/source/source.ts';
import type { Spool } from '../../agent/spool/spool.ts';
import type { SimulatedClock } from '../simulated-clock.ts';

export const cameraId = 'room';
/** When the footage begins, for the agent. */
export const startMs = Date.UTC(2026, 10, 23, 7, 41, 12, 345);

export type Footage = {
  /** What ffmpeg opens: a file, or with `lavfi` a scene it draws. */
  path: string;
  lavfi?: boolean;
  seconds: number;
  /** Of so many frames only one is encoded, to save time: default 1. */
  everyFrame?: number;
  /** Encoded frames from one key frame to the next. Fragments have at least a second. */
  keyEveryFrames: number;
};

/** As a camera sends it: no B-frames, and key frames at steady times. */
export function itemsOf({ path, lavfi = false, seconds, everyFrame = 1, keyEveryFrames }: Footage): SourceItem[] {
  const bytes = execFileSync(
    'ffmpeg',
    [
      ...[
        '-v',
        'error',
        '-nostdin',
        '-threads',
        '1',
        ...(lavfi ? ['-f', 'lavfi'] : []),
        '-i',
        path,
        '-t',
        String(seconds),
        '-an',
      ],
      ...['-vf', `select='not(mod(n,${everyFrame}))'`, '-fps_mode', 'passthrough'],
      ...['-g', String(keyEveryFrames), '-keyint_min', String(keyEveryFrames), '-sc_threshold', '0'],
      ...['-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '20', '-bf', '0', '-pix_fmt', 'yuv420p', '-threads', '1'],
      ...['-f', 'matroska', 'pipe:1'],
    ],
    { maxBuffer: 256 * 2 ** 20, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const { tracks, frames } = scanFragment(bytes);
  return [{ type: 'tracks', tracks }, ...frames.map((frame): SourceItem => ({ type: 'frame', frame }))];
}

/** Hands on frames at the pace of the analysis, and moves the clock with them. */
export async function* paced(
  items: SourceItem[],
  reader: PacedReader,
  clock: SimulatedClock,
): AsyncGenerator<SourceItem> {
  for (const item of items) {
    if (item.type === 'frame') await clock.advance(Math.max(0, startMs + item.frame.timecodeMs - clock.nowMs()));
    yield item;
    // A key frame ends the fragment before it: analysis looks at that one, then the next frame comes.
    if (item.type === 'frame' && item.frame.keyFrame) await reader.caughtUp();
  }
}

export async function* restarting(
  items: AsyncIterable<SourceItem>,
  atSeconds: readonly number[],
  restart: () => Promise<void>,
): AsyncGenerator<SourceItem> {
  const due = [...atSeconds];
  for await (const item of items) {
    const [next] = due;
    if (next !== undefined && item.type === 'frame' && item.frame.timecodeMs >= next * 1000) {
      due.shift();
      await restart();
    }
    yield item;
  }
}

/** The spool as the sampler sees it; knows when the sampler has seen everything and waits for more. */
export class PacedReader implements FragmentReader {
  readonly #spool: Spool;
  #waiting = false;
  #seenId: number | undefined;

  constructor(spool: Spool) {
    this.#spool = spool;
  }

  newest(id: string) {
    const newest = this.#spool.newest(id);
    this.#seenId = newest?.id;
    return newest;
  }

  readFragment(record: Parameters<FragmentReader['readFragment']>[0]) {
    return this.#spool.readFragment(record);
  }

  async changed(id: string, signal: AbortSignal): Promise<void> {
    this.#waiting = true;
    try {
      await this.#spool.changed(id, signal);
    } finally {
      this.#waiting = false;
    }
  }

  async caughtUp(): Promise<void> {
    while (!this.#waiting || this.#isFinishing() || this.#seenId !== this.#spool.newest(cameraId)?.id) {
      await systemClock.sleep(1);
    }
  }

  /** A fragment is being synced while the next one grows. */
  #isFinishing(): boolean {
    const oldest = this.#spool.growing(cameraId);
    return oldest !== undefined && this.#spool.growing(cameraId, oldest.startMs) !== undefined;
  }
}
