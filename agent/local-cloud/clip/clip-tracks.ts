// Which tracks a clip has: one of video, and one of sound at most, the same from its first fragment to its last.
import type { Track } from '../../matroska/track.ts';
import { g711 } from '../../mp4/g711.ts';
import { type PlayableTrack, playable } from '../../mp4/playable.ts';
import { unplayable } from '../hls/session-tracks.ts';
import type { StoredFragment } from '../store/media-store.ts';
import { WireError } from '../wire-error.ts';

/** Video first. @throws WireError when KVS would make no clip of these fragments; at least one */
export function clipTracks(fragments: readonly StoredFragment[]): PlayableTrack[] {
  const [first] = fragments;
  if (!first) throw new TypeError('fragments must have at least one');
  const video = first.tracks.filter(track => track.type === 'video');
  const audio = first.tracks.filter(track => track.type === 'audio');
  if (video.length !== 1 || audio.length > 1)
    throw unsupported('A clip is made of one video track and, at most, one audio track.');
  const tracks = [...video, ...audio].map(requirePlayable);
  for (const fragment of fragments) requireSame(first, fragment);
  return tracks;
}

function requirePlayable(track: Track): PlayableTrack {
  const result = track.codecId === 'A_MS/ACM' ? g711(track) : playable(track);
  if ('problem' in result) throw unplayable(track, result, 'clips are made of H.264, H.265, AAC and G.711');
  return result;
}

function requireSame(first: StoredFragment, fragment: StoredFragment): void {
  if (fragment.codecKey === first.codecKey) return;
  if (codecsOf(fragment) !== codecsOf(first))
    throw unsupported('The number of tracks or a codec changes within the clip.');
  throw new WireError(
    'InvalidCodecPrivateDataException',
    'The requested fragment does not have the same codec private data as the rest of the session.',
  );
}

function codecsOf({ tracks }: StoredFragment): string {
  return tracks.map(({ number, codecId }) => `${number} ${codecId}`).join();
}

function unsupported(message: string): WireError {
  return new WireError('UnsupportedStreamMediaTypeException', message);
}
