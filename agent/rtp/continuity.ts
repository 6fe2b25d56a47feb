// Sequence numbers of one stream: which packet comes next, how many are missing before this one, which come twice.
import type { RtpPacket } from './packet.ts';

/** A packet this little behind has come twice or late; further behind, the camera began to count anew. */
const lateWithin = 256;

export class Continuity {
  #next: number | undefined;
  #ssrc = 0;
  lostPackets = 0;

  /** True before the first packet. */
  get atStart(): boolean {
    return this.#next === undefined;
  }

  /**
   * How many packets are missing before this one: 0 mostly. −1: this one was here before, or comes too late.
   * Another source counts anew: 1 then, as what was lost is not known.
   */
  follow({ sequence, ssrc }: RtpPacket): number {
    const expected = this.#next ?? sequence;
    const ahead = (sequence - expected) & 0xffff;
    const sameSource = ssrc === this.#ssrc || this.#next === undefined;
    if (ahead >= 0x10000 - lateWithin && sameSource) return -1;
    this.#next = (sequence + 1) & 0xffff;
    this.#ssrc = ssrc;
    if (ahead === 0 && sameSource) return 0;
    const missing = sameSource && ahead < 0x8000 ? ahead : 1;
    this.lostPackets += missing;
    return missing;
  }
}
