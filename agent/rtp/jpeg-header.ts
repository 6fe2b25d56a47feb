// RFC 2435 sends JPEGs without their headers; here they are made again: tables, size, sampling, restart interval.
import { chrominanceQuantization, huffmanTables, luminanceQuantization } from './jpeg-tables.ts';

export type JpegShape = {
  width: number;
  height: number;
  /** 4:2:0 is the other way to sample colours. */
  sampling: '4:2:2' | '4:2:0';
  /** Blocks between restart markers; 0: there are none. */
  restartInterval: number;
  /** As DQT holds them, each after its first byte (precision and place). One serves all colours. */
  quantization: readonly QuantizationTable[];
};

export type QuantizationTable = { twoBytes: boolean; values: Uint8Array };

const markers = { soi: 0xd8, dqt: 0xdb, sof0: 0xc0, dht: 0xc4, dri: 0xdd, sos: 0xda } as const;
const startOfImage = Uint8Array.of(0xff, markers.soi);
const huffman = Buffer.concat(huffmanTables.map(table => segment(markers.dht, table)));
// Three colours with tables 0, 1, 1; all coefficients in one scan.
const startOfScan = segment(markers.sos, Uint8Array.of(3, 1, 0x00, 2, 0x11, 3, 0x11, 0, 63, 0));

/** Everything before the scan's data. */
export function jpegHeader({ width, height, sampling, restartInterval, quantization }: JpegShape): Uint8Array {
  const tables = quantization.map(({ twoBytes, values }, place) =>
    segment(markers.dqt, Uint8Array.of((twoBytes ? 0x10 : 0) | place, ...values)),
  );
  const restart = restartInterval > 0 ? [segment(markers.dri, twoByteNumber(restartInterval))] : [];
  const colourTable = quantization.length > 1 ? 1 : 0;
  const frame = Uint8Array.of(
    ...[8, ...twoByteNumber(height), ...twoByteNumber(width), 3],
    ...[1, sampling === '4:2:2' ? 0x21 : 0x22, 0],
    ...[2, 0x11, colourTable],
    ...[3, 0x11, colourTable],
  );
  return Buffer.concat([startOfImage, ...tables, ...restart, segment(markers.sof0, frame), huffman, startOfScan]);
}

/** RFC 2435 4.2: the tables that a quality of 1 to 99 stands for. */
export function tablesOfQuality(quality: number): QuantizationTable[] {
  const factor = Math.max(1, Math.min(99, quality));
  const percent = factor < 50 ? Math.floor(5000 / factor) : 200 - factor * 2;
  return [luminanceQuantization, chrominanceQuantization].map(standard => ({
    twoBytes: false,
    values: Uint8Array.from(standard, value => Math.max(1, Math.min(255, Math.floor((value * percent + 50) / 100)))),
  }));
}

function segment(marker: number, body: Uint8Array): Uint8Array {
  return Buffer.concat([Uint8Array.of(0xff, marker), twoByteNumber(body.length + 2), body]);
}

function twoByteNumber(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value & 0xff);
}
