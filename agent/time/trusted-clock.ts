// The clock of everything that is recorded and signed. Wall time is the monotonic clock plus an offset that somebody
// vouched for, so setting the machine's clock changes nothing. Before anybody did, wall time is provisional.
import { unlessAborted } from '../aborted.ts';
import type { Clock } from '../clock.ts';
import type { ClockSource, ClockVerdict } from './clock-trust.ts';
import { firstProvisionalMs } from './provisional-time.ts';

export type ClockState = {
  trusted: boolean;
  source?: ClockSource;
  /** Right time − the machine's wall clock; unknown until trusted. */
  offsetMs?: number;
};

export class TrustedClock implements Clock {
  readonly #system: Clock;
  readonly #trust = Promise.withResolvers<void>();
  /** Provisional time − monotonic time. */
  #provisionalOffsetMs: number;
  #verdict: ClockVerdict | undefined;
  /** The offset that ended provisional time; later ones correct the clock, not what was recorded. */
  #firstOffsetMs: number | undefined;

  constructor(system: Clock) {
    this.#system = system;
    this.#provisionalOffsetMs = firstProvisionalMs - system.monotonicMs();
  }

  nowMs(): number {
    return Math.floor(this.monotonicMs() + (this.#verdict?.offsetMs ?? this.#provisionalOffsetMs));
  }

  monotonicMs(): number {
    return this.#system.monotonicMs();
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return this.#system.sleep(ms, signal);
  }

  after(ms: number, callback: () => void): () => void {
    return this.#system.after(ms, callback);
  }

  /** The machine's own wall clock − the monotonic clock. */
  get systemOffsetMs(): number {
    return this.#system.nowMs() - this.#system.monotonicMs();
  }

  get verdict(): ClockVerdict | undefined {
    return this.#verdict;
  }

  /** From now on wall time is right. */
  trust(verdict: ClockVerdict): void {
    this.#verdict = verdict;
    this.#firstOffsetMs ??= verdict.offsetMs;
    this.#trust.resolve();
  }

  /**
   * Provisional time goes on a second after `lastMs`, the newest that is still on disk from boots that never learnt the
   * time. Call it once, before anything is recorded.
   */
  continueAfter(lastMs: number): void {
    this.#provisionalOffsetMs = Math.max(firstProvisionalMs, lastMs + 1000) - this.monotonicMs();
  }

  /**
   * What is added to provisional time to make it right; 0 until trusted. It is the same for boots that never learnt the
   * time, which puts them, in their order, right before this one: later than they were, never too early.
   */
  get correctionMs(): number {
    return this.#firstOffsetMs === undefined ? 0 : Math.round(this.#firstOffsetMs - this.#provisionalOffsetMs);
  }

  /** Resolves once the clock is trusted; rejects with the signal's reason. */
  trusted(signal: AbortSignal): Promise<void> {
    return unlessAborted(this.#trust.promise, signal);
  }

  state(): ClockState {
    if (!this.#verdict) return { trusted: false };
    const { source, offsetMs } = this.#verdict;
    return { trusted: true, source, offsetMs: Math.round(offsetMs - this.systemOffsetMs) };
  }
}
