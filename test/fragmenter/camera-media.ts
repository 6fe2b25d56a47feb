// Streams as cameras send them, made by ffmpeg: parameter sets in band before every key frame, no B-frames unless asked.
import { execFileSync } from 'node:child_process';

export type CameraMedia = {
  codec: 'h264' | 'h265';
  size: string;
  seconds: number;
  /** Frames between key frames. Default 25, a second. */
  gop?: number;
  bFrames?: number;
  /** With a tone as AAC. */
  sound?: boolean;
  extra?: readonly string[];
};

/** Matroska from ffmpeg's pipe. */
export function cameraMedia({ codec, size, seconds, gop = 25, bFrames = 0, sound, extra = [] }: CameraMedia): Buffer {
  const encoder =
    codec === 'h264'
      ? [
          '-c:v',
          'libx264',
          '-x264-params',
          `repeat-headers=1:keyint=${gop}:min-keyint=${gop}:scenecut=0:bframes=${bFrames}`,
        ]
      : ['-c:v', 'libx265', '-x265-params', `log-level=error:repeat-headers=1:keyint=${gop}:bframes=${bFrames}`];
  return execFileSync(
    'ffmpeg',
    [
      ...['-hide_banner', '-loglevel', 'error', '-nostdin'],
      ...['-f', 'lavfi', '-i', `testsrc=size=${size}:rate=25:duration=${seconds}`],
      ...(sound ? ['-f', 'lavfi', '-i', `sine=sample_rate=8000:duration=${seconds}`, '-c:a', 'aac'] : []),
      ...['-pix_fmt', 'yuv420p', ...encoder, '-preset', 'ultrafast', ...extra],
      ...['-f', 'matroska', 'pipe:1'],
    ],
    { maxBuffer: 64 * 1024 * 1024, stdio: ['ignore', 'pipe', 'inherit'] },
  );
}
