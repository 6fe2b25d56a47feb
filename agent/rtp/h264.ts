// H.264 over RTP (RFC 6184): which NAL units, or parts of one, a packet holds.
import type { MediaFormat } from './media-format.ts';
import type { NalPayloads } from './picture-depacketizer.ts';
import type { Pictures } from './pictures.ts';

const types = { lastSingle: 23, stapA: 24, stapB: 25, mtap16: 26, mtap24: 27, fuA: 28, fuB: 29 } as const;

export class H264Payloads implements NalPayloads {
  readonly #pictures: Pictures;

  constructor(format: MediaFormat, pictures: Pictures) {
    this.#pictures = pictures;
    const sets = format.parameters.get('sprop-parameter-sets')?.split(',') ?? [];
    pictures.learnParameterSets(sets);
  }

  /**
   * Order numbers (DON) are passed over: no camera sends NAL units out of order. So are types that are reserved.
   * @returns false when the packet is damaged
   */
  read(payload: Uint8Array): boolean {
    const type = (payload[0] ?? 0) & 0x1f;
    if (type === types.fuA) return this.#fragment(payload, 2);
    if (type === types.fuB) return this.#fragment(payload, 4);
    if (type === types.stapA) return this.#aggregate(payload, 1, 0);
    if (type === types.stapB) return this.#aggregate(payload, 3, 0);
    if (type === types.mtap16) return this.#aggregate(payload, 3, 3);
    if (type === types.mtap24) return this.#aggregate(payload, 3, 4);
    if (type <= types.lastSingle) this.#pictures.add(payload);
    return true;
  }

  /** @param extraBytes between the size of a NAL unit, which does not count them, and the unit itself */
  #aggregate(payload: Uint8Array, start: number, extraBytes: number): boolean {
    for (let at = start; at < payload.length; ) {
      const from = at + 2 + extraBytes;
      const end = from + (((payload[at] ?? 0) << 8) | (payload[at + 1] ?? 0));
      if (end > payload.length) return false;
      this.#pictures.add(payload.subarray(from, end));
      at = end;
    }
    return true;
  }

  #fragment(payload: Uint8Array, start: number): boolean {
    const [indicator = 0, header = 0] = payload;
    if (payload.length < start) return false;
    const rest = payload.subarray(start);
    if ((header & 0x80) !== 0) this.#pictures.addFirst((indicator & 0xe0) | (header & 0x1f), rest);
    else this.#pictures.addNext(rest);
    if ((header & 0x40) !== 0) this.#pictures.endFragments();
    return true;
  }
}
