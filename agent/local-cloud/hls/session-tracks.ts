// Which tracks a player gets, or why it gets none, in the words real clients know.
import type { Track } from '../../matroska/track.ts';
import { g711 } from '../../mp4/g711.ts';
import { type PlayableTrack, playable, type Unplayable } from '../../mp4/playable.ts';
import type { StoredFragment } from '../store/media-store.ts';
import { WireError } from '../wire-error.ts';

export type SessionTracks = { video?: PlayableTrack; audio?: PlayableTrack };

export type Protocol = 'HLS' | 'DASH';

const codecsOf: Record<Protocol, string> = {
  HLS: 'HLS plays H.264, H.265 and AAC',
  DASH: 'DASH plays H.264, H.265, AAC and G.711',
};

/** @throws WireError when KVS would refuse to play the fragment: every track must be of the protocol's codecs */
export function sessionTracks({ tracks }: StoredFragment, protocol: Protocol): SessionTracks {
  const found: SessionTracks = {};
  for (const track of tracks) {
    if (found[track.type]) throw unsupported(`The stream has more than one ${track.type} track.`);
    found[track.type] = requirePlayable(track, protocol);
  }
  if (!found.video && !found.audio) throw unsupported('The stream has neither a video nor an audio track.');
  return found;
}

/** @throws WireError InvalidArgumentException when there is no such track */
export function trackNumbered(tracks: SessionTracks, number: string | null): PlayableTrack {
  const track = [tracks.video, tracks.audio].find(candidate => String(candidate?.track.number) === number);
  if (track) return track;
  throw new WireError('InvalidArgumentException', `TrackNumber must be the number of a track, not ${number}.`);
}

function requirePlayable(track: Track, protocol: Protocol): PlayableTrack {
  const result = protocol === 'DASH' && track.codecId === 'A_MS/ACM' ? g711(track) : playable(track);
  if ('problem' in result) throw unplayable(track, result, codecsOf[protocol]);
  return result;
}

/** @param rule which codecs would do */
export function unplayable(track: Track, { problem }: Unplayable, rule: string): WireError {
  switch (problem) {
    case 'missing':
      return new WireError(
        'MissingCodecPrivateDataException',
        `Missing codec private data in fragment for track ${track.number}.`,
      );
    case 'invalid':
      return new WireError(
        'InvalidCodecPrivateDataException',
        `Invalid codec private data in fragment for track ${track.number}.`,
      );
    case 'unsupported':
      return unsupported(`Track ${track.number} is ${track.codecId}: ${rule}.`);
  }
}

function unsupported(message: string): WireError {
  return new WireError('UnsupportedStreamMediaTypeException', message);
}
