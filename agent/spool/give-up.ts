// A fragment whose bytes are gone, or go now, leaves the index; what became of it stays in the footage.
import type { Facts } from '../facts.ts';
import type { FragmentRecord } from './fragment-record.ts';
import type { SpoolIndex } from './spool-index.ts';

/** `reason` is why it is lost, when the service does not have it. Throws SQLite's own errors. */
export function giveUp(
  { index, facts }: { index: SpoolIndex; facts: Facts },
  record: FragmentRecord,
  reason: string,
): void {
  index.forget(record, reason);
  const { cameraId, startMs, endMs, state } = record;
  if (state === 'waiting') facts.publish({ type: 'fragment.evicted', cameraId, startMs, endMs, reason });
}
