// Restraint in an outage, for all streams of the process together: when the service cannot be reached, one stream tries
// while the others wait for it; and whatever happens, a stream does not come back more often than every two seconds.
import type { Clock } from '../clock.ts';
import type { AgentError } from '../errors.ts';
import { nextDelay, recoveryFrom } from './retry.ts';

/** An attempt is at most two requests (endpoint, PutMedia), so this is at most one request a second on average. */
const spacingMs = 2_000;
/** Attempts that may follow each other quickly before the spacing counts. */
const burst = 5;

/** When the next attempt may begin and what is remembered for the one after (generic cell rate algorithm). Pure. */
export function spaceAttempt(paidUntilMs: number, nowMs: number): { atMs: number; paidUntilMs: number } {
  const atMs = Math.max(nowMs, paidUntilMs - (burst - 1) * spacingMs);
  return { atMs, paidUntilMs: Math.max(paidUntilMs, atMs) + spacingMs };
}

type Outage = { error: AgentError; attempts: number; retryAtMs: number; probing?: string | undefined };

export type EnterOptions = {
  cameraId: string;
  signal: AbortSignal;
  /** Told when the camera has to wait for another one's attempt. The time is monotonic. */
  onHeld: (error: AgentError, retryInMs: number) => void;
};

export class Restraint {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #paidUntilMs = new Map<string, number>();
  #outage: Outage | undefined;
  #change = Promise.withResolvers<void>();

  constructor({ clock, random }: { clock: Clock; random: () => number }) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Resolves when the camera may ask the service. Rejects with the signal's reason. Afterwards call `leave` once. */
  async enter({ cameraId, signal, onHeld }: EnterOptions): Promise<void> {
    const nowMs = this.#clock.monotonicMs();
    const { atMs, paidUntilMs } = spaceAttempt(this.#paidUntilMs.get(cameraId) ?? 0, nowMs);
    this.#paidUntilMs.set(cameraId, paidUntilMs);
    if (atMs > nowMs) await this.#clock.sleep(atMs - nowMs, signal);
    for (let told: AgentError | undefined; this.#outage; ) {
      const { error, probing, retryAtMs } = this.#outage;
      const waitMs = retryAtMs - this.#clock.monotonicMs();
      if (probing === undefined && waitMs <= 0) {
        this.#outage.probing = cameraId;
        return;
      }
      if (told !== error) onHeld(error, Math.max(0, waitMs));
      told = error;
      await this.#changed(probing === undefined ? waitMs : undefined, signal);
    }
    signal.throwIfAborted();
  }

  /** The service answered: whoever waits may go. */
  reached(): void {
    if (!this.#outage) return;
    this.#outage = undefined;
    this.#announce();
  }

  /** The attempt, or the session that followed, is over. An error that says the service was reached ends an outage. */
  leave(cameraId: string, error?: AgentError): void {
    const isProbe = this.#outage?.probing === cameraId;
    if (error && recoveryFrom(error).scope === 'service') {
      // Sessions that break in the same moment are one outage, not many: only the probe's failure counts again.
      if (!this.#outage || isProbe) this.#fail(error, (this.#outage?.attempts ?? 0) + 1);
    } else if (isProbe) this.reached();
  }

  #fail(error: AgentError, attempts: number): void {
    const delayMs = nextDelay({ attempt: attempts, error, random: this.#random });
    this.#outage = { error, attempts, retryAtMs: this.#clock.monotonicMs() + delayMs };
    this.#announce();
  }

  #announce(): void {
    const { resolve } = this.#change;
    this.#change = Promise.withResolvers();
    resolve();
  }

  /** Resolves at the next change, or after `ms`. */
  async #changed(ms: number | undefined, signal: AbortSignal): Promise<void> {
    const settled = new AbortController();
    const either = AbortSignal.any([settled.signal, signal]);
    const waits: Promise<void>[] = [this.#change.promise];
    // Without an end of its own the sleep only listens to the signal.
    waits.push(this.#clock.sleep(ms ?? longestWaitMs, either));
    try {
      await Promise.race(waits);
    } finally {
      settled.abort();
    }
  }
}

const longestWaitMs = 600_000;
