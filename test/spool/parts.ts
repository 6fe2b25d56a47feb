// Fragment parts made up for tests: the spool and the uploader do not look into frames.
import type { FragmentPart } from '../../agent/fragmenter/fragment-part.ts';
import type { AudioTrack, Track, VideoTrack } from '../../agent/matroska/track.ts';

export const video: VideoTrack = {
  type: 'video',
  number: 1,
  codecId: 'V_MPEG4/ISO/AVC',
  codecPrivate: Uint8Array.of(1, 0x42, 0xc0, 0x1e, 0xff, 0xe0, 0),
  width: 640,
  height: 360,
};

export const audio: AudioTrack = {
  type: 'audio',
  number: 2,
  codecId: 'A_AAC',
  codecPrivate: Uint8Array.of(0x12, 0x08),
  sampleRate: 48_000,
  channels: 1,
};

export type MadeFragment = {
  startMs: number;
  frames?: number;
  intervalMs?: number;
  frameBytes?: number;
  tracks?: Track[];
  nextStartMs?: number;
};

/** `begin`, `frames` video frames, `end`. */
export function madeFragment({
  startMs,
  frames = 5,
  intervalMs = 40,
  frameBytes = 100,
  tracks = [video],
  nextStartMs,
}: MadeFragment): FragmentPart[] {
  const frameParts = Array.from({ length: frames }, (_, index): FragmentPart => {
    const data = new Uint8Array(frameBytes).fill(index);
    const timecodeMs = startMs + index * intervalMs;
    return { type: 'frame', frame: { trackNumber: 1, timecodeMs, keyFrame: index === 0, data } };
  });
  return [
    { type: 'begin', tracks, startMs },
    ...frameParts,
    { type: 'end', ...(nextStartMs === undefined ? {} : { nextStartMs }) },
  ];
}

/** `count` fragments of `durationMs` that follow each other without a gap. */
export function madeFragments(firstMs: number, count: number, options: Partial<MadeFragment> = {}, durationMs = 200) {
  return Array.from({ length: count }, (_, index) => {
    const startMs = firstMs + index * durationMs;
    return madeFragment({ startMs, nextStartMs: startMs + durationMs, ...options });
  }).flat();
}

export async function* partsOf(parts: Iterable<FragmentPart>): AsyncGenerator<FragmentPart> {
  yield* parts;
}
