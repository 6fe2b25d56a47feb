// Profiles of either media service: the streams a camera has, and how each is encoded. Pure.

import type { MediaVersion } from '../soap/requests.ts';
import { attributeOf, childrenNamed, descend, numberAt, numberIn, textAt, type XmlElement } from '../soap/xml.ts';
import { expectAnswer } from './fault.ts';
import { UnreadableAnswer } from './unreadable.ts';

export type VideoCodec = 'h264' | 'h265' | 'mjpeg' | 'mpeg4' | 'other';

/** What a video encoder is set to. What the device does not tell, or gives as 0, is left out. */
export type EncoderSettings = {
  /** Of the encoder's configuration. */
  token: string;
  codec: VideoCodec;
  width?: number;
  height?: number;
  fps?: number;
  bitrateKbps?: number;
  /** Pictures from key frame to key frame. */
  gopLength?: number;
  quality?: number;
  /** Of the codec: "Main", "High". */
  profile?: string;
};

export type OnvifProfile = {
  token: string;
  name: string;
  media: MediaVersion;
  /** Which lens. */
  videoSourceToken?: string;
  /** The largest picture of its source is the main stream, the smallest other one the sub stream. */
  role: 'main' | 'sub' | 'other';
  /** Left out for profiles without video. */
  video?: EncoderSettings;
  /** As the device writes it: "AAC", "G711", "PCMU". */
  audioCodec?: string;
};

/** No camera has as many; a recorder may have 64 channels with three each. */
const mostProfiles = 256;

export function readProfiles(content: XmlElement, media: MediaVersion): OnvifProfile[] {
  const answer = expectAnswer(content, 'GetProfiles');
  const profiles = childrenNamed(answer, 'Profiles')
    .slice(0, mostProfiles)
    .map(element => readProfile(element, media))
    .filter(profile => profile !== undefined);
  return withRoles(profiles);
}

function readProfile(element: XmlElement, media: MediaVersion): OnvifProfile | undefined {
  const token = attributeOf(element, 'token');
  if (token === undefined) return undefined;
  const inside = media === 'media2' ? descend(element, 'Configurations') : element;
  const suffix = media === 'media2' ? '' : 'Configuration';
  const encoder = descend(inside, `VideoEncoder${suffix}`);
  const video = encoder && readEncoder(encoder);
  const videoSourceToken = textAt(inside, `VideoSource${suffix}`, 'SourceToken');
  const audioCodec = textAt(inside, `AudioEncoder${suffix}`, 'Encoding');
  return {
    token,
    name: textAt(element, 'Name') ?? token,
    media,
    role: 'other',
    ...(videoSourceToken === undefined ? {} : { videoSourceToken }),
    ...(video === undefined ? {} : { video }),
    ...(audioCodec === undefined ? {} : { audioCodec }),
  };
}

const codecs: readonly [pattern: RegExp, codec: VideoCodec][] = [
  [/^(.*\/)?H\.?264$/i, 'h264'],
  [/^(.*\/)?(H\.?265|HEVC)$/i, 'h265'],
  [/^(.*\/)?M?JPEG$/i, 'mjpeg'],
  [/^(.*\/)?(MPEG4|MPV4-ES)$/i, 'mpeg4'],
];

/** A VideoEncoderConfiguration of either service; undefined when it has no token. */
export function readEncoder(element: XmlElement): EncoderSettings | undefined {
  const token = attributeOf(element, 'token');
  if (token === undefined) return undefined;
  const encoding = textAt(element, 'Encoding') ?? '';
  const codecPart = descend(element, 'H264') ?? descend(element, 'MPEG4');
  const numbers = {
    width: numberAt(element, 'Resolution', 'Width'),
    height: numberAt(element, 'Resolution', 'Height'),
    fps: numberAt(element, 'RateControl', 'FrameRateLimit'),
    bitrateKbps: numberAt(element, 'RateControl', 'BitrateLimit'),
    gopLength: numberIn(attributeOf(element, 'GovLength')) ?? numberAt(codecPart, 'GovLength'),
    quality: numberAt(element, 'Quality'),
  };
  const profile =
    attributeOf(element, 'Profile') ?? textAt(codecPart, 'H264Profile') ?? textAt(codecPart, 'Mpeg4Profile');
  return {
    token,
    codec: codecs.find(([pattern]) => pattern.test(encoding))?.[1] ?? 'other',
    ...Object.fromEntries(Object.entries(numbers).filter(([, value]) => value !== undefined && value > 0)),
    ...(profile === undefined ? {} : { profile }),
  };
}

function withRoles(profiles: OnvifProfile[]): OnvifProfile[] {
  const bySource = Map.groupBy(profiles, ({ videoSourceToken }) => videoSourceToken);
  const roles = new Map<OnvifProfile, OnvifProfile['role']>();
  for (const ofSource of bySource.values()) {
    const sorted = ofSource.filter(({ video }) => video).sort((one, other) => pixels(other) - pixels(one));
    const [main] = sorted;
    const sub = sorted.at(-1);
    if (main) roles.set(main, 'main');
    if (main && sub && pixels(sub) < pixels(main)) roles.set(sub, 'sub');
  }
  return profiles.map(profile => ({ ...profile, role: roles.get(profile) ?? 'other' }));
}

function pixels({ video }: OnvifProfile): number {
  return (video?.width ?? 0) * (video?.height ?? 0);
}

/** The address of a stream or a snapshot, as the device writes it. */
export function readUri(content: XmlElement, operation: 'GetStreamUri' | 'GetSnapshotUri'): string {
  const answer = expectAnswer(content, operation);
  const uri = textAt(answer, 'MediaUri', 'Uri') ?? textAt(answer, 'Uri');
  if (uri === undefined) throw new UnreadableAnswer('it names no address');
  return uri;
}
