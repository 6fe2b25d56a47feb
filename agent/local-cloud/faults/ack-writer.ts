// Acks on their way out, in their order: late, several in one write, byte by byte, or with garbage between them.
import type { ServerResponse } from 'node:http';
import type { Clock } from '../../clock.ts';
import type { Shape } from './answer-shape.ts';

const gluedForMs = 250;
const garbage = ['}}\n', '{"EventType":\n', 'HTTP/1.1 502 Bad Gateway\r\n\r\n<html>\n', '\u0000{"a":[{}]}\n', '"\n'];

export type AckShape = { as: 'glued' | 'split' | 'garbage' | undefined; lateMs: number };

export class AckWriter {
  readonly #response: ServerResponse;
  readonly #clock: Clock;
  #glued = '';
  #garbled = 0;
  #latestDueMs = 0;
  /** What is to be written, in order. */
  readonly #waiting: (() => void)[] = [];
  readonly #shape: Shape;
  #writtenBytes = 0;

  constructor(response: ServerResponse, clock: Clock, shape: Shape = {}) {
    this.#shape = shape;
    this.#response = response;
    this.#clock = clock;
  }

  write(line: string, { as, lateMs }: AckShape): void {
    const nowMs = this.#clock.monotonicMs();
    // A later ack never overtakes an earlier one, also when the delay ends between them.
    const { bytesPerSecond = Infinity } = this.#shape;
    this.#latestDueMs = Math.max(this.#latestDueMs, nowMs + lateMs) + (line.length / bytesPerSecond) * 1000;
    const waitMs = this.#latestDueMs - nowMs;
    this.#waiting.push(() => this.#send(line, as));
    // Timers can be late, and later than others: each lets out what is first.
    if (waitMs > 0 || this.#waiting.length > 1) this.#clock.after(waitMs, () => this.#sendFirst());
    else this.#sendFirst();
  }

  #sendFirst(): void {
    this.#waiting.shift()?.();
  }

  #send(line: string, as: AckShape['as']): void {
    if (as === 'glued') {
      this.#glue(line);
      return;
    }
    this.#unglue();
    if (as === 'split') for (const byte of Buffer.from(line)) this.#out(Buffer.of(byte));
    else if (as === 'garbage') this.#out(`${garbage[this.#garbled++ % garbage.length]}${line}`);
    else this.#out(line);
  }

  #glue(line: string): void {
    if (this.#glued === '') this.#clock.after(gluedForMs, () => this.#unglue());
    this.#glued += line.trimEnd();
  }

  #unglue(): void {
    if (this.#glued !== '') this.#out(this.#glued);
    this.#glued = '';
  }

  #out(bytes: string | Uint8Array): void {
    const response = this.#response;
    if (response.destroyed || response.writableEnded) return;
    const data = Buffer.from(bytes);
    const { cutAfterBytes = Infinity } = this.#shape;
    const left = cutAfterBytes - this.#writtenBytes;
    this.#writtenBytes += data.length;
    if (data.length <= left) response.write(data);
    else if (left > 0) response.write(data.subarray(0, left), () => response.destroy());
    else response.destroy();
  }
}
