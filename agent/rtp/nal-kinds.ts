// What a NAL unit's type means for the picture it travels with, per codec, as tables: they are asked for every packet.
import { avcTypes, hevcTypes, type VideoCodec } from '../codec/nal.ts';

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

/** Where a picture begins that has no delimiter but all parameter sets. */
const firstParameterSet = { h264: avcTypes.sps, h265: hevcTypes.vps } as const;

/** What pictures of this camera begin with, so that one whose beginning was lost is known as such. */
export class Beginnings {
  readonly #codec: VideoCodec;
  readonly #seen = new Set<number>();
  #delimited = false;

  constructor(codec: VideoCodec) {
    this.#codec = codec;
  }

  learn(type: number): void {
    this.#seen.add(this.#classOf(type));
    this.#delimited ||= nalKind(this.#codec, type) === nalKinds.delimiter;
  }

  /**
   * Whether a whole picture may begin with a NAL unit of this type.
   * @param isMiddle for slices: whether it says that another one comes before it
   */
  mayBe(type: number, isMiddle: boolean): boolean {
    if (isMiddle) return false;
    if (nalKind(this.#codec, type) === nalKinds.delimiter) return true;
    return this.#seen.has(this.#classOf(type)) || (type === firstParameterSet[this.#codec] && !this.#delimited);
  }

  /** Slices of key frames, before which parameter sets may be missing, are told from others, and those not from each other. */
  #classOf(type: number): number {
    if (nalKind(this.#codec, type) !== nalKinds.slice) return type;
    if (this.#codec === 'h264') return type === avcTypes.idrSlice ? type : avcTypes.slice;
    return type >= hevcTypes.firstIrap ? hevcTypes.firstIrap : 0;
  }
}
