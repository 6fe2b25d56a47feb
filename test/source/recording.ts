// One camera recorded as the agent records it, up to the disk: the source, the fragmenter, and every fact that an owner reads.
import { isDeepStrictEqual } from 'node:util';
import { openCameraInput } from '../../agent/camera-input.ts';
import { type Clock, systemClock } from '../../agent/clock.ts';
import { asAgentError, type ErrorCode } from '../../agent/errors.ts';
import { type Fact, type FactOf, Facts } from '../../agent/facts.ts';
import { fragmentItems } from '../../agent/fragmenter/fragment-items.ts';
import type { Track } from '../../agent/matroska/track.ts';
import { VideoEncoders } from '../../agent/repair/video-encoders.ts';
import type { SourceCamera } from '../../agent/source/camera-source.ts';
import type { SourceTimings } from '../../agent/source/rtsp-camera.ts';
import type { CameraState } from '../../shared/camera-status.ts';
import { readPictureStamp } from '../pretend-camera/picture-stamp.ts';

export type RecordedPicture = { ordinal: number; timecodeMs: number; keyFrame: boolean };

/** Not the error itself, which may keep the whole connection that it came from. */
export type Told = {
  code: ErrorCode;
  message: string;
  lostFromMs?: number | undefined;
  lostToMs?: number | undefined;
};

export type RecordingOptions = {
  camera: Partial<SourceCamera> & { url: string };
  clock?: Clock;
  timings?: Partial<SourceTimings>;
};

/** No camera is taken for silent because the machine is busy. */
const patientTimings = { ioTimeoutMs: 30_000, silenceMs: 40_000 };

/** Use it with `await using`: disposing stops recording and waits for the end. */
export class Recording implements AsyncDisposable {
  readonly pictures: RecordedPicture[] = [];
  /** Blocks of sound that were recorded. */
  sounds = 0;
  /** Begun so far. */
  fragments = 0;
  /** Of the fragments, each time they change. */
  readonly tracks: Track[][] = [];
  readonly states: CameraState[] = [];
  readonly problems: Told[] = [];
  /** How far the camera's own clock is ahead, as often as that is news. */
  readonly clockOffsetsMs: number[] = [];
  /** What an owner reads, in order; what is told twice in a row is here once. */
  readonly errors: Told[] = [];
  readonly #abort = new AbortController();
  readonly #done: Promise<void>;

  constructor({ camera, clock = systemClock, timings = {} }: RecordingOptions) {
    const facts = new Facts(error => {
      throw error;
    });
    facts.subscribe(fact => this.#note(fact));
    this.#done = this.#record(
      { id: 'door', audio: 'aac', ...camera },
      { ...patientTimings, ...timings },
      { clock, facts },
    );
  }

  get ordinals(): number[] {
    return this.pictures.map(({ ordinal }) => ordinal);
  }

  #note(fact: Fact): void {
    if (fact.type === 'camera.clock') this.clockOffsetsMs.push(fact.offsetMs);
    if (fact.type !== 'camera.state' && fact.type !== 'camera.problem') return;
    if (fact.type === 'camera.state') this.states.push(fact.state);
    if (!fact.error) return;
    const { code, message } = fact.error;
    const lost = fact.type === 'camera.problem' ? { lostFromMs: fact.lostFromMs, lostToMs: fact.lostToMs } : {};
    if (fact.type === 'camera.problem') this.problems.push({ code, message, ...lost });
    if (this.errors.at(-1)?.code !== code) this.errors.push({ code, message, ...lost });
  }

  get codes(): string[] {
    return this.errors.map(({ code }) => code);
  }

  /** A stream that Kinesis Video Streams does not accept ends it, as it ends an attempt of the agent. */
  async #record(
    camera: SourceCamera,
    timings: Partial<SourceTimings>,
    { clock, facts }: { clock: Clock; facts: Facts },
  ) {
    const { id: cameraId } = camera;
    const encoders = new VideoEncoders({ clock });
    const source = openCameraInput({ camera, clock, facts, encoders, random: Math.random, timings });
    const onProblem = (problem: Omit<FactOf<'camera.problem'>, 'type' | 'cameraId'>) =>
      facts.publish({ type: 'camera.problem', cameraId, ...problem });
    try {
      for await (const part of fragmentItems(source.items(this.#abort.signal), { clock, cameraId, onProblem })) {
        if (part.type === 'begin') this.#keepTracks(part.tracks);
        if (part.type === 'begin') this.fragments++;
        if (part.type !== 'frame') continue;
        const { trackNumber, data, timecodeMs, keyFrame } = part.frame;
        if (trackNumber === 1) {
          this.pictures.push({
            ordinal: readPictureStamp(data)?.ordinal ?? Number.NaN,
            timecodeMs,
            keyFrame,
          });
        } else this.sounds++;
      }
    } catch (thrown) {
      facts.publish({ type: 'camera.state', cameraId, state: 'refused', error: asAgentError(thrown) });
    }
  }

  /** Copies: the originals keep the memory around them. */
  #keepTracks(tracks: readonly Track[]): void {
    const copies = tracks.map(track => ({ ...track, codecPrivate: Uint8Array.from(track.codecPrivate) }));
    if (!isDeepStrictEqual(copies, this.tracks.at(-1))) this.tracks.push(copies);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    await this.#done;
  }
}
