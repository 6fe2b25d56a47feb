// GetClip: what may be asked for. Pure.
import { z } from 'zod';
import { type Archive, type ArchiveRange, requirePlayable } from '../archive-range.ts';
import { epochSeconds } from '../json-operation.ts';
import { streamReference } from '../stream-reference.ts';

export const clipRequest = z.object({
  ...streamReference,
  ClipFragmentSelector: z.object({
    FragmentSelectorType: z.enum(['PRODUCER_TIMESTAMP', 'SERVER_TIMESTAMP']),
    TimestampRange: z.object({ StartTimestamp: epochSeconds, EndTimestamp: epochSeconds }),
  }),
});

/** @throws WireError InvalidArgumentException */
export function rangeOf(
  { ClipFragmentSelector: { FragmentSelectorType, TimestampRange } }: z.output<typeof clipRequest>,
  archive: Archive,
): ArchiveRange {
  const { StartTimestamp: fromMs, EndTimestamp: toMs } = TimestampRange;
  const by = FragmentSelectorType === 'PRODUCER_TIMESTAMP' ? 'producer' : 'server';
  requirePlayable({ by, fromMs, toMs }, archive);
  return { by, fromMs, toMs };
}
