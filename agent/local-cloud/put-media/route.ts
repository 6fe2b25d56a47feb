// POST /putMedia: who may send to which stream, one connection each.
import type { ServerResponse } from 'node:http';
import type { MediaPaces } from '../quotas/media-paces.ts';
import type { Route, RouteContext } from '../route.ts';
import type { Store } from '../store/store.ts';
import { requireStream } from '../stream-reference.ts';
import { WireError } from '../wire-error.ts';
import type { SessionTap } from './session.ts';
import { Session } from './session.ts';
import { parseSessionRequest } from './session-request.ts';

/**
 * KVS allows one connection a stream, and its documents of different ages disagree on which one it keeps:
 * `newest-wins` ends the older one, `refuse` answers the newer one with ConnectionLimitExceededException.
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
  const sessions = new Map<string, Session>();
  return {
    route: {
      method: 'POST',
      path: '/putMedia',
      signed: 'streaming',
      async handle({ request, response, acceptBody, caller }) {
        const { timelineMs, errorsOnly, ...reference } = parseSessionRequest(request.headers);
        const stream = requireStream(context.store, reference);
        await makeRoom(sessions, stream.name, context.connectionPolicy);
        acceptBody();
        const tap = context.tap?.({ stream: stream.name, accessKeyId: caller.accessKeyId, response });
        const pace = context.paces.producer(stream.arn);
        const session = new Session(request, response, { ...context, tap, pace, stream, timelineMs, errorsOnly });
        sessions.set(stream.name, session);
        await session.done;
        if (sessions.get(stream.name) === session) sessions.delete(stream.name);
      },
    },
    async close() {
      for (const session of sessions.values()) session.stop('closing');
      await Promise.all([...sessions.values()].map(session => session.done));
    },
  };
}

async function makeRoom(sessions: Map<string, Session>, stream: string, policy: ConnectionPolicy): Promise<void> {
  for (let older = sessions.get(stream); older; older = sessions.get(stream)) {
    if (policy === 'refuse')
      throw new WireError(
        'ConnectionLimitExceededException',
        `The stream ${stream} has a PutMedia connection already.`,
      );
    older.stop('replaced');
    await older.done;
    if (sessions.get(stream) === older) sessions.delete(stream);
  }
}
