// MPEG-DASH over HTTP: the signed call that opens a session, and the manifest and segments its token opens.

import { requireRetention } from '../archive-range.ts';
import { fresh, media, type PlayerContext, playerRoutes } from '../hls/player-routes.ts';
import { initOf } from '../hls/segments.ts';
import { advance, type Session } from '../hls/session.ts';
import { type SessionTracks, sessionTracks } from '../hls/session-tracks.ts';
import { Sessions } from '../hls/sessions.ts';
import { jsonOperation } from '../json-operation.ts';
import type { Route, RouteContext } from '../route.ts';
import { requireStream } from '../stream-reference.ts';
import { manifest } from './manifest.ts';
import { type DashSession, listed, numberedSegment, openDashSession } from './session.ts';
import { sessionRequest, settingsOf } from './session-request.ts';

const folder = '/dash/v1';

export function dashRoutes(context: PlayerContext): Route[] {
  const sessions = new Sessions<DashSession>(context.clock);
  const routes = playerRoutes(
    { folder, sessions, admit: context.admit },
    {
      'getDASHManifest.mpd': ({ session, token }) => {
        advance(session, context);
        return fresh(manifestOf(session, token, context), 'application/dash+xml');
      },
      'getMP4InitFragment.mp4': playing => media(initOf(playing), 'video/mp4'),
      'getMP4MediaFragment.mp4': async ({ session, query }) =>
        media(await numberedSegment(session, query, context.store), 'video/mp4'),
    },
  );
  return [sessionUrlRoute(context, sessions), ...routes];
}

function sessionUrlRoute(context: RouteContext, sessions: Sessions<DashSession>): Route {
  return jsonOperation('/getDASHStreamingSessionURL', sessionRequest, (input, { origin }) => {
    const stream = requireStream(context.store, input);
    requireRetention(stream);
    const settings = settingsOf(input, { ...stream, nowMs: context.clock.nowMs() });
    const showNumbers = input.DisplayFragmentNumber === 'ALWAYS';
    const session = openDashSession(stream.name, { ...settings, showNumbers }, context);
    tracksOf(session);
    const url = `${origin}${folder}/getDASHManifest.mpd?SessionToken=${sessions.add(session)}`;
    return { DASHStreamingSessionURL: url };
  });
}

function manifestOf(session: DashSession, token: string, context: RouteContext): string {
  const { settings, timeline, availabilityStartMs, showNumbers, ended } = session;
  return manifest({
    ...listed(session),
    ...{ tracks: tracksOf(session), token, availabilityStartMs, showNumbers },
    showTimestamps: settings.showTimestamps,
    longestMs: timeline.longestMs,
    nowMs: context.clock.nowMs(),
    onDemand: settings.playback.mode === 'ON_DEMAND',
    ended,
  });
}

/** @throws WireError when the session's first fragment cannot be played */
function tracksOf({ timeline }: Session): SessionTracks {
  const [first] = timeline.codecs;
  return first ? sessionTracks(first, 'DASH') : {};
}
