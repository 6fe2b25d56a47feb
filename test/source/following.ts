// Follows one camera with the agent's RTSP source, as the pipeline does, and keeps what came.

import { openCameraInput } from '../../agent/camera-input.ts';
import { systemClock } from '../../agent/clock.ts';
import { type FactOf, Facts } from '../../agent/facts.ts';
import { VideoEncoders } from '../../agent/repair/video-encoders.ts';
import type { SourceCamera } from '../../agent/source/camera-source.ts';
import type { SourceTimings } from '../../agent/source/rtsp-camera.ts';
import type { SourceItem } from '../../agent/source/source.ts';
import { readPictureStamp } from '../pretend-camera/picture-stamp.ts';

/** No camera is taken for silent because the machine is busy. */
const patientTimings = { silenceMs: 40_000, firstByteMs: 50_000, ioTimeoutMs: 30_000 };
/** For cameras that do fall silent. ffmpeg waits twice as long for an answer as it is told to. */
export const shortTimings = {
  ffmpeg: { silenceMs: 3_000, firstByteMs: 12_000, ioTimeoutMs: 3_000 },
  native: { silenceMs: 3_000, firstByteMs: 12_000, ioTimeoutMs: 6_000 },
};

/** Use it with `await using`: disposing stops following and waits for the end. */
export class Following {
  readonly items: SourceItem[] = [];
  readonly states: FactOf<'camera.state'>[] = [];
  /** From each problem to the next attempt, as it was told. */
  readonly waitsMs: number[] = [];
  readonly #abort = new AbortController();
  readonly #done: Promise<void>;

  constructor(camera: Partial<SourceCamera> & { url: string }, timings: Partial<SourceTimings> = {}) {
    const facts = new Facts(error => {
      throw error;
    });
    facts.subscribe(fact => {
      if (fact.type !== 'camera.state') return;
      this.states.push(fact);
      if (fact.error) this.waitsMs.push((fact.retryAtMs ?? 0) - Date.now());
    });
    const source = openCameraInput({
      encoders: new VideoEncoders({ clock: systemClock }),
      camera: { id: 'door', audio: 'aac', ...camera },
      clock: systemClock,
      facts,
      random: () => 0,
      timings: { ...patientTimings, ...timings },
    });
    this.#done = this.#follow(source.items(this.#abort.signal));
  }

  async #follow(items: AsyncIterable<SourceItem>): Promise<void> {
    for await (const item of items) this.items.push(item);
  }

  /** Numbers that the pretend camera wrote into the pictures that came. */
  get ordinals(): number[] {
    return this.items.flatMap(item => {
      const stamp = item.type === 'frame' ? readPictureStamp(item.frame.data) : undefined;
      return stamp ? [stamp.ordinal] : [];
    });
  }

  get tracks() {
    return this.items.flatMap(item => (item.type === 'tracks' ? [item.tracks] : []));
  }

  get stateNames(): string[] {
    return this.states.map(({ state }) => state);
  }

  get problems() {
    return this.states.flatMap(({ error }) => (error ? [error] : []));
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#done;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
