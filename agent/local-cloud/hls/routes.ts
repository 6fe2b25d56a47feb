// HLS over HTTP: the signed call that opens a session, and the playlists and segments its token opens. Pages of any
// origin may play them, so every answer, refusals too, carries the CORS header.
import { jsonOperation } from '../json-operation.ts';
import { requireRetention } from '../list-fragments.ts';
import type { SessionUse } from '../quotas/quotas.ts';
import type { SessionOperation } from '../quotas/table.ts';
import { type Answer, json, type Request, type Route, type RouteContext } from '../route.ts';
import { requireStream } from '../stream-reference.ts';
import { WireError } from '../wire-error.ts';
import { masterPlaylist } from './master-playlist.ts';
import { mediaPlaylist } from './media-playlist.ts';
import { initOf, mediaOf } from './segments.ts';
import { advance, hasEnded, openSession, type Session } from './session.ts';
import { sessionRequest, settingsOf } from './session-request.ts';
import { type SessionTracks, sessionTracks, trackNumbered } from './session-tracks.ts';
import { Sessions } from './sessions.ts';

const folder = '/hls/v1';
const playlistType = 'application/vnd.apple.mpegurl';
const cors = { 'access-control-allow-origin': '*' };

type HlsContext = RouteContext & {
  /** Throws WireError when a quota is used up. */
  admit?: ((use: SessionUse) => void) | undefined;
};

type Playing = { session: Session; token: string; query: URLSearchParams };

export function hlsRoutes(context: HlsContext): Route[] {
  const sessions = new Sessions(context.clock);
  const get = (
    operation: SessionOperation,
    extension: string,
    handle: (playing: Playing) => Answer | Promise<Answer>,
  ): Route => ({
    ...{ method: 'GET', path: `${folder}/g${operation.slice(1)}.${extension}`, signed: false },
    handle: (request: Request) =>
      withSession(sessions, request, playing => {
        const { streamName: stream, settings } = playing.session;
        context.admit?.({ operation, token: playing.token, stream, fragments: settings.maxFragments });
        return handle(playing);
      }),
  });
  return [
    sessionUrlRoute(context, sessions),
    get('GetHLSMasterPlaylist', 'm3u8', ({ session, token }) => {
      advance(session, context);
      const fragments = session.timeline.entries.map(entry => entry.fragment);
      return playlist(masterPlaylist({ tracks: currentTracks(session), fragments, token }));
    }),
    get('GetHLSMediaPlaylist', 'm3u8', ({ session, token, query }) => {
      advance(session, context);
      const { track } = trackNumbered(currentTracks(session), query.get('TrackNumber'));
      const { timeline, settings } = session;
      const { showTimestamps, playback } = settings;
      const ended = hasEnded(session, context);
      const onDemand = playback.mode === 'ON_DEMAND';
      return playlist(mediaPlaylist({ timeline, trackNumber: track.number, token, showTimestamps, onDemand, ended }));
    }),
    get('GetMP4InitFragment', 'mp4', playing => segment(initOf(playing))),
    get('GetMP4MediaFragment', 'mp4', async playing => segment(await mediaOf(playing, context.store))),
    { method: 'OPTIONS', path: `${folder}/*`, signed: false, handle: preflight },
  ];
}

function sessionUrlRoute(context: RouteContext, sessions: Sessions): Route {
  return jsonOperation('/getHLSStreamingSessionURL', sessionRequest, (input, { origin }) => {
    const stream = requireStream(context.store, input);
    requireRetention(stream);
    const session = openSession(stream.name, settingsOf(input, context.clock.nowMs()), context);
    currentTracks(session);
    const url = `${origin}${folder}/getHLSMasterPlaylist.m3u8?SessionToken=${sessions.add(session)}`;
    return { HLSStreamingSessionURL: url };
  });
}

/** @throws WireError when the newest fragment cannot be played */
function currentTracks(session: Session): SessionTracks {
  const newest = session.timeline.codecs.at(-1);
  return newest ? sessionTracks(newest) : {};
}

async function withSession(
  sessions: Sessions,
  { query }: Request,
  handle: (playing: Playing) => Answer | Promise<Answer>,
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

function playlist(text: string): Answer {
  return { status: 200, headers: { ...cors, 'content-type': playlistType, 'cache-control': 'no-store' }, body: text };
}

function segment(body: Uint8Array | readonly Uint8Array[]): Answer {
  return { status: 200, headers: { ...cors, 'content-type': 'video/mp4' }, body };
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
