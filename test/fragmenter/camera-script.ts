// What a camera sends, written down item by item, and played in simulated time.
import type { AudioTrack, Track, VideoTrack } from '../../agent/matroska/track.ts';
import type { SourceItem } from '../../agent/source/source.ts';
import type { SimulatedClock } from './simulated-clock.ts';

export const video: VideoTrack = {
  type: 'video',
  number: 1,
  codecId: 'V_MPEG4/ISO/AVC',
  codecPrivate: new Uint8Array(0),
  width: 640,
  height: 360,
};
export const audio: AudioTrack = {
  type: 'audio',
  number: 2,
  codecId: 'A_AAC',
  codecPrivate: Uint8Array.of(0x15, 0x88),
  sampleRate: 8000,
  channels: 1,
};

export const nal = (...bytes: number[]) => Uint8Array.of(0, 0, 0, bytes.length, ...bytes);
export const idrSlice = nal(0x65, 0xb8, 0x80);
export const pSlice = nal(0x41, 0xc0, 0x80);
export const bSlice = nal(0x01, 0xa0, 0x80);

export const tracks = (...list: Track[]): SourceItem => ({ type: 'tracks', tracks: list });
export const frame = (trackNumber: number, timecodeMs: number, data: Uint8Array, keyFrame = false): SourceItem => ({
  type: 'frame',
  frame: { trackNumber, timecodeMs, keyFrame, data },
});
export const key = (ms: number) => frame(1, ms, idrSlice, true);
export const delta = (ms: number, data = pSlice) => frame(1, ms, data);
export const sound = (ms: number) => frame(2, ms, Uint8Array.of(1, 2), true);
/** Video of `fps` from `fromMs` to before `toMs` with a key frame every `gopMs`. */
export const picture = (fromMs: number, toMs: number, gopMs = 1000, fps = 25): SourceItem[] =>
  Array.from({ length: Math.ceil(((toMs - fromMs) * fps) / 1000) }, (_, index) => {
    const sinceMs = Math.round((index * 1000) / fps);
    return sinceMs % gopMs === 0 ? key(fromMs + sinceMs) : delta(fromMs + sinceMs);
  });

/** Items, or a pause or a set-back of the wall clock between them. */
export type Step = SourceItem | { pauseMs: number } | { setBackMs: number };

/** Each item arrives when its own timecode says; a timeline that jumps takes no time. */
export async function* play(steps: Step[], clock: SimulatedClock): AsyncGenerator<SourceItem> {
  let reachedMs: number | undefined;
  for (const step of steps) {
    if ('pauseMs' in step) clock.pass(step.pauseMs);
    else if ('setBackMs' in step) clock.setBack(step.setBackMs);
    else if (step.type !== 'frame') {
      reachedMs = undefined;
      yield step;
    } else {
      const { timecodeMs } = step.frame;
      const stepMs = timecodeMs - (reachedMs ?? timecodeMs);
      if (stepMs > 0 && stepMs <= 60_000) clock.pass(stepMs);
      reachedMs = stepMs < -2000 ? timecodeMs : Math.max(timecodeMs, reachedMs ?? timecodeMs);
      yield step;
    }
  }
}
