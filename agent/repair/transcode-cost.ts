// What `video: transcode` would cost on this machine, found out before anybody turns it on.
import { encoderName, h264Encoding } from './h264.ts';
import {
  type Clip,
  type MeasureOptions,
  measureEncoding,
  type PictureKind,
  syntheticClip,
  type Work,
} from './measure-encode.ts';
import type { EncoderChoice } from './video-encoders.ts';

export type TranscodeCost = Work & {
  /** As people know it: `libx264 veryfast`, `h264_v4l2m2m`. */
  encoder: string;
};

export type TranscodeCostOptions = MeasureOptions & {
  encoders: EncoderChoice;
  /** Pictures of the camera itself, a few seconds from a key frame on. Left out: synthetic ones. */
  clip?: Clip;
};

const seconds = 2;

/**
 * Encodes a few seconds of pictures as `repairItems` would. Takes some seconds of a core.
 * @throws AgentError `ffmpeg-missing`, `encoder-failed`; the signal's reason
 */
export async function transcodeCost(kind: PictureKind, options: TranscodeCostOptions): Promise<TranscodeCost> {
  const { clip = await syntheticClip(kind, seconds, options) } = options;
  const encoder = await options.encoders.choose(clip.track, options.signal);
  const work = await measureEncoding(clip, h264Encoding(clip.track, encoder), options);
  return { ...work, encoder: encoderName(encoder) };
}
