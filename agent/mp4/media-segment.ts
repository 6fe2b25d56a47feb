// Media segment: `moof` and `mdat` of one track, for one fragment. The frames' bytes are never copied: the answer is a
// list of buffers, written one after the other.
import type { Frame } from '../matroska/track.ts';
import { writeBoxHeader } from './box.ts';
import { trackId } from './init-segment.ts';
import type { PlayableTrack } from './playable.ts';
import { type SampleTiming, sampleTiming } from './sample-timing.ts';

export type MediaSegment = {
  /** The frames of this track in decode order; at least one. */
  frames: readonly Frame[];
  /** Counts up with every segment of a session. Kept in 32 bits. */
  sequence: number;
  /** Add to a frame's timecode to get milliseconds on the player's timeline. */
  timelineMs: number;
  /** When the last video frame ends, milliseconds on that timeline; left out: it lasts as long as the frame before. */
  endMs?: number | undefined;
};

const bytesPerSample = 16;
const keySample = 0x0200_0000;
/** Depends on others and is not a sync sample. */
const otherSample = 0x0101_0000;

/** @throws TypeError when there is no frame */
export function mediaSegment(playable: PlayableTrack, segment: MediaSegment): Uint8Array[] {
  if (segment.frames.length === 0) throw new TypeError('segment.frames must have at least one frame');
  const timesMs = segment.frames.map(frame => frame.timecodeMs + segment.timelineMs);
  const sizes = segment.frames.map(frame => frame.data.length);
  const timing = sampleTiming(playable, { timesMs, sizes, endMs: segment.endMs });
  return [head(segment, timing, playable.track.type === 'audio'), ...segment.frames.map(frame => frame.data)];
}

/** `moof` and the start of `mdat`, in one buffer. */
function head({ frames, sequence }: MediaSegment, timing: SampleTiming, allKeys: boolean): Uint8Array {
  const runBytes = 20 + frames.length * bytesPerSample;
  const fragmentBytes = 8 + 16 + 20 + runBytes;
  const moofBytes = 8 + 16 + fragmentBytes;
  const bytes = new Uint8Array(moofBytes + 8);
  const view = new DataView(bytes.buffer);
  // No decode time is before 0: there it is the offsets that are negative.
  const baseTicks = Math.max(0, timing.baseTicks);
  const earlyTicks = baseTicks - timing.baseTicks;

  writeBoxHeader(bytes, 0, moofBytes, 'moof');
  writeBoxHeader(bytes, 8, 16, 'mfhd');
  view.setUint32(20, sequence >>> 0);
  writeBoxHeader(bytes, 24, fragmentBytes, 'traf');
  writeBoxHeader(bytes, 32, 16, 'tfhd');
  view.setUint32(40, 0x02_0000); // data offsets count from moof
  view.setUint32(44, trackId);
  writeBoxHeader(bytes, 48, 20, 'tfdt');
  view.setUint32(56, 0x0100_0000); // 64-bit time
  view.setBigUint64(60, BigInt(baseTicks));
  writeBoxHeader(bytes, 68, runBytes, 'trun');
  view.setUint32(76, 0x0100_0f01); // data offset; duration, size, flags and signed offset per sample
  view.setUint32(80, frames.length);
  view.setUint32(84, moofBytes + 8);

  let mdatBytes = 8;
  let position = 88;
  frames.forEach((frame, index) => {
    view.setUint32(position, timing.durations[index] ?? 0);
    view.setUint32(position + 4, frame.data.length);
    view.setUint32(position + 8, allKeys || frame.keyFrame ? keySample : otherSample);
    view.setInt32(position + 12, (timing.offsets[index] ?? 0) - earlyTicks);
    position += bytesPerSample;
    mdatBytes += frame.data.length;
  });
  writeBoxHeader(bytes, moofBytes, mdatBytes, 'mdat');
  return bytes;
}
