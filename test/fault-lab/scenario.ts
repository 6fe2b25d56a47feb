// What a scenario of the fault lab is, and what it measures.
import { systemClock } from '../../agent/clock.ts';
import type { Balance } from './ledger.ts';

export type Outcome = Balance & {
  /** How long the fault lasted. */
  faultMs: number;
  /** Connections and requests that were tried meanwhile, as the server counted them. */
  attempts: number;
  /** From the end of the fault to the next fragment that was persisted. */
  recoveryMs: number;
  /** Codes of the errors the agent reported. */
  errors: string[];
};

/** How long faults last: `short` in every test run, `long` in the run that is published. */
export type LabSize = 'short' | 'long';

export type Scenario = {
  name: string;
  /** Undefined when the machine can do it; otherwise why not. */
  cannot?: () => Promise<string | undefined>;
  /** The service forgets fragments that it took, and stores later ones: what it forgot comes again after those. */
  forgets?: boolean;
  run(size: LabSize): Promise<Outcome>;
};

/** Polls until it holds. Rejects after `timeoutMs`, naming what did not come true. */
export async function until(what: string, holds: () => boolean, timeoutMs: number): Promise<void> {
  const deadlineMs = systemClock.monotonicMs() + timeoutMs;
  while (!holds()) {
    if (systemClock.monotonicMs() > deadlineMs) throw new Error(`${what}: not within ${timeoutMs / 1000} s`);
    await systemClock.sleep(20);
  }
}

/** The waits between attempts grow to two minutes when a key is refused; and a busy machine is no failure. */
export const patienceMs = { short: 240_000, long: 300_000 } as const;
