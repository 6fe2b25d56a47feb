// Pictures and sound that never arrived whole, told as what is missing in the footage: once for every ten seconds in which
// there was a loss, however many packets it was.
import type { Clock } from '../clock.ts';
import { AgentError } from '../errors.ts';
import type { Facts } from '../facts.ts';

export type LossReportOptions = { cameraId: string; clock: Clock; facts: Facts };

const togetherMs = 10_000;

export class LossReport {
  readonly #options: LossReportOptions;
  #units = 0;
  #fromMs = 0;
  #toMs = 0;
  #cancel: (() => void) | undefined;

  constructor(options: LossReportOptions) {
    this.#options = options;
  }

  /** So many pictures, or pieces of sound, have just been found missing. */
  note(units: number): void {
    const { clock } = this.#options;
    this.#toMs = clock.nowMs();
    if (this.#units === 0) this.#fromMs = this.#toMs;
    this.#units += units;
    this.#cancel ??= clock.after(togetherMs, () => this.tell());
  }

  /** Tells what has not been told yet. To be called when the session is over. */
  tell(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    if (this.#units === 0) return;
    const { cameraId, facts } = this.#options;
    const error = new AgentError({
      code: 'camera-packets-lost',
      kind: 'data-loss',
      retry: 'later',
      message:
        `Of camera ${cameraId}, ${this.#units} pictures or pieces of sound did not arrive whole and were left out. ` +
        'Check its cable or Wi-Fi; with transport udp set tcp, and lower its bit rate if that does not help.',
    });
    // Never empty: a single lost picture is a hole too.
    const lostToMs = Math.max(this.#toMs, this.#fromMs + 1);
    facts.publish({ type: 'camera.problem', cameraId, error, lostFromMs: this.#fromMs, lostToMs });
    this.#units = 0;
  }
}
