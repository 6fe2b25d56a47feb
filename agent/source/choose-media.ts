// Of the media a camera describes, the ones the agent reads: the first picture it can, and the first sound it can.
import { AgentError } from '../errors.ts';
import { depacketizerFor } from '../rtp/choose-depacketizer.ts';
import type { MediaFormat } from '../rtp/media-format.ts';
import { cameraError } from '../rtsp/camera-trouble.ts';
import type { PlayableMedia } from '../rtsp/session-setup.ts';

export type ChooseOptions = {
  /** `copy` takes only what Kinesis Video Streams takes; what is transcoded may be MJPEG too. */
  video: 'copy' | 'transcode';
  audio: 'aac' | 'off';
  /** Of the camera, for sentences. */
  host: string;
  /** Told why sound that the camera has is left out. */
  onProblem: (error: AgentError) => void;
};

/** @throws AgentError `camera-no-video`, `camera-codec-unsupported` */
export function chooseMedia(
  media: readonly PlayableMedia[],
  { video, audio, host, onProblem }: ChooseOptions,
): PlayableMedia[] {
  const videos = media.filter(({ type }) => type === 'video');
  const picture =
    videos.find(({ format }) => isAccepted(format)) ??
    (video === 'transcode' ? videos.find(({ format }) => isKnown(format)) : undefined);
  if (!picture) throw cameraError(videos.length > 0 ? 'codecUnsupported' : 'noVideo', host);
  const sounds = audio === 'off' ? [] : media.filter(({ type }) => type === 'audio');
  const sound = sounds.find(({ format }) => isKnown(format));
  if (sound) return [picture, sound];
  if (sounds[0]) onProblem(audioUnsupported(sounds[0].format.encoding, host));
  return [picture];
}

function isAccepted({ encoding }: MediaFormat): boolean {
  return encoding === 'H264' || encoding === 'H265' || encoding === 'HEVC';
}

function isKnown(format: MediaFormat): boolean {
  return depacketizerFor(format, 1) !== undefined;
}

function audioUnsupported(encoding: string, host: string): AgentError {
  return new AgentError({
    code: 'camera-audio-unsupported',
    kind: 'invalid',
    retry: 'never',
    message:
      `The camera at ${host} sends sound as ${encoding.slice(0, 40)}, which the agent does not know: it is left out. ` +
      'Set its audio codec to AAC or G.711 in the camera’s own settings.',
  });
}
