// The pictures of some times, from the fragments that show them. Each fragment is decoded from its key frame to the last
// picture that is wanted of it.

import type { Clock } from '../../clock.ts';
import { scanFragment } from '../../matroska/scan.ts';
import type { Frame, Track } from '../../matroska/track.ts';
import { frameHeader, writeClusterStart, writeHeader } from '../../matroska/write.ts';
import { playable } from '../../mp4/playable.ts';
import type { MediaStore } from '../store/media-store.ts';
import { WireError } from '../wire-error.ts';
import { decode } from './decoder.ts';
import type { Encoding } from './request.ts';
import type { Sampled } from './samples.ts';

/** Between the fragments in the decoder's own time; more than twice the longest fragment. */
const slotMs = 100_000;

/** KVS gives 6 MB of base64 for a picture; larger ones are not kept. */
const maxPictureBytes = 4.5 * 1024 * 1024;

type Source = Pick<MediaStore, 'readFragment'>;
type Making = { store: Source; clock: Clock; encoding: Encoding; gone: AbortSignal };

/** Pictures by the time they were wanted at; those that cannot be made are missing. @param group of one codec */
export async function picturesOf(group: readonly Sampled[], making: Making): Promise<Map<number, Uint8Array>> {
  const pictures = new Map<number, Uint8Array>();
  const track = group[0]?.fragment.tracks.find(({ type }) => type === 'video');
  if (!track || 'problem' in playable(track)) return pictures;
  const wanted = new Map<number, number[]>();
  for await (const { timeMs, data } of decode(decoderInput(group, track, { ...making, wanted }), making))
    if (data.length <= maxPictureBytes) for (const atMs of wanted.get(timeMs) ?? []) pictures.set(atMs, data);
  return pictures;
}

type Input = {
  store: Source /** Told which times a marked picture is for, before it is sent. */;
  wanted: Map<number, number[]>;
};

async function* decoderInput(
  group: readonly Sampled[],
  track: Track,
  { store, wanted }: Input,
): AsyncGenerator<Uint8Array> {
  yield writeHeader([track]);
  for (const [slot, { fragment, samples }] of group.entries()) {
    const frames = await videoFrames(store, fragment, track);
    const firstMs = Math.min(...frames.map(({ timecodeMs }) => timecodeMs));
    const marked = new Map<number, number[]>();
    for (const { atMs, offsetMs } of samples) {
      const index = shownAt(frames, fragment.producerMs + offsetMs - fragment.timelineMs);
      marked.set(index, [...(marked.get(index) ?? []), atMs]);
    }
    const last = Math.max(-1, ...marked.keys());
    for (const [index, frame] of frames.slice(0, last + 1).entries()) {
      const times = marked.get(index);
      const timeMs = slot * slotMs + (frame.timecodeMs - firstMs) * 2 + (times ? 1 : 0);
      if (times) wanted.set(timeMs, [...(wanted.get(timeMs) ?? []), ...times]);
      yield* [writeClusterStart(timeMs), frameHeader({ ...frame, timecodeMs: timeMs }, timeMs), frame.data];
    }
  }
}

/** Index of the picture on show at a time of the file's own: the latest that has begun, or the first. */
function shownAt(frames: readonly Frame[], timecodeMs: number): number {
  let shown = -1;
  let earliest = 0;
  frames.forEach((frame, index) => {
    if (frame.timecodeMs < (frames[earliest]?.timecodeMs ?? Infinity)) earliest = index;
    const later = frame.timecodeMs > (frames[shown]?.timecodeMs ?? -Infinity);
    if (frame.timecodeMs <= timecodeMs && later) shown = index;
  });
  return shown < 0 ? earliest : shown;
}

/** None when retention has removed the fragment meanwhile. */
async function videoFrames(store: Source, fragment: Sampled['fragment'], track: Track): Promise<Frame[]> {
  try {
    const { frames } = scanFragment(await store.readFragment(fragment));
    return frames.filter(({ trackNumber }) => trackNumber === track.number);
  } catch (error) {
    if (error instanceof WireError) return [];
    throw error;
  }
}
