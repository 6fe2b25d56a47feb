// Which source reads a camera: the agent itself where it can, ffmpeg where it must or where the settings ask for it.
import { openFfmpegRtspSource } from './ffmpeg-rtsp-source.ts';
import { openFfmpegSource } from './ffmpeg-source.ts';
import { openNativeSource } from './native-source.ts';
import type { RtspCamera, RtspSourceOptions } from './rtsp-camera.ts';
import type { Source } from './source.ts';

export type SourceCamera = RtspCamera & { reader?: 'auto' | 'native' | 'ffmpeg' | undefined };

export type CameraSourceOptions = Omit<RtspSourceOptions, 'camera'> & { camera: SourceCamera };

export function openCameraSource(options: CameraSourceOptions): Source {
  if (!/^rtsps?:/i.test(options.camera.url)) return openFfmpegSource(options);
  return options.camera.reader === 'ffmpeg' ? openFfmpegRtspSource(options) : openNativeSource(options);
}
