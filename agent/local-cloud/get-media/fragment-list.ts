// POST /getMediaForFragmentList: the named fragments, in the order they were named.
import { z } from 'zod';
import { parseJsonBody } from '../json-operation.ts';
import { type MediaPaces, pacedBytes } from '../quotas/media-paces.ts';
import type { Route, RouteContext } from '../route.ts';
import type { MediaStore, StoredFragment, StoredStream } from '../store/media-store.ts';
import { requireStream, streamReference } from '../stream-reference.ts';
import { WireError } from '../wire-error.ts';
import { Connections } from './connections.ts';
import { mediaHeaders } from './route.ts';
import { exception } from './service-tags.ts';
import { fragmentNumberText } from './start-selector.ts';

const maxFragments = 1000;
const maxReaders = 5;
/** Enough to see what is wrong with a list. */
const namedInRefusal = 10;

const fragmentListRequest = z.object({
  ...streamReference,
  Fragments: z.array(fragmentNumberText).min(1).max(maxFragments),
});

export function fragmentListRoute({ store, paces }: Pick<RouteContext, 'store'> & { paces: MediaPaces }): Route {
  const readers = new Connections(maxReaders);
  return {
    method: 'POST',
    path: '/getMediaForFragmentList',
    signed: true,
    handle({ body, gone }) {
      const { Fragments, ...reference } = parseJsonBody(fragmentListRequest, body);
      const stream = requireStream(store, reference);
      const fragments = requireFragments(store, stream, Fragments);
      if (!readers.take(stream.arn, gone))
        throw new WireError(
          'ClientLimitExceededException',
          `The stream ${stream.name} has ${maxReaders} GetMediaForFragmentList connections already.`,
        );
      const media = mediaOf(store, fragments);
      const { bytes } = paces.reader('GetMediaForFragmentList');
      return { status: 200, headers: mediaHeaders, body: bytes ? pacedBytes(media, bytes, gone) : media };
    },
  };
}

/** @throws WireError InvalidArgumentException when the stream does not have all of them in its archive */
function requireFragments(
  store: Pick<MediaStore, 'fragment'>,
  { name, retentionHours }: StoredStream,
  numbers: readonly string[],
): StoredFragment[] {
  const found = numbers.map(number => (retentionHours === 0 ? undefined : store.fragment(name, number)));
  const unknown = numbers.filter((_, index) => !found[index]);
  if (unknown.length > 0)
    throw new WireError(
      'InvalidArgumentException',
      `Fragment numbers are invalid : ${unknown.slice(0, namedInRefusal).join(', ')}`,
    );
  return found.filter(fragment => fragment !== undefined);
}

async function* mediaOf(store: MediaStore, fragments: readonly StoredFragment[]): AsyncGenerator<Uint8Array> {
  for (const fragment of fragments) {
    try {
      yield await store.readFragment(fragment);
    } catch (error) {
      // Removed by retention since the list was checked. The status has gone out: what is wrong is said in the media.
      if (!(error instanceof WireError)) throw error;
      yield exception(fragment.number, error.message);
      return;
    }
  }
}
