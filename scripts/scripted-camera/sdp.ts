// How a camera describes what it sends (RFC 8866, and the formats of RFC 6184, 7798, 3640 and 3551).
import { payloadTypeOf, videoPayloadType } from './bursts.ts';
import type { Footage } from './footage.ts';
import type { Sound } from './sound.ts';

export const controlNames = ['trackID=0', 'trackID=1'] as const;

export type SdpOptions = {
  footage: Footage;
  sound?: Sound | undefined;
  videoClockRate: number;
  /** Whether parameter sets are told. */
  parameterSets: boolean;
  /** `missing`: none at all; only for a camera with one medium. */
  control: 'relative' | 'absolute' | 'missing';
  /** The stream's own address, for absolute controls. */
  url: string;
};

/** One line an entry. */
export function sdpLines(options: SdpOptions): string[] {
  const { footage, sound } = options;
  return [
    ...['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=Scripted camera', 'c=IN IP4 0.0.0.0', 't=0 0'],
    ...(options.control === 'missing' ? [] : ['a=control:*']),
    `m=video 0 RTP/AVP ${videoPayloadType}`,
    `a=rtpmap:${videoPayloadType} ${footage.codec.toUpperCase()}/${options.videoClockRate}`,
    ...videoFormat(options),
    ...controlLine(options, 0),
    ...(sound ? soundLines(sound) : []),
    ...(sound ? controlLine(options, 1) : []),
  ];
}

function videoFormat({ footage, parameterSets }: SdpOptions): string[] {
  const sets = footage.parameterSets.map(set => set.toString('base64'));
  if (footage.codec === 'h265') {
    const named = ['vps', 'sps', 'pps'].map((name, index) => `sprop-${name}=${sets[index]}`);
    return parameterSets ? [`a=fmtp:${videoPayloadType} ${named.join('; ')}`] : [];
  }
  const profile = footage.parameterSets[0]?.toString('hex', 1, 4) ?? '';
  const told = parameterSets ? `; profile-level-id=${profile}; sprop-parameter-sets=${sets.join(',')}` : '';
  return [`a=fmtp:${videoPayloadType} packetization-mode=1${told}`];
}

function soundLines(sound: Sound): string[] {
  const type = payloadTypeOf(sound);
  if (sound.codec !== 'aac') return [`m=audio 0 RTP/AVP ${type}`, `a=rtpmap:${type} ${sound.codec.toUpperCase()}/8000`];
  const sizes = 'sizelength=13; indexlength=3; indexdeltalength=3';
  return [
    `m=audio 0 RTP/AVP ${type}`,
    `a=rtpmap:${type} mpeg4-generic/${sound.sampleRate}/1`,
    `a=fmtp:${type} streamtype=5; profile-level-id=1; mode=AAC-hbr; ${sizes}; config=${sound.config.toString('hex')}`,
  ];
}

function controlLine({ control, url }: SdpOptions, stream: 0 | 1): string[] {
  if (control === 'missing') return [];
  return [`a=control:${control === 'absolute' ? `${url}/` : ''}${controlNames[stream]}`];
}
