// POST /putMedia: who may send to which stream.
import type { ServerResponse } from 'node:http';
import type { MediaPaces } from '../quotas/media-paces.ts';
import type { Route, RouteContext } from '../route.ts';
import type { StoredStream } from '../store/media-store.ts';
import type { Store } from '../store/store.ts';
import { requireStream } from '../stream-reference.ts';
import { WireError } from '../wire-error.ts';
import { AckError } from './ack.ts';
import type { SessionTap } from './session.ts';
import { Session } from './session.ts';
import { parseSessionRequest } from './session-request.ts';
import { Succession } from './succession.ts';

/**
 * KVS allows one connection a stream, and its documents of different ages disagree on which one it keeps:
 * with `newest-wins` the older one gives way (succession.ts), `refuse` answers the newer one with
 * ConnectionLimitExceededException.
 */
export type ConnectionPolicy = 'newest-wins' | 'refuse';

export type PutMedia = { route: Route /** Ends all sessions; resolves when they are over. */; close(): Promise<void> };

export function putMedia(
  context: RouteContext & {
    store: Store;
    connectionPolicy: ConnectionPolicy;
    paces: MediaPaces;
    tap?: (session: { stream: string; accessKeyId: string; response: ServerResponse }) => SessionTap;
    /** Told of errors that are the server's own. */
    onProblem: (error: unknown) => void;
  },
): PutMedia {
  const succession = new Succession();
  return {
    route: {
      method: 'POST',
      path: '/putMedia',
      signed: 'streaming',
      async handle({ request, response, acceptBody, caller }) {
        const { timelineMs, errorsOnly, ...reference } = parseSessionRequest(request.headers);
        const stream = requireStream(context.store, reference);
        if (context.connectionPolicy === 'refuse' && succession.of(stream.name).length > 0)
          throw new WireError(
            'ConnectionLimitExceededException',
            `The stream ${stream.name} has a PutMedia connection already.`,
          );
        acceptBody();
        const tap = context.tap?.({ stream: stream.name, accessKeyId: caller.accessKeyId, response });
        const pace = context.paces.producer(stream.arn);
        const options = { ...context, tap, pace, stream, timelineMs, errorsOnly };
        await succession.run(stream.name, context.store, store => {
          const session = new Session(request, response, { ...options, store });
          endWithStream(session, stream, context.store);
          return session;
        });
      },
    },
    close: () => succession.close(),
  };
}

/** A producer that sends nothing for a while learns of it as well. */
function endWithStream(session: Session, { name, arn }: StoredStream, store: Store): void {
  const unwatch = store.watch(name, () => {
    // A stream of the same name that was made later is another one.
    if (!store.findStream(arn)) session.stop(new AckError('STREAM_NOT_ACTIVE'));
  });
  void session.done.then(unwatch, unwatch);
}
