// Learns the time: soon and often while it is not known, and then every few minutes, because clocks drift.
import type { Facts } from '../facts.ts';
import { judgeClock, type OffsetRange } from './clock-trust.ts';
import { type NtpProbe, readNtp } from './ntp.ts';
import { askServiceDate, narrowed } from './service-date.ts';
import type { TrustedClock } from './trusted-clock.ts';

export type ClockWatchOptions = {
  clock: TrustedClock;
  ntp: NtpProbe;
  /** Any server of the service: its answers carry its time. */
  url: string;
  facts: Facts;
  signal: AbortSignal;
};

const firstPauseMs = 1_000;
const longestPauseMs = 30_000;
const trustedPauseMs = 5 * 60_000;
/** A correction that is news to people; smaller ones are drift. */
const newsMs = 1_000;

export class ClockWatch {
  readonly #options: ClockWatchOptions;
  #service: (OffsetRange & { atMonotonicMs: number }) | undefined;
  #toldUntrusted = false;

  constructor(options: ClockWatchOptions) {
    this.#options = options;
  }

  /** Runs until the signal aborts, then resolves. */
  async run(): Promise<void> {
    const { clock, signal } = this.#options;
    let pauseMs = firstPauseMs;
    while (!signal.aborted) {
      await this.look().catch(() => undefined);
      await clock.sleep(clock.verdict ? trustedPauseMs : pauseMs, signal).catch(() => undefined);
      pauseMs = Math.min(2 * pauseMs, longestPauseMs);
    }
  }

  /** Asks once; takes some seconds at most. Rejects only with the signal's reason. */
  async look(): Promise<void> {
    const { clock, ntp, url, signal } = this.#options;
    const [state, reading] = await Promise.all([readNtp(ntp), askServiceDate(url, clock, signal)]);
    if (reading) this.#service = narrowed(this.#service, reading);
    const service = reading && this.#service;
    const { systemOffsetMs, verdict: held } = clock;
    const verdict = judgeClock({ systemOffsetMs, ntp: state, service, held });
    if (!verdict) return this.#tellUntrusted();
    const isNews = held?.source !== verdict.source || Math.abs(held.offsetMs - verdict.offsetMs) > newsMs;
    clock.trust(verdict);
    const { offsetMs } = clock.state();
    if (isNews) this.#options.facts.publish({ type: 'clock.trusted', source: verdict.source, offsetMs: offsetMs ?? 0 });
  }

  #tellUntrusted(): void {
    if (!this.#toldUntrusted) this.#options.facts.publish({ type: 'clock.untrusted' });
    this.#toldUntrusted = true;
  }
}
