// AudioSpecificConfig as session descriptions give it, made up from the little else they say when they do not, and the
// track it makes.
import type { AudioTrack } from '../matroska/track.ts';
import { readAudioSpecificConfig, sampleRates } from '../mp4/audio-specific-config.ts';
import type { MediaFormat } from './media-format.ts';

/** In an AAC access unit, at the rate its AudioSpecificConfig names. */
export const samplesPerUnit = 1024;

const aacLowComplexity = 2;

/** `config` of mpeg4-generic; without a good one, AAC-LC at the clock's rate, which is what cameras send. */
export function aacConfig({ parameters, clockRate, channels }: MediaFormat): Uint8Array {
  const config = fromHex(parameters.get('config') ?? '');
  if (readAudioSpecificConfig(config)) return config;
  const rate = sampleRates.indexOf(clockRate);
  const bits = (aacLowComplexity << 11) | ((rate < 0 ? sampleRates.indexOf(8000) : rate) << 7) | ((channels & 15) << 3);
  return Uint8Array.of(bits >> 8, bits & 0xff);
}

export function fromHex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.trim(), 'hex'));
}

export function aacTrack(config: Uint8Array, trackNumber: number): AudioTrack {
  const { sampleRate = 8000, channels = 1 } = readAudioSpecificConfig(config) ?? {};
  return { type: 'audio', number: trackNumber, codecId: 'A_AAC', codecPrivate: config, sampleRate, channels };
}

/** What some cameras put before each access unit though RTP has no place for it: seven or nine bytes of ADTS header. */
export function withoutAdts(unit: Uint8Array): Uint8Array {
  const [first = 0, second = 0, , fourth = 0, fifth = 0, sixth = 0] = unit;
  if (first !== 0xff || (second & 0xf6) !== 0xf0) return unit;
  const lengthBytes = ((fourth & 3) << 11) | (fifth << 3) | (sixth >> 5);
  return lengthBytes === unit.length ? unit.subarray((second & 1) === 1 ? 7 : 9) : unit;
}
