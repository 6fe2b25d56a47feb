// Where a GetMedia answer begins. A stream's fragments are sent in order of arrival whatever selected the first of them.
import { z } from 'zod';
import { naturalLengthMs } from '../hls/fragment-span.ts';
import { epochSeconds } from '../json-operation.ts';
import { fragmentNumberParts } from '../store/fragment-number.ts';
import type { MediaStore, StoredFragment } from '../store/media-store.ts';
import { WireError } from '../wire-error.ts';

/** Longer than any fragment KVS takes. */
const longestFragmentMs = 30_000;
const pageSize = 1000;

export const fragmentNumberText = z
  .string()
  .min(1)
  .max(128)
  .regex(/^[0-9]+$/);

export const startSelector = z.object({
  StartSelectorType: z.enum([
    'FRAGMENT_NUMBER',
    'SERVER_TIMESTAMP',
    'PRODUCER_TIMESTAMP',
    'NOW',
    'EARLIEST',
    'CONTINUATION_TOKEN',
  ]),
  AfterFragmentNumber: fragmentNumberText.optional(),
  StartTimestamp: epochSeconds.optional(),
  ContinuationToken: z
    .string()
    .min(1)
    .max(128)
    .regex(/^[a-zA-Z0-9_.-]+$/)
    .optional(),
});

/** `first`: asked again with every arrival until there is one. */
export type Start =
  | { after: string }
  | { notFound: string }
  | { first: (store: MediaStore) => StoredFragment | undefined };

/** @throws WireError InvalidArgumentException when the selector lacks what its type needs */
export function startOf(
  stream: string,
  selector: z.output<typeof startSelector>,
  store: Pick<MediaStore, 'fragment'>,
): Start {
  switch (selector.StartSelectorType) {
    case 'NOW':
      return { first: media => media.newest(stream, 1)[0] };
    case 'EARLIEST':
      return { after: '' };
    case 'FRAGMENT_NUMBER': {
      const number = required(selector.AfterFragmentNumber, 'AfterFragmentNumber', selector.StartSelectorType);
      return store.fragment(stream, number) ? { after: number } : { notFound: number };
    }
    case 'CONTINUATION_TOKEN': {
      // The token of a fragment that is not kept any more still says where to go on.
      const token = required(selector.ContinuationToken, 'ContinuationToken', selector.StartSelectorType);
      if (!fragmentNumberParts(token)) throw invalid('The ContinuationToken is not valid.');
      return { after: token };
    }
    case 'PRODUCER_TIMESTAMP':
    case 'SERVER_TIMESTAMP': {
      const atMs = required(selector.StartTimestamp, 'StartTimestamp', selector.StartSelectorType);
      const by = selector.StartSelectorType === 'PRODUCER_TIMESTAMP' ? 'producer' : 'server';
      return { first: media => fragmentAt(media, { stream, by, atMs }) };
    }
  }
}

type Moment = { stream: string; by: 'producer' | 'server'; atMs: number };

/** The fragment that contains this time, otherwise the next one. */
function fragmentAt(store: MediaStore, { stream, by, atMs }: Moment): StoredFragment | undefined {
  let containing: StoredFragment | undefined;
  for (const fragment of begunBefore(store, { stream, by, atMs }))
    if (timeOf(fragment, by) + naturalLengthMs(fragment) > atMs) containing = fragment;
  return containing ?? store.fragments({ stream, by, fromMs: atMs, toMs: Infinity, limit: 1 })[0];
}

/** Those that may not be over yet, in order. There are thousands when they were sent faster than they were recorded. */
function* begunBefore(store: MediaStore, { stream, by, atMs }: Moment): Generator<StoredFragment> {
  const query = { stream, by, fromMs: atMs - longestFragmentMs, toMs: atMs, limit: pageSize };
  for (let page = store.fragments(query); ; ) {
    yield* page;
    const last = page.at(-1);
    if (!last || page.length < pageSize) return;
    page = store.fragments({ ...query, after: { ms: timeOf(last, by), number: last.number } });
  }
}

function timeOf({ producerMs, serverMs }: StoredFragment, by: Moment['by']): number {
  return by === 'producer' ? producerMs : serverMs;
}

function required<Value>(value: Value | undefined, member: string, type: string): Value {
  if (value !== undefined) return value;
  throw invalid(`StartSelector.${member} is required when StartSelectorType is ${type}.`);
}

function invalid(message: string): WireError {
  return new WireError('InvalidArgumentException', message);
}
