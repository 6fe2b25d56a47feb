// Spooled fragments → stills: the first key frame of the newest fragment, now and then. The camera is never asked again.
// Analysis never falls behind and never holds up ingest: whatever was spooled while a still was being worked on is skipped.
import type { Clock } from '../clock.ts';
import { asAgentError } from '../errors.ts';
import type { Facts } from '../facts.ts';
import type { FragmentRecord } from '../spool/fragment-record.ts';
import { Cadence } from './cadence.ts';
import type { StillDecoder } from './decode.ts';
import { firstKeyFrame } from './key-frame.ts';
import { MotionBackground } from './motion.ts';
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
  const { cameraId, everySeconds, fragments, clock, facts, signal } = options;
  const cadence = new Cadence(everySeconds * 1000);
  const background = new MotionBackground();
  let lastId: number | undefined;
  let started = false;
  while (!signal.aborted) {
    try {
      const newest = fragments.newest(cameraId);
      const isNew = started && newest !== undefined && newest.id !== lastId;
      started = true;
      lastId = newest?.id;
      if (!isNew) await fragments.changed(cameraId, signal);
      else if (cadence.take(newest.startMs)) yield await stillOf(newest, background, options);
    } catch (error) {
      if (signal.aborted) return;
      facts.publish({ type: 'labels.failed', cameraId, error: asAgentError(error) });
      // Rejects only for the abort, which the loop sees by itself.
      await clock.sleep(pauseMs, signal).catch(() => {});
    }
  }
}

async function stillOf(record: FragmentRecord, background: MotionBackground, options: SamplerOptions): Promise<Still> {
  const { cameraId, fragments, decoder, facts, signal } = options;
  const { atMs, keyFrame } = firstKeyFrame(await fragments.readFragment(record));
  const { grey, jpeg, width, height } = await decoder.decode(keyFrame, signal);
  const motionScore = background.score(grey, atMs);
  facts.publish({ type: 'still.sampled', cameraId, atMs, motionScore });
  return { cameraId, atMs, jpeg, width, height, motionScore };
}
