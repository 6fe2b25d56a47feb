// HLS over HTTP: the signed call that opens a session, and the playlists and segments its token opens.

import { requireRetention } from '../archive-range.ts';
import { jsonOperation } from '../json-operation.ts';
import type { Answer, Route, RouteContext } from '../route.ts';
import { requireStream } from '../stream-reference.ts';
import { WireError } from '../wire-error.ts';
import { masterPlaylist } from './master-playlist.ts';
import { mediaPlaylist } from './media-playlist.ts';
import { fresh, media, type PlayerContext, playerRoutes } from './player-routes.ts';
import { initOf, mediaOf, transportOf } from './segments.ts';
import { advance, openSession, type Session, type SessionSettings } from './session.ts';
import { sessionRequest, settingsOf } from './session-request.ts';
import { type SessionTracks, sessionTracks, trackNumbered } from './session-tracks.ts';
import { Sessions } from './sessions.ts';
import { requireTransportable } from './transport-fragment.ts';

const folder = '/hls/v1';

export function hlsRoutes(context: PlayerContext): Route[] {
  const sessions = new Sessions(context.clock);
  const routes = playerRoutes(
    { folder, sessions, admit: context.admit },
    {
      'getHLSMasterPlaylist.m3u8': ({ session, token }) => {
        advance(session, context);
        const fragments = session.timeline.entries.map(entry => entry.fragment);
        return playlist(
          masterPlaylist({ tracks: currentTracks(session), fragments, token, muxed: isTransport(session) }),
        );
      },
      'getHLSMediaPlaylist.m3u8': ({ session, token, query }) => {
        advance(session, context);
        const { track } = trackNumbered(currentTracks(session), query.get('TrackNumber'));
        const { timeline, settings, ended } = session;
        const { showTimestamps, container, playback } = settings;
        const onDemand = playback.mode === 'ON_DEMAND';
        const written = { timeline, trackNumber: track.number, token, container, showTimestamps, onDemand, ended };
        return playlist(mediaPlaylist(written));
      },
      'getMP4InitFragment.mp4': playing => {
        requireContainer(playing.session, 'FRAGMENTED_MP4');
        return media(initOf(playing), 'video/mp4');
      },
      'getMP4MediaFragment.mp4': async playing => {
        requireContainer(playing.session, 'FRAGMENTED_MP4');
        return media(await mediaOf(playing, context.store), 'video/mp4');
      },
      'getTSFragment.ts': async playing => {
        requireContainer(playing.session, 'MPEG_TS');
        return media(await transportOf(playing, context.store), 'video/mp2t');
      },
    },
  );
  return [sessionUrlRoute(context, sessions), ...routes];
}

function sessionUrlRoute(context: RouteContext, sessions: Sessions): Route {
  return jsonOperation('/getHLSStreamingSessionURL', sessionRequest, (input, { origin }) => {
    const stream = requireStream(context.store, input);
    requireRetention(stream);
    const session = openSession(stream.name, settingsOf(input, { ...stream, nowMs: context.clock.nowMs() }), context);
    currentTracks(session);
    const url = `${origin}${folder}/getHLSMasterPlaylist.m3u8?SessionToken=${sessions.add(session)}`;
    return { HLSStreamingSessionURL: url };
  });
}

/** @throws WireError when the newest fragment cannot be played */
function currentTracks(session: Session): SessionTracks {
  const newest = session.timeline.codecs.at(-1);
  const tracks = newest ? sessionTracks(newest, 'HLS') : {};
  if (isTransport(session)) requireTransportable(tracks);
  return tracks;
}

function isTransport({ settings }: Session): boolean {
  return settings.container === 'MPEG_TS';
}

/** What a session makes available is of the format that was asked for, and of no other. */
function requireContainer({ settings }: Session, container: SessionSettings['container']): void {
  if (settings.container !== container)
    throw new WireError('InvalidArgumentException', `The session's ContainerFormat is ${settings.container}.`);
}

function playlist(text: string): Answer {
  return fresh(text, 'application/vnd.apple.mpegurl');
}
