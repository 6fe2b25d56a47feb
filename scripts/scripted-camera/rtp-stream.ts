// The numbers of one RTP stream: where its timestamps and sequence numbers stand, and what its reports count. A camera that
// starts again begins a new one with other numbers.
import { randomInt } from 'node:crypto';

const wrap = 2 ** 32;

export type RtpStreamOptions = {
  clockRate: number;
  /** Default: by chance, as RFC 3550 wants it. */
  firstTicks?: number | undefined;
  firstSequence?: number | undefined;
};

export class RtpStream {
  readonly ssrc = randomInt(wrap);
  readonly clockRate: number;
  /** Of the next packet. */
  sequence: number;
  packets = 0;
  bytes = 0;
  readonly #firstTicks: number;

  constructor({ clockRate, firstTicks = randomInt(wrap), firstSequence = randomInt(2 ** 16) }: RtpStreamOptions) {
    this.clockRate = clockRate;
    this.sequence = firstSequence;
    this.#firstTicks = firstTicks;
  }

  ticksAt(mediaMs: number): number {
    return wrapped(this.#firstTicks + Math.round((mediaMs * this.clockRate) / 1000));
  }

  sent(packets: number, bytes: number): void {
    this.sequence = (this.sequence + packets) & 0xffff;
    this.packets += packets;
    this.bytes += bytes;
  }
}

export function wrapped(ticks: number): number {
  return ((ticks % wrap) + wrap) % wrap;
}
