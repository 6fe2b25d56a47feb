// Keeps a video track's codec private data in step with the parameter sets the camera sends in band.
// ffmpeg writes what the camera said when the session began and stays silent when the picture changes later; a player
// would then decode new pictures with old parameters.
import type { VideoTrack } from '../matroska/track.ts';
import { avcTypes, hevcTypes, type VideoCodec, videoCodecOf } from './nal.ts';
import { inBandSets, type ParameterSet, readConfiguration, writeConfiguration } from './parameter-sets.ts';
import { readAvcSps, readHevcSps } from './sps.ts';

/** Bytes of the length before each NAL unit. Four when the track has no codec private data to say otherwise. */
export function nalLengthSize(track: VideoTrack): number {
  const codec = videoCodecOf(track.codecId);
  return (codec && readConfiguration(codec, track.codecPrivate)?.lengthSize) ?? 4;
}

/**
 * The track as the key frame `data` needs it: `track` itself when the parameter sets in band say nothing new, otherwise
 * a track with codec private data and picture size made from them. Sets that are not repeated in band stay.
 */
export function trackForKeyFrame(track: VideoTrack, data: Uint8Array): VideoTrack {
  const codec = videoCodecOf(track.codecId);
  if (!codec) return track;
  const known = readConfiguration(codec, track.codecPrivate);
  const lengthSize = known?.lengthSize ?? 4;
  const sets = new Map((known?.sets ?? []).map(set => [keyOf(set), set]));
  let changed = false;
  for (const set of inBandSets(codec, data, lengthSize)) {
    const before = sets.get(keyOf(set));
    if (before && equalBytes(before.nalUnit, set.nalUnit)) continue;
    sets.set(keyOf(set), set);
    changed = true;
  }
  if (!changed) return track;
  const inOrder = [...sets.values()].sort((a, b) => a.type - b.type || a.id - b.id);
  const codecPrivate = writeConfiguration(codec, { lengthSize, sets: inOrder });
  const size = pictureSize(codec, inOrder);
  if (!codecPrivate || !size) return track;
  return { ...track, codecPrivate, width: size.width, height: size.height };
}

function pictureSize(codec: VideoCodec, sets: readonly ParameterSet[]): { width: number; height: number } | undefined {
  const type = codec === 'h264' ? avcTypes.sps : hevcTypes.sps;
  const sps = sets.find(set => set.type === type)?.nalUnit;
  return sps && (codec === 'h264' ? readAvcSps(sps) : readHevcSps(sps));
}

function keyOf({ type, id }: ParameterSet): string {
  return `${type}/${id}`;
}

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
