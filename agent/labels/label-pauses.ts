// When pictures of a camera do not go to its provider, and why: told as facts, kept for the timeline, also across restarts.
// A camera has one pause at most. One that began before a crash goes on or ends with the camera's next still.
import type { LabelPause } from '../../shared/budget.ts';
import type { Clock } from '../clock.ts';
import { type AgentError, asAgentError } from '../errors.ts';
import type { Facts } from '../facts.ts';
import type { LabelLedger, PauseRow } from './label-ledger.ts';

export type LabelPausesOptions = {
  ledger: LabelLedger;
  clock: Clock;
  facts: Facts;
  /** The pauses could not be kept; they are told all the same. */
  onProblem: (error: AgentError) => void;
};

type Open = Pick<PauseRow, 'reason' | 'fromMs' | 'untilMs'> & { told: boolean };

/** Failures that follow each other this closely are one pause, though a picture was tried in between. */
const graceMs = 30_000;
/** Shown as one: what lies between is shorter than anything on a timeline. */
const mergedWithinMs = 60_000;

export class LabelPauses {
  readonly #options: LabelPausesOptions;
  readonly #open = new Map<string, Open>();

  constructor(options: LabelPausesOptions) {
    this.#options = options;
    this.#keep(ledger => {
      for (const { cameraId, ...row } of ledger.openPauses()) this.#open.set(cameraId, { ...row, told: false });
    });
  }

  /** Begins the camera's pause, or moves its end. Publishes `labels.paused` when that is news. */
  pause(cameraId: string, reason: LabelPause['reason'], untilMs: number): void {
    const { clock, facts } = this.#options;
    const open = this.#open.get(cameraId);
    if (open?.reason === reason && open.untilMs === untilMs && open.told) return;
    if (open?.reason === reason) {
      if (open.untilMs !== untilMs) this.#keep(ledger => ledger.extendPause(cameraId, untilMs));
      this.#open.set(cameraId, { ...open, untilMs, told: true });
    } else {
      const fromMs = clock.nowMs();
      if (open) this.#end(cameraId, fromMs);
      this.#open.set(cameraId, { reason, fromMs, untilMs, told: true });
      this.#keep(ledger => ledger.beginPause({ cameraId, reason, fromMs, untilMs }));
    }
    facts.publish({ type: 'labels.paused', cameraId, reason, untilMs });
  }

  /** Ends the camera's pause, if it has one, and publishes `labels.resumed`. */
  resume(cameraId: string): void {
    const open = this.#open.get(cameraId);
    if (!open) return;
    const nowMs = this.#options.clock.nowMs();
    this.#end(cameraId, Math.min(nowMs, Math.max(open.fromMs, open.untilMs)));
    this.#options.facts.publish({ type: 'labels.resumed', cameraId });
  }

  /**
   * Nothing is spent: a pause for that ends, and so does one of failures that nobody has tried to end: pictures may be sent,
   * there are only none worth it.
   */
  allow(cameraId: string): void {
    const open = this.#open.get(cameraId);
    const isOver = open?.reason === 'budget' || this.#options.clock.nowMs() >= (open?.untilMs ?? 0) + graceMs;
    if (open && isOver) this.resume(cameraId);
  }

  /** Those that reach into the range, oldest first. Throws an AgentError `disk-*`. */
  between(cameraId: string, range: { fromMs: number; toMs: number }): LabelPause[] {
    const { ledger, clock } = this.#options;
    const nowMs = clock.nowMs();
    const shown: LabelPause[] = [];
    for (const { reason, fromMs, untilMs, toMs } of ledger.pausesBetween(cameraId, range)) {
      const lasts = toMs === undefined && untilMs > nowMs;
      const pause = {
        fromMs,
        toMs: toMs ?? Math.max(fromMs, Math.min(nowMs, untilMs)),
        reason,
        ...(lasts ? { untilMs } : {}),
      };
      const last = shown.at(-1);
      if (last?.reason === reason && pause.fromMs - last.toMs < mergedWithinMs)
        shown.splice(-1, 1, { ...pause, fromMs: last.fromMs });
      else shown.push(pause);
    }
    return shown;
  }

  #end(cameraId: string, toMs: number): void {
    this.#open.delete(cameraId);
    this.#keep(ledger => ledger.endPause(cameraId, toMs));
  }

  #keep(work: (ledger: LabelLedger) => void): void {
    try {
      work(this.#options.ledger);
    } catch (thrown) {
      this.#options.onProblem(asAgentError(thrown));
    }
  }
}
