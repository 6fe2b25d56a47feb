// What a video track's codec private data say, in the words of cameras' settings: profile, level, size, nominal rate. Pure.
import type { VideoFacts } from '../../shared/camera-check.ts';
import { videoCodecOf } from '../codec/nal.ts';
import { readConfiguration } from '../codec/parameter-sets.ts';
import { avcFramesPerSecond } from '../codec/sps-timing.ts';
import type { VideoTrack } from '../matroska/track.ts';

type CodecFacts = Pick<VideoFacts, 'profile' | 'level' | 'width' | 'height' | 'nominalFps'>;

const avcProfiles: Readonly<Record<number, string>> = {
  66: 'Baseline',
  77: 'Main',
  88: 'Extended',
  100: 'High',
  110: 'High 10',
  122: 'High 4:2:2',
  244: 'High 4:4:4',
};
const hevcProfiles: Readonly<Record<number, string>> = { 1: 'Main', 2: 'Main 10', 3: 'Main Still Picture', 4: 'Range' };
const avcSps = 7;

export function codecWords(track: VideoTrack): CodecFacts {
  const { codecPrivate, width, height } = track;
  const size = width > 0 && height > 0 ? { width, height } : {};
  const codec = videoCodecOf(track.codecId);
  if (codec === 'h264') return { ...size, ...avcWords(codecPrivate) };
  if (codec === 'h265') return { ...size, ...hevcWords(codecPrivate) };
  return size;
}

/** ISO/IEC 14496-15 5.3.3.1. */
function avcWords(codecPrivate: Uint8Array): CodecFacts {
  const [, profile = 0, , level = 0] = codecPrivate;
  const sps = readConfiguration('h264', codecPrivate)?.sets.find(({ type }) => type === avcSps);
  const nominalFps = sps && avcFramesPerSecond(sps.nalUnit);
  return {
    profile: avcProfiles[profile] ?? `profile ${profile}`,
    level: (level / 10).toFixed(1),
    ...(nominalFps === undefined ? {} : { nominalFps }),
  };
}

/** ISO/IEC 14496-15 8.3.3.1. */
function hevcWords(codecPrivate: Uint8Array): CodecFacts {
  const profile = (codecPrivate[1] ?? 0) & 0x1f;
  const level = codecPrivate[12] ?? 0;
  return { profile: hevcProfiles[profile] ?? `profile ${profile}`, level: (level / 30).toFixed(1) };
}
