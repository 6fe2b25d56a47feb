// POST /getMedia: a stream as it is stored and as it arrives, for at most three readers at once.
// Fragments are sent when they are complete: a reader is one fragment behind the producer.
import { z } from 'zod';
import { parseJsonBody } from '../json-operation.ts';
import { type MediaPaces, pacedBytes } from '../quotas/media-paces.ts';
import type { Route, RouteContext } from '../route.ts';
import { requireStream, streamReference } from '../stream-reference.ts';
import { WireError } from '../wire-error.ts';
import { Connections } from './connections.ts';
import { follow } from './follow.ts';
import { startOf, startSelector } from './start-selector.ts';

const maxReaders = 3;
const lingerMs = 1_000;

/** What KVS says of Matroska it sends. */
export const mediaHeaders = { 'content-type': 'video/webm' };

const getMediaRequest = z.object({ ...streamReference, StartSelector: startSelector });

export type GetMedia = {
  route: Route;
  /** Ends every answer; who has taken all there is gets its proper end. */
  close(): Promise<void>;
};

export function getMedia({ store, clock, paces }: RouteContext & { paces: MediaPaces }): GetMedia {
  const readers = new Connections(maxReaders);
  const closing = new AbortController();
  const waiting = new Map<AbortSignal, Promise<void>>();
  return {
    route: {
      method: 'POST',
      path: '/getMedia',
      signed: true,
      handle({ body, gone }) {
        const { StartSelector, ...reference } = parseJsonBody(getMediaRequest, body);
        const stream = requireStream(store, reference);
        const start = startOf(stream.name, StartSelector, store);
        if (!readers.take(stream.arn, gone))
          throw new WireError(
            'ConnectionLimitExceededException',
            `The stream ${stream.name} has ${maxReaders} GetMedia connections already.`,
          );
        const ended = AbortSignal.any([gone, closing.signal]);
        const answered = aborted(gone).then(() => void waiting.delete(gone));
        const onIdle = () => void waiting.set(gone, answered);
        const { bytes, fragments } = paces.reader('GetMedia');
        const media = follow({ store, stream, clock, start, ended, onIdle, pace: fragments });
        return { status: 200, headers: mediaHeaders, body: bytes ? pacedBytes(media, bytes, ended) : media };
      },
    },
    async close() {
      const finished = Promise.all(waiting.values());
      closing.abort();
      await Promise.race([finished, new Promise<void>(resolve => clock.after(lingerMs, resolve))]);
    },
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise(resolve => signal.addEventListener('abort', () => resolve(), { once: true }));
}
