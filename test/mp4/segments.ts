// From a Matroska file to the segments a player would fetch: one fragment for each group of pictures.
import { scanFragment } from '../../agent/matroska/scan.ts';
import type { Frame, Track } from '../../agent/matroska/track.ts';
import { initSegment } from '../../agent/mp4/init-segment.ts';
import { mediaSegment } from '../../agent/mp4/media-segment.ts';
import { type PlayableTrack, playable } from '../../agent/mp4/playable.ts';

export function mustPlay(track: Track): PlayableTrack {
  const result = playable(track);
  if ('problem' in result) throw new Error(`${track.codecId}: ${result.problem}`);
  return result;
}

export function trackOf(media: Uint8Array, type: Track['type']): { playable: PlayableTrack; frames: Frame[] } {
  const { tracks, frames, error } = scanFragment(media);
  const track = tracks.find(candidate => candidate.type === type);
  if (error || !track) throw error ?? new Error(`no ${type} track`);
  return { playable: mustPlay(track), frames: frames.filter(frame => frame.trackNumber === track.number) };
}

/** Frames cut where a key frame begins. */
export function cut(frames: readonly Frame[]): Frame[][] {
  const fragments: Frame[][] = [];
  for (const frame of frames) {
    if (frame.keyFrame || fragments.length === 0) fragments.push([]);
    fragments.at(-1)?.push(frame);
  }
  return fragments;
}

/** Init segment and all media segments in one file, with the clock of the media moved to `startMs`. */
export function fileOf(track: PlayableTrack, fragments: Frame[][], startMs: number): Buffer {
  const parts = fragments.flatMap((frames, index) => {
    const next = fragments[index + 1]?.map(frame => frame.timecodeMs);
    return mediaSegment(track, {
      frames,
      sequence: index + 1,
      timelineMs: startMs,
      ...(next ? { endMs: startMs + Math.min(...next) } : {}),
    });
  });
  return Buffer.concat([initSegment(track), ...parts]);
}
