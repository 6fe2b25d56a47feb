// Damage that knows nothing of formats: what bad memory, bad networks and bad programs do to bytes.
import { concatBytes } from '../../agent/matroska/ebml.ts';
import { below, oneOf, type Random } from './target.ts';

const longestRangeBytes = 40;
/** Bytes at which numbers, lengths and flags turn over. */
const edges = [0, 1, 0x7f, 0x80, 0x81, 0xfe, 0xff];

/** A damaged copy: up to three mutations, now and then none. */
export function mutateBytes(original: Uint8Array, random: Random): Uint8Array {
  // Not slice(): a Buffer's shares its memory, and the original would go from bad to worse.
  let bytes: Uint8Array = new Uint8Array(original);
  for (let left = below(4, random); left > 0 && bytes.length > 0; left--)
    bytes = oneOf(mutations, random)(bytes, random);
  return bytes;
}

const mutations: ((bytes: Uint8Array, random: Random) => Uint8Array)[] = [
  flipBit,
  flipBit,
  replaceByte,
  replaceByte,
  cutOut,
  putIn,
  repeatRange,
  truncate,
];

function flipBit(bytes: Uint8Array, random: Random): Uint8Array {
  const at = below(bytes.length, random);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << below(8, random));
  return bytes;
}

function replaceByte(bytes: Uint8Array, random: Random): Uint8Array {
  bytes[below(bytes.length, random)] = random() < 0.5 ? oneOf(edges, random) : below(256, random);
  return bytes;
}

function cutOut(bytes: Uint8Array, random: Random): Uint8Array {
  const at = below(bytes.length, random);
  return concatBytes([bytes.subarray(0, at), bytes.subarray(at + 1 + below(longestRangeBytes, random))]);
}

function putIn(bytes: Uint8Array, random: Random): Uint8Array {
  const at = below(bytes.length, random);
  const noise = Uint8Array.from({ length: 1 + below(longestRangeBytes, random) }, () => below(256, random));
  return concatBytes([bytes.subarray(0, at), noise, bytes.subarray(at)]);
}

function repeatRange(bytes: Uint8Array, random: Random): Uint8Array {
  const at = below(bytes.length, random);
  const range = bytes.subarray(at, at + 1 + below(longestRangeBytes, random));
  const copies = Array.from({ length: 1 + below(30, random) }, () => range);
  return concatBytes([bytes.subarray(0, at), ...copies, bytes.subarray(at)]);
}

function truncate(bytes: Uint8Array, random: Random): Uint8Array {
  return bytes.subarray(0, below(bytes.length, random));
}
