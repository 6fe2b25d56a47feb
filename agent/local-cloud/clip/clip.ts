// A clip: what is known of all its samples, then the samples themselves. The fragments are read twice, one at a time, so
// that a clip of 100 MB needs the memory of its tables and of one fragment.
import type { Frame } from '../../matroska/track.ts';
import { type MovieTrack, movieHead } from '../../mp4/movie.ts';
import type { PlayableTrack } from '../../mp4/playable.ts';
import { sampleTiming } from '../../mp4/sample-timing.ts';
import type { MediaStore } from '../store/media-store.ts';
import { framesByTrack } from './frames.ts';
import type { ClipFragment } from './selection.ts';

type Source = Pick<MediaStore, 'readFragment'>;

/** What is gathered of one track. */
type Samples = {
  timesMs: number[];
  sizes: number[];
  keys: boolean[];
  chunks: { offsetBytes: number; samples: number }[];
};

export type Clip = { bytes: number; content: AsyncGenerator<Uint8Array> };

/**
 * @param gone stops the first reading; then there is no clip
 * @throws WireError as framesByTrack does; `content` throws when a fragment has gone meanwhile
 */
export async function makeClip(
  { store, gone }: { store: Source; gone: AbortSignal },
  fragments: readonly ClipFragment[],
  tracks: readonly PlayableTrack[],
): Promise<Clip | undefined> {
  const gathered = tracks.map((): Samples => ({ timesMs: [], sizes: [], keys: [], chunks: [] }));
  let mediaBytes = 0;
  for (const { fragment, shiftMs } of fragments) {
    if (gone.aborted) return undefined;
    const frames = await framesByTrack(store, fragment, tracks);
    gathered.forEach((samples, index) => {
      mediaBytes += gather(samples, frames[index] ?? [], { shiftMs, offsetBytes: mediaBytes });
    });
  }
  const movieTracks = gathered.flatMap((samples, index): MovieTrack[] => {
    const playable = tracks[index];
    if (!playable || samples.sizes.length === 0) return [];
    // Decoding can begin at any sound, whatever its producer marked.
    const keys = playable.track.type === 'audio' ? samples.keys.map(() => true) : samples.keys;
    return [{ playable, ...samples, keys, timing: sampleTiming(playable, samples) }];
  });
  const head = movieHead(movieTracks, mediaBytes);
  return { bytes: head.length + mediaBytes, content: contentOf(head, store, fragments, tracks) };
}

/** Adds one fragment's frames of a track. Returns their bytes. */
function gather(samples: Samples, frames: readonly Frame[], place: { shiftMs: number; offsetBytes: number }): number {
  if (frames.length === 0) return 0;
  samples.chunks.push({ offsetBytes: place.offsetBytes, samples: frames.length });
  let bytes = 0;
  for (const { timecodeMs, data, keyFrame } of frames) {
    samples.timesMs.push(timecodeMs + place.shiftMs);
    samples.sizes.push(data.length);
    samples.keys.push(keyFrame);
    bytes += data.length;
  }
  return bytes;
}

/** In the order in which `gather` placed them. */
async function* contentOf(
  head: Uint8Array,
  store: Source,
  fragments: readonly ClipFragment[],
  tracks: readonly PlayableTrack[],
): AsyncGenerator<Uint8Array> {
  yield head;
  for (const { fragment } of fragments)
    for (const frames of await framesByTrack(store, fragment, tracks))
      yield Buffer.concat(frames.map(frame => frame.data));
}
