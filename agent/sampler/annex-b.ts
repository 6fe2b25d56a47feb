// A key frame as ffmpeg reads it from a pipe: parameter sets and NAL units, each behind a start code (Annex B).
// Cameras' codec private data are foreign input: whatever they hold ends in bytes or in a typed error.
import { AgentError } from '../errors.ts';
import type { VideoTrack } from '../matroska/track.ts';

const startCode = Uint8Array.of(0, 0, 0, 1);

export type KeyFrame = {
  track: VideoTrack;
  /** Length-prefixed NAL units, as the container holds them. */
  data: Uint8Array;
};

/** ffmpeg's name of the raw stream and the stream itself. @throws AgentError `still-undecodable` */
export function annexB({ track, data }: KeyFrame): { format: 'h264' | 'hevc'; bytes: Uint8Array } {
  const format = formats[track.codecId];
  if (!format) throw undecodable(`its codec, ${track.codecId}, is neither H.264 nor H.265`);
  const config = format === 'h264' ? readAvcC(track.codecPrivate) : readHvcC(track.codecPrivate);
  const units = [...config.parameterSets, ...lengthPrefixed(new Cursor(data), config.lengthBytes)];
  return { format, bytes: Buffer.concat(units.flatMap(unit => [startCode, unit])) };
}

export function undecodable(reason: string, cause?: unknown): AgentError {
  return new AgentError({
    code: 'still-undecodable',
    kind: 'invalid',
    retry: 'later',
    message: `A key frame could not be turned into a picture: ${reason}. Video is recorded all the same; labels go on with the next key frame.`,
    cause,
  });
}

const formats: Record<string, 'h264' | 'hevc'> = { 'V_MPEG4/ISO/AVC': 'h264', 'V_MPEGH/ISO/HEVC': 'hevc' };

type DecoderConfig = { lengthBytes: number; parameterSets: Uint8Array[] };

/** AVCDecoderConfigurationRecord, ISO/IEC 14496-15 section 5.3.3.1. */
function readAvcC(bytes: Uint8Array): DecoderConfig {
  const cursor = new Cursor(bytes);
  cursor.skipBytes(4);
  const lengthBytes = (cursor.uint(1) & 0b11) + 1;
  const parameterSets: Uint8Array[] = [];
  for (const countMask of [0b11111, 0b11111111]) {
    const count = cursor.uint(1) & countMask;
    for (let index = 0; index < count; index++) parameterSets.push(cursor.take(cursor.uint(2)));
  }
  return { lengthBytes, parameterSets };
}

/** HEVCDecoderConfigurationRecord, ISO/IEC 14496-15 section 8.3.3.1. */
function readHvcC(bytes: Uint8Array): DecoderConfig {
  const cursor = new Cursor(bytes);
  cursor.skipBytes(21);
  const lengthBytes = (cursor.uint(1) & 0b11) + 1;
  const parameterSets: Uint8Array[] = [];
  for (let arrays = cursor.uint(1); arrays > 0; arrays--) {
    cursor.skipBytes(1);
    for (let units = cursor.uint(2); units > 0; units--) parameterSets.push(cursor.take(cursor.uint(2)));
  }
  return { lengthBytes, parameterSets };
}

function lengthPrefixed(cursor: Cursor, lengthBytes: number): Uint8Array[] {
  const units: Uint8Array[] = [];
  while (!cursor.atEnd) units.push(cursor.take(cursor.uint(lengthBytes)));
  return units;
}

class Cursor {
  readonly #bytes: Uint8Array;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#position === this.#bytes.length;
  }

  uint(lengthBytes: number): number {
    return this.take(lengthBytes).reduce((value, byte) => value * 256 + byte, 0);
  }

  skipBytes(lengthBytes: number): void {
    this.take(lengthBytes);
  }

  take(lengthBytes: number): Uint8Array {
    const end = this.#position + lengthBytes;
    if (end > this.#bytes.length) throw undecodable('the frame or its codec data end too early');
    const taken = this.#bytes.subarray(this.#position, end);
    this.#position = end;
    return taken;
  }
}
