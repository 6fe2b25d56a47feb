// Nothing twice: fragments that were sent, or may have been, and were not confirmed are looked up in the service before
// anything is sent again.

import type { StoredFragment } from '../aws/fragments.ts';
import type { KinesisVideo } from '../aws/kinesis-video.ts';
import type { Stream } from '../aws/streams.ts';
import type { Clock } from '../clock.ts';
import type { Facts } from '../facts.ts';
import type { FragmentRecord } from '../spool/fragment-record.ts';
import type { Spool } from '../spool/spool.ts';

/** What is stored is not listed at once; two seconds are allowed for it. What is missed here would be sent twice. */
const settleMs = 2_500;
const batchSize = 500;
/** How much shorter than ours the service's fragment may be and still be the whole one: it does not count the last frame. */
const lengthSlackMs = 250;

export type ReconcileOptions = {
  cameraId: string;
  stream: Stream;
  spool: Spool;
  service: Pick<KinesisVideo, 'listFragments'>;
  clock: Clock;
  facts: Facts;
  signal: AbortSignal;
};

/**
 * Marks the doubtful fragments the service has as persisted and the others as not sent. Rejects with a `service-…`
 * AgentError when the service cannot be asked: then nothing may be sent yet. A stream without retention stores nothing
 * and cannot be asked: there everything doubtful is sent again. Resolves to whether the service was asked.
 */
export async function reconcile(options: ReconcileOptions): Promise<boolean> {
  const { cameraId, stream, spool, service, clock, signal } = options;
  if (spool.doubtful(cameraId, 1).length === 0) return false;
  await clock.sleep(settleMs, signal);
  for (;;) {
    const doubtful = spool.doubtful(cameraId, batchSize);
    const [first, last] = [doubtful[0], doubtful.at(-1)];
    if (!first || !last) return stream.retentionHours > 0;
    const range = { stream: stream.name, fromMs: first.startMs, toMs: last.startMs, signal };
    const stored = stream.retentionHours === 0 ? [] : await service.listFragments(range);
    settle(options, doubtful, stored);
  }
}

function settle(options: ReconcileOptions, doubtful: readonly FragmentRecord[], stored: readonly StoredFragment[]) {
  const { spool, facts, cameraId } = options;
  for (const { record, fragmentNumber } of matchStored(doubtful, stored)) {
    if (fragmentNumber === undefined) {
      spool.markNotSent(record.id);
      continue;
    }
    spool.markPersisted(record.id, fragmentNumber);
    const { startMs, endMs } = record;
    facts.publish({ type: 'fragment.persisted', cameraId, startMs, endMs, fragmentNumber });
  }
}

/**
 * Which of our fragments the service has: same start to the millisecond, and whole. A connection that broke in
 * mid-fragment may leave a part of it, which the whole one must replace. Pure.
 */
export function matchStored(
  doubtful: readonly FragmentRecord[],
  stored: readonly StoredFragment[],
): { record: FragmentRecord; fragmentNumber?: string }[] {
  const byStart = Map.groupBy(stored, fragment => fragment.startMs);
  return doubtful.map(record => {
    const whole = byStart.get(record.startMs)?.find(fragment => isWhole(record, fragment));
    return { record, ...(whole ? { fragmentNumber: whole.fragmentNumber } : {}) };
  });
}

function isWhole({ startMs, endMs, frames }: FragmentRecord, { lengthMs }: StoredFragment): boolean {
  if (lengthMs === undefined) return true;
  const ownMs = endMs - startMs;
  return ownMs - lengthMs <= Math.max(lengthSlackMs, (2 * ownMs) / frames);
}
