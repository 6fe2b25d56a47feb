// ADTS (ISO 13818-7, 6.2): the seven bytes before every AAC frame of a transport stream.

const headerBytes = 7;
const maxFrameBytes = 0x1fff;
const sampleRates = [
  96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000, 7350,
];
const lowComplexity = 2;

export type AacFormat = {
  /** As AudioSpecificConfig numbers them. */
  objectType: number;
  /** Hz of the core. */
  sampleRate: number;
  channels: number;
};

/** Whether ADTS can describe it: the rates and channels that have a number of their own. */
export function fitsAdts({ sampleRate, channels }: AacFormat): boolean {
  return sampleRates.includes(sampleRate) && channels >= 1 && channels <= 7;
}

/** HE-AAC is sent as its core; decoders find the rest in it. Undefined when the frame is too long for ADTS. */
export function adtsHeader(
  { objectType, sampleRate, channels }: AacFormat,
  frameBytes: number,
): Uint8Array | undefined {
  const profile = (objectType <= 4 ? objectType : lowComplexity) - 1;
  const rate = sampleRates.indexOf(sampleRate);
  const length = frameBytes + headerBytes;
  if (length > maxFrameBytes) return undefined;
  const anyFullness = 0x7ff;
  return Uint8Array.of(
    ...[0xff, 0xf1, (profile << 6) | (rate << 2) | (channels >> 2)],
    ((channels & 3) << 6) | (length >> 11),
    (length >> 3) & 0xff,
    ((length & 7) << 5) | (anyFullness >> 6),
    (anyFullness & 0x3f) << 2,
  );
}
