// AudioSpecificConfig (ISO 14496-3, 1.6.2.1): the few bytes AAC keeps as codec private data.

export type AudioSpecificConfig = {
  /** 2 for AAC-LC, 5 for HE-AAC, 29 for HE-AAC v2. */
  objectType: number;
  /** Hz of the core: an access unit is 1024 samples of this rate, also when HE-AAC doubles it afterwards. */
  sampleRate: number;
  /** 0: described elsewhere in the stream. */
  channels: number;
};

/** Hz, by the number that stands for each. */
export const sampleRates: readonly number[] = [
  96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350,
];
const explicitRate = 15;
const escapedObjectType = 31;

/** undefined when the bytes are too short or name a reserved sample rate, which cameras do send. */
export function readAudioSpecificConfig(bytes: Uint8Array): AudioSpecificConfig | undefined {
  let position = 0;
  const bits = (count: number): number => {
    let value = 0;
    for (let index = 0; index < count; index++, position++) {
      value = value * 2 + (((bytes[position >> 3] ?? 0) >> (7 - (position & 7))) & 1);
    }
    return value;
  };
  const short = bits(5);
  const objectType = short === escapedObjectType ? 32 + bits(6) : short;
  const index = bits(4);
  const sampleRate = index === explicitRate ? bits(24) : sampleRates[index];
  const channels = bits(4);
  if (position > bytes.length * 8 || objectType === 0 || !sampleRate) return undefined;
  return { objectType, sampleRate, channels };
}

/** The rates that have a number of their own, Hz, from the highest down. */
export const aacSampleRates: readonly number[] = sampleRates.slice(0, -1);

/** The two bytes for AAC-LC. @throws TypeError for a rate that is not in `aacSampleRates` */
export function writeAacLcConfig({ sampleRate, channels }: { sampleRate: number; channels: number }): Uint8Array {
  const index = sampleRates.indexOf(sampleRate);
  if (index < 0 || channels < 1 || channels > 7) {
    throw new TypeError(`AAC-LC has no short description of ${channels} channels at ${sampleRate} Hz`);
  }
  const aacLc = 2;
  return Uint8Array.of((aacLc << 3) | (index >> 1), ((index & 1) << 7) | (channels << 3));
}
