// How long a fragment lasts. KVS counts from the first timecode to the last, which leaves out the last frame; players
// want the distance to the next fragment. Pure.
import type { StoredFragment } from '../store/media-store.ts';

const samplesPerAacFrame = 1024;
const defaultFrameMs = 40;
/** A hole up to this long is a late frame and is filled by the last one; a longer one stays a gap. */
export const maxStretchMs = 1000;

/** Frames of the video track; of the audio track when there is no other. The index counts the frames of all tracks. */
export function mainTrackFrames({ tracks, frames, lengthMs }: StoredFragment): number {
  if (!tracks.some(track => track.type === 'video')) return frames;
  const audioFrames = tracks
    .filter(track => track.type === 'audio')
    .reduce((sum, { sampleRate }) => sum + Math.round((lengthMs * sampleRate) / 1000 / samplesPerAacFrame), 0);
  return Math.max(1, frames - audioFrames);
}

/** Length with the last frame, taken to last as long as the others do on average. */
export function naturalLengthMs(fragment: StoredFragment): number {
  const frames = mainTrackFrames(fragment);
  // A picture and the sound of the same millisecond make two frames and no length.
  const frameMs = frames > 1 && fragment.lengthMs > 0 ? fragment.lengthMs / (frames - 1) : defaultFrameMs;
  return fragment.lengthMs + Math.min(frameMs, maxStretchMs);
}

export type Placed = { fragment: StoredFragment; startMs: number };

/** Milliseconds from this fragment's start to where the player goes on. */
export function spanMs({ fragment, startMs }: Placed, next: Placed | undefined): number {
  const lengthMs = naturalLengthMs(fragment);
  if (!next) return lengthMs;
  const distanceMs = next.startMs - startMs;
  return distanceMs > 0 && distanceMs <= lengthMs + maxStretchMs ? distanceMs : lengthMs;
}
