// Acks on their way out, in their order: late, several in one write, byte by byte, or with garbage between them.
import type { ServerResponse } from 'node:http';
import type { Clock } from '../../clock.ts';

const gluedForMs = 250;
const garbage = ['}}\n', '{"EventType":\n', 'HTTP/1.1 502 Bad Gateway\r\n\r\n<html>\n', '\u0000{"a":[{}]}\n', '"\n'];

export type AckShape = { as: 'glued' | 'split' | 'garbage' | undefined; lateMs: number };

export class AckWriter {
  readonly #response: ServerResponse;
  readonly #clock: Clock;
  #glued = '';
  #garbled = 0;
  #latestDueMs = 0;

  constructor(response: ServerResponse, clock: Clock) {
    this.#response = response;
    this.#clock = clock;
  }

  write(line: string, { as, lateMs }: AckShape): void {
    const nowMs = this.#clock.monotonicMs();
    // A later ack never overtakes an earlier one, also when the delay ends between them.
    this.#latestDueMs = Math.max(this.#latestDueMs, nowMs + lateMs);
    const waitMs = this.#latestDueMs - nowMs;
    if (waitMs > 0) this.#clock.after(waitMs, () => this.#shape(line, as));
    else this.#shape(line, as);
  }

  #shape(line: string, as: AckShape['as']): void {
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
    if (!this.#response.destroyed && !this.#response.writableEnded) this.#response.write(bytes);
  }
}
