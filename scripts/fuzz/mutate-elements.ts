// Damage that knows where the elements of a Matroska file are: sizes that lie, ids that do not belong, elements that are
// missing, twice, elsewhere, or from another file. Plain damage rarely gets past the first check.
import {
  concatBytes,
  ElementHeader,
  idBytes,
  unknownSize,
  varintBytes,
  varintLength,
} from '../../agent/matroska/ebml.ts';
import { ids } from '../../agent/matroska/elements.ts';
import { below, oneOf, type Random } from './target.ts';

/** Where an element lies in its file. */
export type Place = { start: number; sizeAt: number; dataAt: number; end: number };

export type Sample = { bytes: Uint8Array; elements: Place[] };

const masters = new Set<number>([
  ...[ids.ebml, ids.segment, ids.info, ids.tracks, ids.trackEntry, ids.video, ids.audio],
  ...[ids.cluster, ids.blockGroup, ids.tags, ids.tag, ids.simpleTag],
]);
const knownIds: number[] = Object.values(ids);

/** A file with every element in it located. `bytes` must be good Matroska. */
export function sampleOf(bytes: Uint8Array): Sample {
  return { bytes, elements: [...elementsIn(bytes, 0, bytes.length)] };
}

function* elementsIn(bytes: Uint8Array, from: number, to: number): Generator<Place> {
  const header = new ElementHeader();
  for (let start = from; start < to; ) {
    const sizeAt = start + varintLength(bytes[start] ?? 0);
    let dataAt = start;
    while (header.take(bytes[dataAt++] ?? 0) === 'more');
    const end = header.sizeBytes === unknownSize ? to : dataAt + header.sizeBytes;
    yield { start, sizeAt, dataAt, end };
    if (masters.has(header.id)) yield* elementsIn(bytes, dataAt, end);
    start = end;
  }
}

/** One damage to one element of `sample`; `donor` gives the element of a splice. */
export function mutateElement(sample: Sample, donor: Sample, random: Random): Uint8Array {
  return oneOf(mutations, random)(sample, oneOf(sample.elements, random), { donor, random });
}

type Means = { donor: Sample; random: Random };

const mutations: ((sample: Sample, place: Place, means: Means) => Uint8Array)[] = [
  lieAboutSize,
  lieAboutSize,
  changeId,
  leaveOut,
  repeat,
  moveElsewhere,
  spliceIn,
];

function replaced({ bytes }: Sample, from: number, to: number, ...parts: Uint8Array[]): Uint8Array {
  return concatBytes([bytes.subarray(0, from), ...parts, bytes.subarray(to)]);
}

function lieAboutSize(sample: Sample, { sizeAt, dataAt, end }: Place, { random }: Means): Uint8Array {
  const sizeBytes = end - dataAt;
  const lies = [0, 1, sizeBytes - 1, sizeBytes + 1, sizeBytes * 2, 2 ** (1 + below(52, random)), sizeBytes];
  const length = 1 + below(8, random);
  const unknown = Uint8Array.of(0xff >> (length - 1), ...Array(length - 1).fill(0xff));
  const size = random() < 0.2 ? unknown : varintBytes(Math.max(0, oneOf(lies, random)), random() < 0.5 ? length : 8);
  return replaced(sample, sizeAt, dataAt, size);
}

function changeId(sample: Sample, { start, sizeAt }: Place, { random }: Means): Uint8Array {
  return replaced(sample, start, sizeAt, idBytes(oneOf(knownIds, random)));
}

function leaveOut(sample: Sample, { start, end }: Place): Uint8Array {
  return replaced(sample, start, end);
}

function repeat(sample: Sample, { start, end }: Place, { random }: Means): Uint8Array {
  const element = sample.bytes.subarray(start, end);
  const copies = Array.from({ length: 2 + below(end - start < 100 ? 60 : 3, random) }, () => element);
  return replaced(sample, start, end, ...copies);
}

function moveElsewhere(sample: Sample, { start, end }: Place, { random }: Means): Uint8Array {
  const target = oneOf(sample.elements, random).start;
  return replaced(sample, target, target, sample.bytes.subarray(start, end));
}

function spliceIn(sample: Sample, { start, end }: Place, { donor, random }: Means): Uint8Array {
  const given = oneOf(donor.elements, random);
  return replaced(sample, start, random() < 0.5 ? start : end, donor.bytes.subarray(given.start, given.end));
}
