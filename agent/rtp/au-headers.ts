// The AU headers of RFC 3640 3.2.1: how many access units a packet holds, how large they are, and which ones.
// The widths of their fields come from the session description.
import { Bits } from './bits.ts';

/** When the session description names only the mode, or not even that. */
const widthsOfMode = { hbr: { size: 13, index: 3 }, lbr: { size: 6, index: 2 } } as const;

type Widths = { size: number; index: number; indexDelta: number; cts: number; dts: number; rap: number; state: number };

export class AuHeaders {
  /** Of the packet last read: bytes of each access unit. */
  readonly sizes: number[] = [];
  /** How many units after the first one each one is. */
  readonly indexes: number[] = [];
  readonly #widths: Widths;
  readonly #auxiliaryWidth: number;
  readonly #bits = new Bits(new Uint8Array(0));

  constructor(parameters: ReadonlyMap<string, string>) {
    const width = (name: string) => Math.max(0, Math.min(32, Number.parseInt(parameters.get(name) ?? '0', 10) || 0));
    const mode = /lbr/i.test(parameters.get('mode') ?? '') ? widthsOfMode.lbr : widthsOfMode.hbr;
    const size = width('sizelength');
    this.#widths = {
      size: size || mode.size,
      index: size ? width('indexlength') : mode.index,
      indexDelta: size ? width('indexdeltalength') : mode.index,
      cts: width('ctsdeltalength'),
      dts: width('dtsdeltalength'),
      rap: width('randomaccessindication'),
      state: width('streamstateindication'),
    };
    this.#auxiliaryWidth = width('auxiliarydatasizelength');
  }

  /** Fills `sizes` and `indexes`. @returns where the first access unit begins; undefined when the headers are damaged */
  read(payload: Uint8Array): number | undefined {
    this.sizes.length = 0;
    this.indexes.length = 0;
    if (payload.length < 2) return undefined;
    this.#bits.begin(payload);
    const endBit = 16 + this.#bits.read(16);
    if (endBit > payload.length * 8) return undefined;
    while (this.#bits.position + this.#widths.size <= endBit) this.#readHeader();
    let dataAt = Math.ceil(endBit / 8);
    if (this.#auxiliaryWidth > 0) {
      this.#bits.position = dataAt * 8;
      const auxiliaryBits = this.#bits.read(this.#auxiliaryWidth);
      dataAt = Math.ceil((this.#bits.position + auxiliaryBits) / 8);
    }
    return this.sizes.length === 0 || dataAt > payload.length ? undefined : dataAt;
  }

  #readHeader(): void {
    const { size, index, indexDelta, cts, dts, rap, state } = this.#widths;
    const isFirst = this.sizes.length === 0;
    this.sizes.push(this.#bits.read(size));
    const skipped = this.#bits.read(isFirst ? index : indexDelta);
    this.indexes.push(isFirst ? 0 : (this.indexes.at(-1) ?? 0) + 1 + skipped);
    if (cts > 0 && this.#bits.read(1) === 1) this.#bits.position += cts;
    if (dts > 0 && this.#bits.read(1) === 1) this.#bits.position += dts;
    this.#bits.position += (rap > 0 ? 1 : 0) + state;
  }
}
