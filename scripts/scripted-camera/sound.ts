// What a scripted camera hears: a tone as AAC or G.711, in the blocks that go into one packet each.
import { encodedBytes } from './encoded-file.ts';

export type SoundCodec = 'aac' | 'pcma' | 'pcmu';

export type Sound = {
  codec: SoundCodec;
  /** Hz: of the samples and of the RTP timestamps. */
  sampleRate: number;
  samplesPerBlock: number;
  /** Raw AAC frames, or bytes of G.711. Can be repeated for ever. */
  blocks: Buffer[];
  /** AudioSpecificConfig of AAC (ISO 14496-3, 1.6.2.1). */
  config: Buffer;
};

const tone = ['-f', 'lavfi', '-i', 'sine=frequency=440:duration=2', '-ac', '1'];
const adtsHeaderBytes = 7;

/** Two seconds of AAC-LC at 16 kHz, or of G.711 at 8 kHz in blocks of 20 ms; one channel. */
export async function makeSound(codec: SoundCodec): Promise<Sound> {
  if (codec === 'aac') {
    const bytes = await encodedBytes([...tone, '-ar', '16000', '-c:a', 'aac', '-b:a', '32k', '-f', 'adts'], 'aac');
    // AAC-LC (2), 16 kHz (index 8), one channel.
    const config = Buffer.of(0x14, 0x08);
    return { codec, sampleRate: 16_000, samplesPerBlock: 1024, blocks: [...adtsFrames(bytes)], config };
  }
  const law = codec === 'pcma' ? 'alaw' : 'mulaw';
  const bytes = await encodedBytes([...tone, '-ar', '8000', '-c:a', `pcm_${law}`, '-f', law], law);
  const samplesPerBlock = 160;
  const blocks = Array.from({ length: Math.floor(bytes.length / samplesPerBlock) }, (_, index) =>
    bytes.subarray(index * samplesPerBlock, (index + 1) * samplesPerBlock),
  );
  return { codec, sampleRate: 8000, samplesPerBlock, blocks, config: Buffer.alloc(0) };
}

function* adtsFrames(stream: Buffer): Generator<Buffer> {
  for (let position = 0; position + adtsHeaderBytes <= stream.length; ) {
    const length = (stream.readUIntBE(position + 3, 3) >> 5) & 0x1fff;
    yield stream.subarray(position + adtsHeaderBytes, position + length);
    position += length;
  }
}
