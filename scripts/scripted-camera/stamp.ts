// The number of a picture and the time at which it was taken, as the pretend camera writes them (scripts/pretend/stamp.py):
// an SEI user_data_unregistered message. Its text has a fixed length here, so that a packet made once can be numbered anew.
import type { VideoCodec } from './footage.ts';

const uuid = Buffer.from('6b76732d65646765b1c5d3a79e4f8a21', 'hex');
const ordinalDigits = 10;
const msDigits = 13;
const ordinalName = 'ordinal=';
const timeName = ' capturedAtMs=';
const userDataUnregistered = 5;
const stopBit = 0x80;

/** The message as one NAL unit, with zeros for numbers. */
export function blankStamp(codec: VideoCodec): Buffer {
  const text = Buffer.from(`${ordinalName}${'0'.repeat(ordinalDigits)}${timeName}${'0'.repeat(msDigits)}`);
  // SEI (6) of H.264; prefix SEI (39) of H.265, layer 0, temporal id 0.
  const header = codec === 'h264' ? [6] : [39 << 1, 1];
  const size = uuid.length + text.length;
  return Buffer.concat([Buffer.of(...header, userDataUnregistered, size), uuid, text, Buffer.of(stopBit)]);
}

/** Where the message's numbers begin in `bytes`, or -1. */
export function stampPosition(bytes: Buffer): number {
  const found = bytes.indexOf(uuid);
  return found < 0 ? -1 : found + uuid.length + ordinalName.length;
}

/** Writes the numbers into a message whose numbers begin at `position`. */
export function writeStamp(bytes: Buffer, position: number, ordinal: number, capturedAtMs: number): void {
  bytes.write(String(ordinal).padStart(ordinalDigits, '0'), position, 'latin1');
  bytes.write(String(capturedAtMs).padStart(msDigits, '0'), position + ordinalDigits + timeName.length, 'latin1');
}

/** The number in a picture, however its units are wrapped; undefined when it carries none. */
export function readOrdinal(picture: Uint8Array): number | undefined {
  const bytes = Buffer.from(picture.buffer, picture.byteOffset, picture.length);
  const position = stampPosition(bytes);
  return position < 0 ? undefined : Number.parseInt(bytes.toString('latin1', position, position + ordinalDigits), 10);
}
