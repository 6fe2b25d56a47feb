// Pictures of cameras that are not sampled, for whoever looks: the key frame of the newest spooled fragment, decoded when it
// is asked for. While nobody asks nothing runs, and however many ask, a camera is decoded once in five seconds.
import type { Clock } from '../clock.ts';
import { asAgentError } from '../errors.ts';
import type { StillDecoder } from './decode.ts';
import { firstKeyFrame } from './key-frame.ts';
import type { FragmentReader } from './sample.ts';

export type StillsOnDemandOptions = {
  fragments: Pick<FragmentReader, 'newest' | 'readFragment'>;
  /** Shared with the sampler: bounds the runs of ffmpeg. */
  decoder: StillDecoder;
  clock: Clock;
  /** Ends decoding. */
  signal: AbortSignal;
};

/** A viewer's page renews a picture every ten seconds at most; this is for many viewers, and for who asks in a loop. */
const pauseMs = 5_000;

/** Of one camera. */
type Kept = {
  jpeg?: Uint8Array;
  /** The fragment of `jpeg`, or the one that could not be decoded. */
  fragmentId?: number;
  /** When decoding last began; monotonic. */
  triedAtMs: number;
  decoding?: Promise<void> | undefined;
};

export class StillsOnDemand {
  readonly #options: StillsOnDemandOptions;
  readonly #kept = new Map<string, Kept>();

  constructor(options: StillsOnDemandOptions) {
    this.#options = options;
  }

  /**
   * The newest still as JPEG; the one before it when the newest cannot be read or decoded, `undefined` when there is none.
   * Rejects only with what nobody foresaw.
   */
  async latest(cameraId: string): Promise<Uint8Array | undefined> {
    const kept = this.#kept.get(cameraId) ?? { triedAtMs: Number.NEGATIVE_INFINITY };
    this.#kept.set(cameraId, kept);
    if (this.#options.clock.monotonicMs() - kept.triedAtMs >= pauseMs) {
      kept.decoding ??= this.#renew(cameraId, kept).finally(() => {
        kept.decoding = undefined;
      });
    }
    await kept.decoding;
    return kept.jpeg;
  }

  /** The camera is no more: one that takes its name must not show its picture. */
  forget(cameraId: string): void {
    this.#kept.delete(cameraId);
  }

  async #renew(cameraId: string, kept: Kept): Promise<void> {
    const { fragments, decoder, clock, signal } = this.#options;
    try {
      const newest = fragments.newest(cameraId);
      if (!newest || newest.id === kept.fragmentId) return;
      kept.triedAtMs = clock.monotonicMs();
      kept.fragmentId = newest.id;
      const { keyFrame } = firstKeyFrame(await fragments.readFragment(newest));
      kept.jpeg = (await decoder.decode(keyFrame, signal)).jpeg;
    } catch (thrown) {
      // A disk or a picture that fails is told where video is recorded; here an older picture serves, or none.
      if (!signal.aborted && asAgentError(thrown).kind === 'bug') throw thrown;
    }
  }
}
