// How long a fragment lasts. KVS counts from the first timecode to the last, which leaves out the last frame; players
// want the distance to the next fragment. Pure.
import type { AudioTrack, Track } from '../../matroska/track.ts';
import { readAudioSpecificConfig } from '../../mp4/audio-specific-config.ts';
import type { StoredFragment } from '../store/media-store.ts';

const samplesPerAacFrame = 1024;
const defaultFrameMs = 40;
/** A hole up to this long is a late frame and is filled by the last one; a longer one stays a gap. */
export const maxStretchMs = 1000;

/** Frames of the video track; of the audio track when there is no other. The index counts the frames of all tracks. */
export function mainTrackFrames({ tracks, frames, lengthMs }: StoredFragment): number {
  const { hasVideo, packetsMs } = soundOf(tracks);
  if (!hasVideo) return frames;
  return Math.max(
    1,
    packetsMs.reduce((left, packetMs) => left - Math.floor(lengthMs / packetMs) - 1, frames),
  );
}

/**
 * Length with the last frame, taken to last as long as the others do on average. With sound beside it a picture lasts on
 * after the last packet has begun, by as much as that packet at most.
 */
export function naturalLengthMs(fragment: StoredFragment): number {
  const frames = mainTrackFrames(fragment);
  // A picture and the sound of the same millisecond make two frames and no length.
  const frameMs = frames > 1 && fragment.lengthMs > 0 ? fragment.lengthMs / (frames - 1) : defaultFrameMs;
  return fragment.lengthMs + Math.min(frameMs, maxStretchMs, ...soundOf(fragment.tracks).packetsMs);
}

type Sound = {
  hasVideo: boolean;
  /** How long a packet of each track of sound lasts. */
  packetsMs: readonly number[];
};

/** A day has thousands of fragments, and few descriptions of tracks, which they share. */
const known = new WeakMap<readonly Track[], Sound>();

function soundOf(tracks: readonly Track[]): Sound {
  const found = known.get(tracks);
  if (found) return found;
  const sounds = tracks.filter(track => track.type === 'audio');
  const sound = { hasVideo: tracks.some(({ type }) => type === 'video'), packetsMs: sounds.map(packetMs) };
  known.set(tracks, sound);
  return sound;
}

/** AAC's, whose own description has the rate of its core: the one of the track may be that of what HE-AAC makes of it. */
function packetMs({ codecId, codecPrivate, sampleRate }: AudioTrack): number {
  const coreRate = codecId === 'A_AAC' ? readAudioSpecificConfig(codecPrivate)?.sampleRate : undefined;
  const rate = coreRate ?? sampleRate;
  // A container may say anything.
  return rate > 0 ? (samplesPerAacFrame * 1000) / rate : Infinity;
}

export type Placed = { fragment: StoredFragment; startMs: number };

/** Milliseconds from this fragment's start to where the player goes on. */
export function spanMs({ fragment, startMs }: Placed, next: Placed | undefined): number {
  const lengthMs = naturalLengthMs(fragment);
  if (!next) return lengthMs;
  const distanceMs = next.startMs - startMs;
  return distanceMs > 0 && distanceMs <= lengthMs + maxStretchMs ? distanceMs : lengthMs;
}
