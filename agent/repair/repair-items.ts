// A camera's frames in, the same frames out with what Kinesis Video Streams cannot take re-encoded: foreign sound to AAC,
// and on demand pictures to H.264 without B-frames and with a key frame every two seconds. Each track has an encoder of its
// own and the others pass untouched; times stay the source's.
import type { Clock } from '../clock.ts';
import type { Facts } from '../facts.ts';
import type { Source, SourceItem } from '../source/source.ts';
import { type RepairPlan, tracksToRepair } from './repair-plan.ts';
import { type RepairProblem, RepairSession } from './repair-session.ts';
import type { EncoderChoice } from './video-encoders.ts';

export type RepairOptions = {
  cameraId: string;
  clock: Clock;
  facts: Facts;
  /** Shared by all cameras: which encoder this machine has is found out once. */
  encoders: EncoderChoice;
  /** Ends the encoders with what is in them. `items` must end by it too. */
  signal: AbortSignal;
  /** So long fed without an answer, an encoder hangs and is replaced. Default 10 s. */
  stuckMs?: number;
  /** Default: `ffmpeg` on the PATH. */
  ffmpegPath?: string | undefined;
};

const defaultStuckMs = 10_000;

/**
 * Repairs a camera's items as planned. Publishes `camera.problem` when an encoder dies (it is started again) or falls
 * behind, with `lostFromMs` and `lostToMs` when pictures were lost to it; never throws for what an encoder does.
 * No encoder is left when the iteration ends, however it ends.
 * @throws whatever `items` throws
 */
export async function* repairItems(
  items: AsyncIterable<SourceItem>,
  plan: RepairPlan,
  options: RepairOptions,
): AsyncGenerator<SourceItem, void, undefined> {
  const { signal } = options;
  const iterator = items[Symbol.asyncIterator]();
  let session: RepairSession | undefined;
  const stop = () => void session?.[Symbol.asyncDispose]();
  signal.addEventListener('abort', stop, { once: true });
  try {
    for (let arriving = nextOf(iterator); ; ) {
      if (session) for (const item of session.ready()) yield item;
      const arrived = session ? await Promise.race([arriving, session.change()]) : await arriving;
      if (!arrived) continue;
      if (arrived.done || signal.aborted) break;
      const item = arrived.value;
      if (item.type !== 'frame') {
        if (session) yield* session.finish();
        session = item.type === 'end' || signal.aborted ? undefined : sessionFor(item.tracks, plan, options);
      } else {
        await session?.feed(item.frame);
      }
      if (!session) yield item;
      arriving = nextOf(iterator);
    }
    if (session && !signal.aborted) yield* session.finish();
  } finally {
    signal.removeEventListener('abort', stop);
    await session?.[Symbol.asyncDispose]();
    await iterator.return?.();
  }
}

/** The source with its items repaired: `repairItems` behind it, ended together whoever ends first. */
export function repairSource(source: Source, plan: RepairPlan, options: Omit<RepairOptions, 'signal'>): Source {
  return {
    async *items(signal) {
      const ended = new AbortController();
      const both = AbortSignal.any([signal, ended.signal]);
      const repaired = repairItems(source.items(both), plan, { ...options, signal: both });
      try {
        for (let next = await repaired.next(); !next.done; next = await repaired.next()) yield next.value;
      } finally {
        // Not `yield*`, which would ask the source to end before it is told to: it may be waiting for its camera.
        ended.abort();
        await repaired.return();
      }
    },
  };
}

/** Its failure is told where it is waited for, which may be later. */
function nextOf(iterator: AsyncIterator<SourceItem>): Promise<IteratorResult<SourceItem>> {
  const next = iterator.next();
  next.catch(() => undefined);
  return next;
}

function sessionFor(
  tracks: Parameters<typeof tracksToRepair>[0],
  plan: RepairPlan,
  { cameraId, clock, facts, encoders, stuckMs = defaultStuckMs, ffmpegPath }: RepairOptions,
): RepairSession | undefined {
  const toRepair = tracksToRepair(tracks, plan);
  if (!toRepair.video && !toRepair.audio) return undefined;
  const onProblem = (problem: RepairProblem) => facts.publish({ type: 'camera.problem', cameraId, ...problem });
  return new RepairSession({ tracks, toRepair, encoders, clock, stuckMs, ffmpegPath, onProblem });
}
