// ListFragments: which fragments of a stream begin within a time range, page by page.
import { z } from 'zod';
import type { Clock } from '../clock.ts';
import { requireKept } from './archive-range.ts';
import { decodeToken, encodeToken, mediaToken } from './control/page-token.ts';
import { epochSeconds, jsonOperation } from './json-operation.ts';
import type { Route } from './route.ts';
import type { FragmentQuery, MediaStore, StoredFragment } from './store/media-store.ts';
import { requireStream, streamReference } from './stream-reference.ts';
import { WireError } from './wire-error.ts';

const selector = z.object({
  FragmentSelectorType: z.enum(['PRODUCER_TIMESTAMP', 'SERVER_TIMESTAMP']),
  TimestampRange: z.object({ StartTimestamp: epochSeconds, EndTimestamp: epochSeconds }),
});

const listRequest = z.object({
  ...streamReference,
  MaxResults: z.int().min(1).max(1000).default(100),
  NextToken: mediaToken.optional(),
  FragmentSelector: selector.optional(),
});

/** The token carries its selector: requests for further pages may leave it out. */
const position = z.object({
  by: z.enum(['producer', 'server']),
  fromMs: z.int(),
  toMs: z.int(),
  after: z.object({ ms: z.int(), number: z.string() }).optional(),
});

type Context = { store: Pick<MediaStore, 'findStream' | 'fragments'>; clock: Clock };

export function listFragmentsRoute({ store, clock }: Context): Route {
  return jsonOperation('/listFragments', listRequest, input => {
    const stream = requireStream(store, input);
    const list = `fragments ${stream.arn}`;
    const asked = input.FragmentSelector && rangeOf(input.FragmentSelector);
    const start = input.NextToken === undefined ? asked : decodeToken(list, position, input.NextToken);
    if (!start) throw invalid('Either FragmentSelector or NextToken must be given.');
    if (asked && (asked.by !== start.by || asked.fromMs !== start.fromMs || asked.toMs !== start.toMs))
      throw invalid('The NextToken is of another FragmentSelector.');
    requireKept(start, { ...stream, nowMs: clock.nowMs() });
    // What is only buffered is no archive. KVS documents no error for it here.
    if (stream.retentionHours === 0) return { Fragments: [] };
    // One more than asked for tells whether there is another page.
    const query: FragmentQuery = { ...start, stream: stream.name, limit: input.MaxResults + 1 };
    const found = store.fragments(query);
    const page = found.slice(0, input.MaxResults);
    const last = page.at(-1);
    if (!last || found.length === page.length) return { Fragments: page.map(describe) };
    const after = { ms: start.by === 'producer' ? last.producerMs : last.serverMs, number: last.number };
    return { Fragments: page.map(describe), NextToken: encodeToken(list, { ...start, after }) };
  });
}

function rangeOf({ FragmentSelectorType, TimestampRange }: z.output<typeof selector>): z.output<typeof position> {
  const { StartTimestamp: fromMs, EndTimestamp: toMs } = TimestampRange;
  if (toMs < fromMs) throw invalid('EndTimestamp must not be before StartTimestamp.');
  return { by: FragmentSelectorType === 'PRODUCER_TIMESTAMP' ? 'producer' : 'server', fromMs, toMs };
}

function invalid(message: string): WireError {
  return new WireError('InvalidArgumentException', message);
}

function describe(fragment: StoredFragment): object {
  return {
    FragmentNumber: fragment.number,
    FragmentSizeInBytes: fragment.bytes,
    ProducerTimestamp: fragment.producerMs / 1000,
    ServerTimestamp: fragment.serverMs / 1000,
    FragmentLengthInMilliseconds: fragment.lengthMs,
  };
}
