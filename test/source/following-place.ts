// Follows one camera with the agent's ffmpeg source, and keeps what came.
import { systemClock } from '../../agent/clock.ts';
import { type FactOf, Facts } from '../../agent/facts.ts';
import type { Frame } from '../../agent/matroska/track.ts';
import { type FfmpegSourceOptions, openFfmpegSource, type PlaceCamera } from '../../agent/source/ffmpeg-source.ts';
import type { SourceItem } from '../../agent/source/source.ts';

/** No camera is taken for silent because the machine is busy. */
const patientTimings = { silenceMs: 40_000, firstByteMs: 50_000, ioTimeoutMs: 30_000 };

/** Use it with `await using`: disposing stops following and waits for the end. */
export class FollowingPlace {
  readonly items: SourceItem[] = [];
  readonly states: FactOf<'camera.state'>[] = [];
  readonly #abort = new AbortController();
  readonly #done: Promise<void>;

  constructor(camera: Partial<PlaceCamera> & { url: string }, options: Partial<FfmpegSourceOptions> = {}) {
    const facts = new Facts(error => {
      throw error;
    });
    facts.subscribe(fact => {
      if (fact.type === 'camera.state') this.states.push(fact);
    });
    const source = openFfmpegSource({
      camera: { id: 'door', video: 'transcode', audio: 'aac', ...camera },
      ...{ clock: systemClock, facts, random: () => 0, timings: patientTimings },
      ...options,
    });
    this.#done = this.#follow(source.items(this.#abort.signal));
  }

  async #follow(items: AsyncIterable<SourceItem>): Promise<void> {
    for await (const item of items) this.items.push(item);
  }

  get frames(): Frame[] {
    return this.items.flatMap(item => (item.type === 'frame' ? [item.frame] : []));
  }

  get tracks() {
    return this.items.flatMap(item => (item.type === 'tracks' ? item.tracks : []));
  }

  get problems() {
    return this.states.flatMap(({ error }) => (error ? [error] : []));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    await this.#done;
  }
}
