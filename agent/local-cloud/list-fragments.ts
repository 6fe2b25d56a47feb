// ListFragments: which fragments of a stream begin within a time range, page by page.
import { z } from 'zod';
import { decodeToken, encodeToken, mediaToken } from './control/page-token.ts';
import { epochSeconds, jsonOperation } from './json-operation.ts';
import type { Route } from './route.ts';
import type { FragmentQuery, MediaStore, StoredFragment, StoredStream } from './store/media-store.ts';
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

export function listFragmentsRoute({ store }: { store: Pick<MediaStore, 'findStream' | 'fragments'> }): Route {
  return jsonOperation('/listFragments', listRequest, input => {
    const stream = requireStream(store, input);
    requireRetention(stream);
    const start = input.NextToken === undefined ? startOf(input) : decodeToken(position, input.NextToken);
    // One more than asked for tells whether there is another page.
    const query: FragmentQuery = { ...start, stream: stream.name, limit: input.MaxResults + 1 };
    const found = store.fragments(query);
    const page = found.slice(0, input.MaxResults);
    const last = page.at(-1);
    if (!last || found.length === page.length) return { Fragments: page.map(describe) };
    const after = { ms: start.by === 'producer' ? last.producerMs : last.serverMs, number: last.number };
    return { Fragments: page.map(describe), NextToken: encodeToken({ ...start, after }) };
  });
}

/** @throws WireError NoDataRetentionException: a stream that keeps nothing cannot be read back */
export function requireRetention(stream: StoredStream): void {
  if (stream.retentionHours === 0)
    throw new WireError('NoDataRetentionException', `The stream ${stream.name} has a data retention of 0 hours.`);
}

function startOf({ FragmentSelector }: z.output<typeof listRequest>): z.output<typeof position> {
  if (!FragmentSelector)
    throw new WireError('InvalidArgumentException', 'Either FragmentSelector or NextToken must be given.');
  const { StartTimestamp: fromMs, EndTimestamp: toMs } = FragmentSelector.TimestampRange;
  if (toMs < fromMs) throw new WireError('InvalidArgumentException', 'EndTimestamp must not be before StartTimestamp.');
  return { by: FragmentSelector.FragmentSelectorType === 'PRODUCER_TIMESTAMP' ? 'producer' : 'server', fromMs, toMs };
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
