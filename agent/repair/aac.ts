// Any sound a camera sends → AAC-LC: what the track will be, known before the first sample, and what ffmpeg is told.

import type { AudioTrack } from '../matroska/track.ts';
import { aacSampleRates, writeAacLcConfig } from '../mp4/audio-specific-config.ts';
import type { Encoding } from './encode.ts';

/** Speech stays clear with three bits a sample; AAC itself has no use for more than 64 kbit/s a channel. */
const bitsPerSample = 3;
const maxBitsPerChannel = 64_000;
/** KVS plays stereo at most. */
const maxChannels = 2;

/** The sound as it comes out of the encoder. Equal sound gives equal bytes, also from another run of it. */
export function aacTrack({ number, sampleRate, channels }: AudioTrack): AudioTrack {
  const format = { sampleRate: nearestRate(sampleRate), channels: Math.max(1, Math.min(maxChannels, channels)) };
  return { type: 'audio', number, codecId: 'A_AAC', codecPrivate: writeAacLcConfig(format), ...format };
}

export function aacEncoding(track: AudioTrack): Encoding {
  const { sampleRate, channels } = aacTrack(track);
  const bitsPerSecond = channels * Math.min(maxBitsPerChannel, bitsPerSample * sampleRate);
  return {
    name: 'aac',
    // The track says all there is to know: the first sound need not wait for more of it.
    inputOptions: ['-analyzeduration', '0'],
    outputOptions: [
      ...['-map', '0:a:0', '-c:a', 'aac', '-aac_coder', 'fast', '-ar', String(sampleRate), '-ac', String(channels)],
      ...['-b:a', String(bitsPerSecond)],
    ],
  };
}

/** The rate itself, or the next one above it that AAC has a number for. */
function nearestRate(sampleRate: number): number {
  return aacSampleRates.filter(rate => rate >= sampleRate).at(-1) ?? 48_000;
}
