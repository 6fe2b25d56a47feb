// Spooled fragments → stills: the first key frame of the newest fragment, now and then. The camera is never asked again.
// Analysis never falls behind and never holds up ingest: whatever was spooled while a still was being worked on is skipped.
import type { Clock } from '../clock.ts';
import { asAgentError } from '../errors.ts';
import type { Facts } from '../facts.ts';
import type { FragmentRecord } from '../spool/fragment-record.ts';
import type { Attention } from './attention.ts';
import { Cadence } from './cadence.ts';
import type { StillDecoder } from './decode.ts';
import { firstKeyFrame } from './key-frame.ts';
import { MotionBackground, type MotionOptions } from './motion.ts';
import type { Still } from './still.ts';

/** What the sampler needs of the spool. */
export type FragmentReader = {
  /** The fragment of the camera that was finished last. */
  newest(cameraId: string): FragmentRecord | undefined;
  readFragment(record: FragmentRecord): Promise<Uint8Array>;
  /** Resolves at the next change of the camera's fragments after the call, or rejects when `signal` aborts. */
  changed(cameraId: string, signal: AbortSignal): Promise<void>;
};

export type SamplerOptions = {
  cameraId: string;
  everySeconds: number;
  /** While something is there. */
  busyEverySeconds: number;
  attention: Attention;
  /** What counts as motion. */
  motion?: MotionOptions;
  fragments: FragmentReader;
  /** Shared by all cameras: bounds the runs of ffmpeg. */
  decoder: StillDecoder;
  clock: Clock;
  facts: Facts;
  signal: AbortSignal;
};

/** After a frame that failed; disk trouble would otherwise be reported in a tight loop. */
const pauseMs = 1_000;

/**
 * Endless until `signal` aborts, then ends. Fragments from before the start are left alone. Publishes `still.sampled`,
 * and `labels.failed` for a frame that cannot be read or decoded; then it goes on with the next.
 */
export async function* sampleStills(options: SamplerOptions): AsyncGenerator<Still> {
  const { cameraId, everySeconds, busyEverySeconds, attention, fragments, clock, facts, signal } = options;
  const cadence = new Cadence();
  const background = new MotionBackground(options.motion);
  using changes = new Changes(fragments, attention, cameraId);
  let lastId: number | undefined;
  let started = false;
  while (!signal.aborted) {
    try {
      const newest = fragments.newest(cameraId);
      if (!started) lastId = newest?.id;
      started = true;
      const everyMs = 1000 * (newest && attention.busy(newest.startMs) ? busyEverySeconds : everySeconds);
      const isDue = newest !== undefined && newest.id !== lastId && cadence.take(newest.startMs, everyMs);
      if (isDue) lastId = newest.id;
      if (isDue) yield await stillOf(newest, background, options);
      else await changes.next(signal);
    } catch (error) {
      if (signal.aborted) return;
      facts.publish({ type: 'labels.failed', cameraId, error: asAgentError(error) });
      // Rejects only for the abort, which the loop sees by itself.
      await clock.sleep(pauseMs, signal).catch(() => {});
    }
  }
}

/** Waits for the next fragment, or for attention. */
class Changes implements Disposable {
  readonly #fragments: FragmentReader;
  readonly #cameraId: string;
  readonly #ignore: () => void;
  #spooled: Promise<void> | undefined;
  #wake = Promise.withResolvers<void>();

  constructor(fragments: FragmentReader, attention: Attention, cameraId: string) {
    this.#fragments = fragments;
    this.#cameraId = cameraId;
    this.#ignore = attention.onHold(() => this.#wake.resolve());
  }

  /** Rejects when `signal` aborts, and when the spool fails. */
  async next(signal: AbortSignal): Promise<void> {
    // Kept from one call to the next: attention, which comes more often, must not leave a waiter behind each time.
    this.#spooled ??= this.#watch(signal);
    await Promise.race([this.#spooled, this.#wake.promise]);
    this.#wake = Promise.withResolvers<void>();
  }

  #watch(signal: AbortSignal): Promise<void> {
    const spooled = this.#fragments.changed(this.#cameraId, signal).finally(() => {
      this.#spooled = undefined;
    });
    // Nobody may be waiting when it rejects; who comes then asks again.
    spooled.catch(() => undefined);
    return spooled;
  }

  [Symbol.dispose](): void {
    this.#ignore();
  }
}

async function stillOf(record: FragmentRecord, background: MotionBackground, options: SamplerOptions): Promise<Still> {
  const { cameraId, fragments, decoder, facts, signal } = options;
  const { atMs, keyFrame } = firstKeyFrame(await fragments.readFragment(record));
  const { grey, jpeg, width, height } = await decoder.decode(keyFrame, signal);
  const { score: motionScore, changed } = background.observe(grey, atMs);
  facts.publish({ type: 'still.sampled', cameraId, atMs, motionScore });
  return { cameraId, atMs, jpeg, width, height, motionScore, changed };
}
