// H.265 over RTP (RFC 7798): which NAL units, or parts of one, a packet holds.

import type { MediaFormat } from './media-format.ts';
import { twoBytes } from './network-order.ts';
import type { NalPayloads } from './picture-depacketizer.ts';
import type { Pictures } from './pictures.ts';

const types = { lastSingle: 47, aggregation: 48, fragment: 49 } as const;
const setParameters = ['sprop-vps', 'sprop-sps', 'sprop-pps'];

export class H265Payloads implements NalPayloads {
  readonly #pictures: Pictures;
  /** Whether NAL units come with an order number (DONL), which is passed over: no camera sends them out of order. */
  readonly #numbered: boolean;

  constructor(format: MediaFormat, pictures: Pictures) {
    this.#pictures = pictures;
    this.#numbered = Number(format.parameters.get('sprop-max-don-diff') ?? 0) > 0;
    const sets = setParameters.flatMap(name => format.parameters.get(name)?.split(',') ?? []);
    pictures.learnParameterSets(sets);
  }

  /**
   * Types that are reserved are passed over, and so is PACI, whose extensions no camera sends.
   * @returns false when the packet is damaged
   */
  read(payload: Uint8Array): boolean {
    const type = ((payload[0] ?? 0) >> 1) & 0x3f;
    if (type === types.fragment) return this.#fragment(payload);
    if (type === types.aggregation) return this.#aggregate(payload);
    return type > types.lastSingle || this.#single(payload);
  }

  #single(payload: Uint8Array): boolean {
    if (!this.#numbered) {
      this.#pictures.add(payload);
      return true;
    }
    // The number lies between the header and the rest.
    if (payload.length < 4) return false;
    this.#pictures.addFirst(twoBytes(payload, 0), payload.subarray(4));
    this.#pictures.endFragments();
    return true;
  }

  #aggregate(payload: Uint8Array): boolean {
    let extraBytes = this.#numbered ? 2 : 0;
    for (let at = 2; at < payload.length; ) {
      const from = at + extraBytes + 2;
      const end = from + twoBytes(payload, from - 2);
      if (end > payload.length) return false;
      this.#pictures.add(payload.subarray(from, end));
      extraBytes = this.#numbered ? 1 : 0;
      at = end;
    }
    return true;
  }

  #fragment(payload: Uint8Array): boolean {
    const header = payload[2] ?? 0;
    const isFirst = (header & 0x80) !== 0;
    const start = isFirst && this.#numbered ? 5 : 3;
    if (payload.length < start) return false;
    const rest = payload.subarray(start);
    if (isFirst) this.#pictures.addFirst((twoBytes(payload, 0) & 0x81ff) | ((header & 0x3f) << 9), rest);
    else this.#pictures.addNext(rest);
    if ((header & 0x40) !== 0) this.#pictures.endFragments();
    return true;
  }
}
