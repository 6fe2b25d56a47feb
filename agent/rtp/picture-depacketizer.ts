// What the codecs of NAL units have in common: packets are read into pictures, and a packet that is damaged damages its picture.
import type { AccessUnit, Depacketizer } from './depacketizer.ts';
import type { RtpPacket } from './packet.ts';
import type { Pictures } from './pictures.ts';

const none: readonly AccessUnit[] = [];

/** How one codec lays NAL units, or parts of one, into packets. */
export type NalPayloads = {
  /** Adds what a packet holds to its pictures. @returns false when the packet is damaged */
  read(payload: Uint8Array): boolean;
};

export class PictureDepacketizer implements Depacketizer {
  readonly #pictures: Pictures;
  readonly #payloads: NalPayloads;

  /** `payloads` adds to `pictures`. */
  constructor(pictures: Pictures, payloads: NalPayloads) {
    this.#pictures = pictures;
    this.#payloads = payloads;
  }

  get track() {
    return this.#pictures.track;
  }

  get lostPackets(): number {
    return this.#pictures.lostPackets;
  }

  get lostUnits(): number {
    return this.#pictures.lostUnits;
  }

  push(packet: RtpPacket): readonly AccessUnit[] {
    if (!this.#pictures.openPacket(packet)) return none;
    if (!this.#payloads.read(packet.payload)) this.#pictures.damage();
    return this.#pictures.closePacket(packet.marker);
  }

  flush(): readonly AccessUnit[] {
    return this.#pictures.flush();
  }
}
