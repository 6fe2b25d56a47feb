// Which tracks an MP4 of ours can carry, and what a player must be told of them.
import type { AudioTrack, Track, VideoTrack } from '../matroska/track.ts';
import { readAudioSpecificConfig } from './audio-specific-config.ts';

/** A track with everything its segments are made from. */
export type PlayableTrack = {
  sampleEntry: 'avc1' | 'hvc1' | 'mp4a' | 'alaw' | 'ulaw';
  /** As RFC 6381 writes it, for CODECS attributes and MediaSource. */
  codec: string;
  /** Ticks a second: 90 kHz for video, the core's sample rate for audio, so that every frame has a whole length. */
  timescale: number;
  track: Track;
};

/** `unsupported`: another codec. `missing`, `invalid`: its codec private data. */
export type Unplayable = { problem: 'unsupported' | 'missing' | 'invalid' };

export const videoTimescale = 90_000;

/** What can be said of a track before any frame of it is seen. Never throws for what a camera sent. */
export function playable(track: Track): PlayableTrack | Unplayable {
  switch (track.codecId) {
    case 'V_MPEG4/ISO/AVC':
      return track.type === 'video' ? avc(track) : { problem: 'invalid' };
    case 'V_MPEGH/ISO/HEVC':
      return track.type === 'video' ? hevc(track) : { problem: 'invalid' };
    case 'A_AAC':
      return track.type === 'audio' ? aac(track) : { problem: 'invalid' };
    default:
      return { problem: 'unsupported' };
  }
}

function avc(track: VideoTrack): PlayableTrack | Unplayable {
  const [version, profile = 0, constraints = 0, level = 0, , parameterSets = 0] = track.codecPrivate;
  if (version === undefined) return { problem: 'missing' };
  if (version !== 1 || track.codecPrivate.length < 7) return { problem: 'invalid' };
  if ((parameterSets & 0x1f) === 0) return { problem: 'missing' };
  const codec = `avc1.${[profile, constraints, level].map(byte => byte.toString(16).padStart(2, '0')).join('')}`;
  return { sampleEntry: 'avc1', codec, timescale: videoTimescale, track };
}

const hvccBytes = 23;

function hevc(track: VideoTrack): PlayableTrack | Unplayable {
  const { codecPrivate } = track;
  if (codecPrivate.length === 0) return { problem: 'missing' };
  if (codecPrivate.length < hvccBytes || (codecPrivate[0] ?? 0) > 1) return { problem: 'invalid' };
  if (codecPrivate[hvccBytes - 1] === 0) return { problem: 'missing' };
  return { sampleEntry: 'hvc1', codec: hevcCodec(codecPrivate), timescale: videoTimescale, track };
}

/** ISO 14496-15, annex E.3: profile, compatibility bits in reverse, tier and level, constraint bytes up to the last set one. */
function hevcCodec(hvcc: Uint8Array): string {
  const profileByte = hvcc[1] ?? 0;
  const profileSpace = ['', 'A', 'B', 'C'][profileByte >> 6] ?? '';
  const tier = profileByte & 0x20 ? 'H' : 'L';
  let compatibility = 0;
  for (let bit = 0; bit < 32; bit++) {
    if ((hvcc[2 + (bit >> 3)] ?? 0) & (0x80 >> (bit & 7))) compatibility += 2 ** bit;
  }
  const constraints = [...hvcc.subarray(6, 12)];
  while (constraints.at(-1) === 0) constraints.pop();
  return [
    'hvc1',
    `${profileSpace}${profileByte & 0x1f}`,
    compatibility.toString(16),
    `${tier}${hvcc[12] ?? 0}`,
    ...constraints.map(byte => byte.toString(16)),
  ].join('.');
}

function aac(track: AudioTrack): PlayableTrack | Unplayable {
  if (track.codecPrivate.length === 0) return { problem: 'missing' };
  const config = readAudioSpecificConfig(track.codecPrivate);
  if (!config) return { problem: 'invalid' };
  return { sampleEntry: 'mp4a', codec: `mp4a.40.${config.objectType}`, timescale: config.sampleRate, track };
}
