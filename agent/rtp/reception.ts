// How the packets of one source arrive (RFC 3550 A.3, A.8): lost ones and jitter, for receiver reports.
import type { RtpPacket } from './packet.ts';
import type { ReportBlock, SenderReport } from './rtcp.ts';

/** RFC 3550 A.1: further ahead it is no loss, the camera counts anew. */
const farAhead = 3000;
const mostLost = 0x7f_ffff;

export class Reception {
  readonly #clockRate: number;
  #ssrc: number | undefined;
  #first = 0;
  #highest = 0;
  #rounds = 0;
  #received = 0;
  #jitter = 0;
  #transit = 0;
  #toldExpected = 0;
  #toldReceived = 0;
  #lastReport: { ntpMiddle: number; arrivalMs: number } | undefined;

  constructor(clockRate: number) {
    this.#clockRate = clockRate;
  }

  /** To be called for every packet as it arrives. */
  note({ sequence, timestamp, ssrc }: RtpPacket, arrivalMs: number): void {
    const ahead = (sequence - this.#highest) & 0xffff;
    const anew = ahead >= farAhead && ahead < 0x10000 - farAhead;
    if (ssrc !== this.#ssrc || anew) this.#restart(sequence, ssrc);
    else if (ahead < farAhead) this.#advance(sequence);
    this.#received++;
    const transit = (arrivalMs * this.#clockRate) / 1000 - timestamp;
    // Wrap-around of the timestamp is no jitter.
    const change = Math.abs((transit - this.#transit) % 2 ** 32);
    if (this.#received > 1 && change < this.#clockRate * 10) this.#jitter += (change - this.#jitter) / 16;
    this.#transit = transit;
  }

  noteSenderReport({ ntpMiddle }: SenderReport, arrivalMs: number): void {
    this.#lastReport = { ntpMiddle, arrivalMs };
  }

  /** Packets that arrived since the camera last began to count anew, and how unevenly (RFC 3550 6.4.1). */
  get summary(): { receivedPackets: number; jitterMs: number } {
    return { receivedPackets: this.#received, jitterMs: (this.#jitter * 1000) / this.#clockRate };
  }

  /** What the next receiver report says. Undefined before the first packet. */
  block(nowMs: number): ReportBlock | undefined {
    if (this.#ssrc === undefined) return undefined;
    const highestSequence = this.#rounds * 0x10000 + this.#highest;
    const expected = highestSequence - this.#first + 1;
    const expectedSince = expected - this.#toldExpected;
    const lostSince = expectedSince - (this.#received - this.#toldReceived);
    this.#toldExpected = expected;
    this.#toldReceived = this.#received;
    const last = this.#lastReport;
    return {
      ssrc: this.#ssrc,
      fractionLost:
        expectedSince <= 0 || lostSince <= 0 ? 0 : Math.min(255, Math.floor((lostSince * 256) / expectedSince)),
      packetsLost: Math.max(-mostLost, Math.min(mostLost, expected - this.#received)),
      highestSequence: highestSequence >>> 0,
      jitter: Math.floor(this.#jitter),
      lastSenderReport: last?.ntpMiddle ?? 0,
      sinceSenderReport: last ? Math.min(0xffff_ffff, Math.floor(((nowMs - last.arrivalMs) * 65_536) / 1000)) : 0,
    };
  }

  #restart(sequence: number, ssrc: number): void {
    this.#ssrc = ssrc;
    this.#first = sequence;
    this.#highest = sequence;
    this.#rounds = 0;
    this.#received = 0;
    this.#jitter = 0;
    this.#toldExpected = 0;
    this.#toldReceived = 0;
    this.#lastReport = undefined;
  }

  #advance(sequence: number): void {
    if (sequence < this.#highest) this.#rounds++;
    this.#highest = sequence;
  }
}
