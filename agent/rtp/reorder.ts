// Puts the packets of one UDP stream back in order and leaves out those that come twice. A missing packet is waited for
// until too many have come after it, or one of them has waited long enough; what is missing then is for the depacketiser
// to notice. (Over TCP nothing gets out of order: such streams need none of this.)
import type { RtpPacket } from './packet.ts';

export type ReorderLimits = {
  /** How far ahead of a missing packet others may be. A power of two. */
  mostPackets: number;
  /** Longest wait of a packet for one before it. */
  mostWaitMs: number;
};

/** RFC 3550 A.1: further ahead, or behind, it is no loss and no delay: the camera may have begun to count anew. */
const farAhead = 3000;
const farBehind = 100;

/** Packets wait in it: their bytes must stay as they are until `take` has given them out. */
export class Reorder {
  readonly #mostWaitMs: number;
  /** By sequence number; the arrivals beside them. */
  readonly #slots: (RtpPacket | undefined)[];
  readonly #arrivalsMs: number[];
  #waiting = 0;
  #next: number | undefined;
  #ssrc = 0;
  /** What would follow a packet that was far from the others: if it comes, the camera does count anew. */
  #afterStray: number | undefined;
  /** Too far ahead for the slots: goes on from there when they are empty. */
  #ahead: RtpPacket | undefined;
  #dropped = 0;

  constructor({ mostPackets = 64, mostWaitMs = 200 }: Partial<ReorderLimits> = {}) {
    this.#slots = new Array<RtpPacket | undefined>(mostPackets).fill(undefined);
    this.#arrivalsMs = new Array<number>(mostPackets).fill(0);
    this.#mostWaitMs = mostWaitMs;
  }

  /** Packets left out: here already, too late, or from somewhere else. */
  get dropped(): number {
    return this.#dropped;
  }

  /** After every packet, and when time has passed without one, `take` is to be called until it gives nothing. */
  push(packet: RtpPacket, nowMs: number): void {
    const { sequence, ssrc } = packet;
    if (this.#next === undefined) this.#startAt(packet);
    const ahead = (sequence - (this.#next ?? sequence)) & 0xffff;
    const isLate = ahead >= 0x10000 - farBehind;
    if (ssrc !== this.#ssrc || (ahead >= farAhead && !isLate)) {
      this.#pushStray(packet);
      return;
    }
    this.#afterStray = undefined;
    const slot = sequence % this.#slots.length;
    if (isLate || (ahead < this.#slots.length && this.#slots[slot])) {
      this.#dropped++;
    } else if (ahead >= this.#slots.length) {
      this.#setAhead(packet);
    } else {
      this.#slots[slot] = packet;
      this.#arrivalsMs[slot] = nowMs;
      this.#waiting++;
    }
  }

  /** The next packet that need not wait any more. With `nowMs` infinite, whatever waits. */
  take(nowMs: number): RtpPacket | undefined {
    const first = this.#next ?? 0;
    for (let skipped = 0; this.#waiting > 0 && skipped < this.#slots.length; skipped++) {
      const slot = (first + skipped) % this.#slots.length;
      const packet = this.#slots[slot];
      if (!packet) continue;
      const waitedMs = nowMs - (this.#arrivalsMs[slot] ?? 0);
      if (skipped > 0 && !this.#ahead && waitedMs < this.#mostWaitMs) return undefined;
      this.#slots[slot] = undefined;
      this.#waiting--;
      this.#next = (packet.sequence + 1) & 0xffff;
      return packet;
    }
    const packet = this.#ahead;
    this.#ahead = undefined;
    if (packet) this.#next = (packet.sequence + 1) & 0xffff;
    return packet;
  }

  #startAt({ sequence, ssrc }: RtpPacket): void {
    this.#next = sequence;
    this.#ssrc = ssrc;
  }

  /** One alone is no reason to leave the count; two in a row are. The first one is then lost. */
  #pushStray(packet: RtpPacket): void {
    if (packet.sequence === this.#afterStray) {
      this.#ssrc = packet.ssrc;
      this.#setAhead(packet);
      this.#afterStray = undefined;
    } else {
      this.#afterStray = (packet.sequence + 1) & 0xffff;
      this.#dropped++;
    }
  }

  #setAhead(packet: RtpPacket): void {
    // Nobody took the one before.
    if (this.#ahead) this.#dropped++;
    this.#ahead = packet;
  }
}
