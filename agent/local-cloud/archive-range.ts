// Times of archived media as requests name them: what KVS demands of a range, the same for clips, HLS and DASH. Pure.
import type { StoredStream } from './store/media-store.ts';
import { WireError } from './wire-error.ts';

const hourMs = 3_600_000;
const longestMs = 24 * hourMs;

/** Fragments that start within [fromMs, toMs], by the producer's clock or the server's. */
export type ArchiveRange = { by: 'producer' | 'server'; fromMs: number; toMs: number };

export type Archive = Pick<StoredStream, 'retentionHours'> & { nowMs: number };

/** @throws WireError NoDataRetentionException: a stream that keeps nothing cannot be read back */
export function requireRetention(stream: Pick<StoredStream, 'name' | 'retentionHours'>): void {
  if (stream.retentionHours === 0)
    throw new WireError('NoDataRetentionException', `The stream ${stream.name} has a data retention of 0 hours.`);
}

/** @throws WireError InvalidArgumentException */
export function requirePlayable({ by, fromMs, toMs }: ArchiveRange, archive: Archive): void {
  if (toMs <= fromMs) throw invalid('EndTimestamp must be later than StartTimestamp.');
  if (toMs - fromMs > longestMs) throw invalid('EndTimestamp must be within 24 hours of StartTimestamp.');
  if (by === 'server' && toMs > archive.nowMs)
    throw invalid('EndTimestamp must be in the past when FragmentSelectorType is SERVER_TIMESTAMP.');
  requireKept({ by, toMs }, archive);
}

/**
 * By server time KVS tells that nothing of a range can be kept any more; by producer time it just finds nothing.
 * @throws WireError InvalidArgumentException
 */
export function requireKept({ by, toMs }: Pick<ArchiveRange, 'by' | 'toMs'>, { nowMs, retentionHours }: Archive): void {
  if (by === 'server' && toMs < nowMs - retentionHours * hourMs)
    throw invalid(`End timestamp ${Math.round(toMs)} is outside of the stream retention period.`);
}

function invalid(message: string): WireError {
  return new WireError('InvalidArgumentException', message);
}
