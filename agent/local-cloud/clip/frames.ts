// The frames of a stored fragment, checked as far as a clip needs it.
import { scanFragment } from '../../matroska/scan.ts';
import type { Frame, Track } from '../../matroska/track.ts';
import type { PlayableTrack } from '../../mp4/playable.ts';
import type { MediaStore, StoredFragment } from '../store/media-store.ts';
import { WireError } from '../wire-error.ts';

/**
 * Of each of these tracks, in decode order. Their data are views of the fragment's bytes.
 * @throws WireError InvalidMediaFrameException when they cannot be read, ResourceNotFoundException when they are gone
 */
export async function framesByTrack(
  store: Pick<MediaStore, 'readFragment'>,
  fragment: StoredFragment,
  tracks: readonly PlayableTrack[],
): Promise<Frame[][]> {
  const scan = scanFragment(await store.readFragment(fragment));
  const frames = tracks.map(({ track }) => scan.frames.filter(frame => frame.trackNumber === track.number));
  const readable = tracks.every(({ track }, index) => frames[index]?.every(({ data }) => hasForm(track, data)));
  if (scan.error || !readable)
    throw new WireError(
      'InvalidMediaFrameException',
      `The fragment ${fragment.number} has a frame that cannot be read.`,
    );
  return frames;
}

/** Pictures are NAL units, each behind its length; sound has no form of its own. */
function hasForm(track: Track, data: Uint8Array): boolean {
  if (track.type === 'audio') return data.length > 0;
  const lengthBytes = nalLengthBytes(track.codecId, track.codecPrivate);
  let position = 0;
  while (position + lengthBytes < data.length) {
    let size = 0;
    for (let index = 0; index < lengthBytes; index++) size = size * 256 + (data[position + index] ?? 0);
    position += lengthBytes + size;
  }
  return data.length > 0 && position === data.length;
}

function nalLengthBytes(codecId: string, codecPrivate: Uint8Array): number {
  const lengthOffset = codecId === 'V_MPEGH/ISO/HEVC' ? 21 : 4;
  return ((codecPrivate[lengthOffset] ?? 0) & 3) + 1;
}
