// What a camera gives the pipeline: its source, and behind it the repair of what Kinesis Video Streams cannot take.
import type { Clock } from './clock.ts';
import type { Facts } from './facts.ts';
import { repairSource } from './repair/repair-items.ts';
import type { VideoEncoders } from './repair/video-encoders.ts';
import { type CameraSourceOptions, openCameraSource } from './source/camera-source.ts';
import type { Source } from './source/source.ts';

export type CameraInputOptions = CameraSourceOptions & {
  clock: Clock;
  facts: Facts;
  /** Shared by all cameras. */
  encoders: VideoEncoders;
};

export function openCameraInput({ encoders, ...options }: CameraInputOptions): Source {
  const { camera, clock, facts, ffmpegPath } = options;
  const plan = { video: camera.video ?? 'copy', audio: camera.audio === 'off' ? 'copy' : 'aac' } as const;
  return repairSource(openCameraSource(options), plan, { cameraId: camera.id, clock, facts, encoders, ffmpegPath });
}
