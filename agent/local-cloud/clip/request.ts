// GetClip: what may be asked for. Pure.
import { z } from 'zod';
import { epochSeconds } from '../json-operation.ts';
import { streamReference } from '../stream-reference.ts';
import { WireError } from '../wire-error.ts';

const dayMs = 86_400_000;

export const clipRequest = z.object({
  ...streamReference,
  ClipFragmentSelector: z.object({
    FragmentSelectorType: z.enum(['PRODUCER_TIMESTAMP', 'SERVER_TIMESTAMP']),
    TimestampRange: z.object({ StartTimestamp: epochSeconds, EndTimestamp: epochSeconds }),
  }),
});

/** Fragments that start within [fromMs, toMs]. */
export type ClipRange = { by: 'producer' | 'server'; fromMs: number; toMs: number };

/** @throws WireError InvalidArgumentException */
export function rangeOf(
  { ClipFragmentSelector: { FragmentSelectorType, TimestampRange } }: z.output<typeof clipRequest>,
  nowMs: number,
): ClipRange {
  const { StartTimestamp: fromMs, EndTimestamp: toMs } = TimestampRange;
  const by = FragmentSelectorType === 'PRODUCER_TIMESTAMP' ? 'producer' : 'server';
  if (toMs <= fromMs) throw invalid('EndTimestamp must be later than StartTimestamp.');
  if (toMs - fromMs > dayMs) throw invalid('EndTimestamp must be within 24 hours of StartTimestamp.');
  if (by === 'server' && toMs > nowMs)
    throw invalid('EndTimestamp must be in the past when FragmentSelectorType is SERVER_TIMESTAMP.');
  return { by, fromMs, toMs };
}

function invalid(message: string): WireError {
  return new WireError('InvalidArgumentException', message);
}
