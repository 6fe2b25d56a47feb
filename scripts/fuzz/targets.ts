// Everything that can be fuzzed, by the name it has on the command line.
import { acksTarget } from './acks.ts';
import { cloudImagesTarget } from './cloud-images.ts';
import { cloudJsonTarget } from './cloud-json.ts';
import { cloudPlayerTarget } from './cloud-player.ts';
import { cloudPutMediaTarget } from './cloud-put-media.ts';
import { ebmlTarget } from './ebml.ts';
import { onvifTarget } from './onvif.ts';
import { probeAnswersTarget } from './probe-answers.ts';
import { putMediaTarget } from './put-media.ts';
import { rtcpTarget } from './rtcp.ts';
import { rtpTarget } from './rtp.ts';
import { rtspTarget } from './rtsp.ts';
import { sdpTarget } from './sdp.ts';
import type { Target } from './target.ts';

export const targets = {
  ebml: ebmlTarget,
  acks: acksTarget,
  'put-media': putMediaTarget,
  'cloud-json': cloudJsonTarget,
  'cloud-put-media': cloudPutMediaTarget,
  'cloud-player': cloudPlayerTarget,
  'cloud-images': cloudImagesTarget,
  'probe-answers': probeAnswersTarget,
  rtp: rtpTarget,
  rtcp: rtcpTarget,
  rtsp: rtspTarget,
  sdp: sdpTarget,
  onvif: onvifTarget,
} as const satisfies Record<string, () => Target | Promise<Target>>;
export type TargetName = keyof typeof targets;

export const targetNames = Object.keys(targets) as TargetName[];
