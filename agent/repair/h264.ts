// Any picture a camera sends → H.264 as KVS and players like it: no B-frames, a key frame every two seconds, and nothing
// that waits for later pictures. What ffmpeg is told, for the board's own encoder and for x264.
import { availableParallelism } from 'node:os';
import type { VideoTrack } from '../matroska/track.ts';
import type { Encoding } from './encode.ts';

export type VideoEncoder =
  /** The board's own encoder, as Linux offers it. */
  { name: 'h264_v4l2m2m' } | { name: 'libx264'; preset: X264Preset };

/** From the smallest files to the least work. */
export const x264Presets = ['veryfast', 'superfast', 'ultrafast'] as const;
export type X264Preset = (typeof x264Presets)[number];

const keyFrameSeconds = 2;
/** At most, of each pixel in a second: 4 Mbit/s for 1080p. Quiet pictures take less. */
const bitsPerPixelSecond = 2;
const minBitsPerSecond = 500_000;

/** `libx264 veryfast`, `h264_v4l2m2m`: as people know it. */
export function encoderName(encoder: VideoEncoder): string {
  return encoder.name === 'libx264' ? `libx264 ${encoder.preset}` : encoder.name;
}

export function h264Encoding(track: Pick<VideoTrack, 'width' | 'height'>, encoder: VideoEncoder): Encoding {
  return {
    name: encoderName(encoder),
    // One thread for decoding: more of them each hold a picture back. Enough of a look to know the order of pictures.
    inputOptions: ['-threads', '1', '-analyzeduration', '1000000'],
    outputOptions: [
      ...['-map', '0:v:0', '-pix_fmt', 'yuv420p', ...evenSize(track)],
      // One picture out for each one in, at its own time.
      ...['-fps_mode', 'passthrough', '-enc_time_base', '1:1000'],
      ...(encoder.name === 'libx264' ? x264Options(track, encoder.preset) : boardOptions(track)),
      ...['-bf', '0', '-g', '100000'],
      // Counted in time, not in pictures: cameras' frame rates are not what they say.
      ...['-force_key_frames', `expr:isnan(prev_forced_t)+gte(t,prev_forced_t+${keyFrameSeconds})`],
    ],
  };
}

function x264Options(track: Pick<VideoTrack, 'width' | 'height'>, preset: X264Preset): string[] {
  const limit = bitsPerSecond(track);
  return [
    ...['-c:v', 'libx264', '-preset', preset, '-tune', 'zerolatency', '-threads', String(encoderThreads())],
    ...['-forced-idr', '1', '-sc_threshold', '0'],
    ...['-crf', '23', '-maxrate', String(limit), '-bufsize', String(2 * limit)],
  ];
}

function boardOptions(track: Pick<VideoTrack, 'width' | 'height'>): string[] {
  return ['-c:v', 'h264_v4l2m2m', '-b:v', String(bitsPerSecond(track))];
}

function bitsPerSecond({ width, height }: Pick<VideoTrack, 'width' | 'height'>): number {
  return Math.max(minBitsPerSecond, width * height * bitsPerPixelSecond);
}

/** Half of the machine's cores, so that one picture never takes all of them. */
function encoderThreads(): number {
  return Math.max(1, Math.min(4, availableParallelism() >> 1));
}

/** H.264 with 4:2:0 has no odd sizes. */
function evenSize({ width, height }: Pick<VideoTrack, 'width' | 'height'>): string[] {
  return width % 2 === 0 && height % 2 === 0 ? [] : ['-vf', 'crop=iw-mod(iw\\,2):ih-mod(ih\\,2):0:0'];
}
