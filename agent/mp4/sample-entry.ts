// The box that tells a decoder how to start: the codec private data of a track, wrapped as MP4 wants it.
import type { AudioTrack, VideoTrack } from '../matroska/track.ts';
import { ascii, box, fullBox, u8, u16, u32 } from './box.ts';
import type { PlayableTrack } from './playable.ts';

const dataReferenceIndex = 1;

/** hvc1 and not hev1: Safari plays no other. */
export function sampleEntry({ sampleEntry: type, track, timescale }: PlayableTrack): Uint8Array {
  if (track.type === 'audio') return audioEntry(type, track, timescale);
  return visualEntry(type, box(type === 'avc1' ? 'avcC' : 'hvcC', track.codecPrivate), track);
}

function visualEntry(type: string, configuration: Uint8Array, { width, height }: VideoTrack): Uint8Array {
  const resolution72Dpi = 0x0048_0000;
  return box(
    type,
    new Uint8Array(6),
    u16(dataReferenceIndex),
    new Uint8Array(16),
    u16(width, height),
    u32(resolution72Dpi, resolution72Dpi, 0),
    u16(1), // frames per sample
    new Uint8Array(32), // compressor name
    u16(0x0018, 0xffff), // 24 bits deep, no colour table
    configuration,
  );
}

function audioEntry(type: string, track: AudioTrack, sampleRate: number): Uint8Array {
  const sampleBits = 16;
  // 16.16 fixed point has no room for 65 536 Hz and more; the decoder reads the rate from esds anyway.
  const fixedRate = sampleRate < 0x1_0000 ? sampleRate * 0x1_0000 : 0;
  return box(
    type,
    new Uint8Array(6),
    u16(dataReferenceIndex),
    new Uint8Array(8),
    u16(track.channels, sampleBits, 0, 0),
    u32(fixedRate),
    ...(type === 'mp4a' ? [esds(track.codecPrivate)] : []),
  );
}

/** Elementary stream descriptor (ISO 14496-1, 7.2.6) around an AudioSpecificConfig. */
function esds(audioSpecificConfig: Uint8Array): Uint8Array {
  const mpeg4Audio = 0x40;
  const audioStream = 0x15;
  const decoderConfig = descriptor(
    0x04,
    u8(mpeg4Audio, audioStream, 0, 0, 0), // buffer size unknown
    u32(0, 0), // bit rates unknown
    descriptor(0x05, audioSpecificConfig),
  );
  const predefinedMp4 = descriptor(0x06, u8(0x02));
  return fullBox('esds', 0, 0, descriptor(0x03, u16(0), u8(0), decoderConfig, predefinedMp4));
}

/** Tag, size in four groups of seven bits, content. */
function descriptor(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const sizeBytes = parts.reduce((sum, part) => sum + part.length, 0);
  const size = [21, 14, 7, 0].map(shift => ((sizeBytes >>> shift) & 0x7f) | (shift > 0 ? 0x80 : 0));
  return Uint8Array.from([tag, ...size, ...parts.flatMap(part => [...part])]);
}

/** The brands every file of ours begins with. @param others of its own kind */
export function fileType(...others: readonly string[]): Uint8Array {
  return box('ftyp', ascii('iso6'), u32(1), ...['iso6', ...others, 'mp41'].map(ascii));
}
