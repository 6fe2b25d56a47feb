// HLS over HTTP: the signed call that opens a session, and the playlists and segments its token opens.
import { jsonOperation } from '../json-operation.ts';
import { requireRetention } from '../list-fragments.ts';
import type { Answer, Route, RouteContext } from '../route.ts';
import { requireStream } from '../stream-reference.ts';
import { masterPlaylist } from './master-playlist.ts';
import { mediaPlaylist } from './media-playlist.ts';
import { fresh, media, type PlayerContext, playerRoutes } from './player-routes.ts';
import { initOf, mediaOf } from './segments.ts';
import { advance, hasEnded, openSession, type Session } from './session.ts';
import { sessionRequest, settingsOf } from './session-request.ts';
import { type SessionTracks, sessionTracks, trackNumbered } from './session-tracks.ts';
import { Sessions } from './sessions.ts';

const folder = '/hls/v1';

export function hlsRoutes(context: PlayerContext): Route[] {
  const sessions = new Sessions(context.clock);
  const routes = playerRoutes(
    { folder, sessions, admit: context.admit },
    {
      'getHLSMasterPlaylist.m3u8': ({ session, token }) => {
        advance(session, context);
        const fragments = session.timeline.entries.map(entry => entry.fragment);
        return playlist(masterPlaylist({ tracks: currentTracks(session), fragments, token }));
      },
      'getHLSMediaPlaylist.m3u8': ({ session, token, query }) => {
        advance(session, context);
        const { track } = trackNumbered(currentTracks(session), query.get('TrackNumber'));
        const { timeline, settings } = session;
        const { showTimestamps, playback } = settings;
        const ended = hasEnded(session, context);
        const onDemand = playback.mode === 'ON_DEMAND';
        return playlist(mediaPlaylist({ timeline, trackNumber: track.number, token, showTimestamps, onDemand, ended }));
      },
      'getMP4InitFragment.mp4': playing => media(initOf(playing), 'video/mp4'),
      'getMP4MediaFragment.mp4': async playing => media(await mediaOf(playing, context.store), 'video/mp4'),
    },
  );
  return [sessionUrlRoute(context, sessions), ...routes];
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
  return newest ? sessionTracks(newest, 'HLS') : {};
}

function playlist(text: string): Answer {
  return fresh(text, 'application/vnd.apple.mpegurl');
}
