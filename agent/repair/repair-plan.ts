// What is done to each track of a camera: nothing, or one encoder. Pure.
import type { AudioTrack, Track, VideoTrack } from '../matroska/track.ts';

export type RepairPlan = {
  /** `transcode`: every picture becomes H.264 without B-frames, with a key frame every two seconds. */
  video: 'copy' | 'transcode';
  /** `aac`: sound that is not AAC becomes AAC. */
  audio: 'copy' | 'aac';
};

export type TracksToRepair = { video?: VideoTrack; audio?: AudioTrack };

/** The tracks that need an encoder: the first of each kind, which is the one that goes on. Both left out: nothing to do. */
export function tracksToRepair(tracks: readonly Track[], plan: RepairPlan): TracksToRepair {
  const video = tracks.find(track => track.type === 'video');
  const audio = tracks.find(track => track.type === 'audio');
  return {
    ...(video && plan.video === 'transcode' ? { video } : {}),
    ...(audio && plan.audio === 'aac' && audio.codecId !== 'A_AAC' ? { audio } : {}),
  };
}
