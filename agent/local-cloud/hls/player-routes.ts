// What a session's token opens over HTTP. Pages of any origin may play it, so every answer, refusals too, carries the
// CORS header.
import type { SessionUse } from '../quotas/quotas.ts';
import { type SessionOperation, sessionOperations } from '../quotas/table.ts';
import { type Answer, json, type Request, type Route, type RouteContext } from '../route.ts';
import { WireError } from '../wire-error.ts';
import type { Session } from './session.ts';
import type { Sessions } from './sessions.ts';

const cors = { 'access-control-allow-origin': '*' };

export type Playing<Kind extends Session> = { session: Kind; token: string; query: URLSearchParams };

type Handler<Kind extends Session> = (playing: Playing<Kind>) => Answer | Promise<Answer>;

export type PlayerContext = RouteContext & {
  /** Throws WireError when a quota is used up. */
  admit?: ((use: SessionUse) => void) | undefined;
};

export type Player<Kind extends Session> = Pick<PlayerContext, 'admit'> & { folder: string; sessions: Sessions<Kind> };

/** One route for each file of the folder, and one for browsers that ask first. */
export function playerRoutes<Kind extends Session>(
  { folder, sessions, admit }: Player<Kind>,
  files: Record<string, Handler<Kind>>,
): Route[] {
  return [
    ...Object.entries(files).map(
      ([file, handle]): Route => ({
        ...{ method: 'GET', path: `${folder}/${file}`, signed: false },
        streamOf: ({ query }) => {
          const session = sessions.find(query.get('SessionToken') ?? '');
          return typeof session === 'string' ? undefined : session.streamName;
        },
        handle: (request: Request) =>
          withSession(sessions, request, playing => {
            const operation = sessionOperation(file);
            const { streamName: stream, settings } = playing.session;
            if (operation) admit?.({ operation, token: playing.token, stream, fragments: settings.maxFragments });
            return handle(playing);
          }),
      }),
    ),
    { method: 'OPTIONS', path: `${folder}/*`, signed: false, handle: preflight },
  ];
}

/** `getMP4InitFragment.mp4` is answered by GetMP4InitFragment. Undefined for one without a quota. */
function sessionOperation(file: string): SessionOperation | undefined {
  const name = `G${file.slice(1, file.indexOf('.'))}`;
  return sessionOperations.find(operation => operation === name);
}

/** A list that is another one the next time it is asked for. */
export function fresh(text: string, contentType: string): Answer {
  return { status: 200, headers: { ...cors, 'content-type': contentType, 'cache-control': 'no-store' }, body: text };
}

export function media(body: Uint8Array | readonly Uint8Array[], contentType: string): Answer {
  return { status: 200, headers: { ...cors, 'content-type': contentType }, body };
}

async function withSession<Kind extends Session>(
  sessions: Sessions<Kind>,
  { query }: Request,
  handle: Handler<Kind>,
): Promise<Answer> {
  const token = query.get('SessionToken') ?? '';
  const session = sessions.find(token);
  if (session === 'expired') return refusal(403, 'NotAuthorizedException', 'Streaming session token is expired');
  if (session === 'unknown') return refusal(403, 'NotAuthorizedException', 'Streaming session token is invalid');
  try {
    return await handle({ session, token, query });
  } catch (error) {
    if (error instanceof WireError) return refusal(error.status, error.type, error.message);
    throw error;
  }
}

function refusal(status: number, type: string, message: string): Answer {
  const answer = json({ __type: type, Message: message, message }, status);
  return { ...answer, headers: { ...answer.headers, ...cors, 'x-amzn-ErrorType': type } };
}

function preflight(): Answer {
  return {
    status: 204,
    headers: {
      ...cors,
      'access-control-allow-methods': 'GET, OPTIONS',
      'access-control-allow-headers': '*',
      'access-control-max-age': '86400',
    },
  };
}
