// What a NAL unit's type means for the picture it travels with, per codec, as tables: they are asked for every packet.
import type { VideoCodec } from '../codec/nal.ts';

export const nalKinds = {
  /** Goes before the picture's slices. */
  prefix: 0,
  slice: 1,
  parameterSet: 2,
  /** Goes after the picture's slices; worth nothing before them. */
  suffix: 3,
  /** Says where an access unit begins. */
  delimiter: 4,
  /** Padding to a constant bit rate, which would only cost upload. */
  filler: 5,
} as const;

type NalKind = (typeof nalKinds)[keyof typeof nalKinds];

const h264 = table({ slice: [1, 5], parameterSet: [7, 8], suffix: [10, 11], delimiter: [9, 9], filler: [12, 12] });
const h265 = table({ slice: [0, 31], parameterSet: [32, 34], suffix: [36, 40], delimiter: [35, 35], filler: [38, 38] });
// Between the suffixes of H.265 lies the SEI that goes before.
h265[39] = nalKinds.prefix;

function table(ranges: Partial<Record<keyof typeof nalKinds, [first: number, last: number]>>): NalKind[] {
  const kinds = new Array<NalKind>(64).fill(nalKinds.prefix);
  for (const [name, kind] of Object.entries(nalKinds)) {
    const [first, last] = ranges[name as keyof typeof nalKinds] ?? [0, -1];
    kinds.fill(kind, first, last + 1);
  }
  return kinds;
}

export function nalKind(codec: VideoCodec, type: number): NalKind {
  return (codec === 'h264' ? h264 : h265)[type] ?? nalKinds.prefix;
}

/** Types of NAL units that began a picture, so that one whose beginning was lost is known as such. */
export class Beginnings {
  readonly #codec: VideoCodec;
  readonly #seen = new Set<number>();

  constructor(codec: VideoCodec) {
    this.#codec = codec;
  }

  learn(type: number): void {
    if (!this.#seen.has(type)) this.#seen.add(type);
  }

  /**
   * Whether a picture may begin with a NAL unit of this type. Before the first whole picture everything that is no
   * middle may.
   * @param isFirst for slices: whether it says that it is the first one of its picture
   */
  mayBe(type: number, isFirst: boolean): boolean {
    const kind = nalKind(this.#codec, type);
    if (kind === nalKinds.delimiter) return true;
    if (kind === nalKinds.slice && !isFirst) return false;
    return this.#seen.size === 0 || this.#seen.has(type);
  }
}
