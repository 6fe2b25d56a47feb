// How many pictures may still be sent today, and what those that were sent cost. Invariants:
// 1. A call is counted before it is made, so a crash never makes the day longer; one that was surely refused is taken back.
// 2. Limits are those of this moment: lowered ones hold at once.
// 3. A disk that takes no numbers never stops labels or lets them go on for ever: this process counts in memory all the same.
import type { Budget, BudgetOfCamera } from '../../shared/budget.ts';
import type { BudgetSettings, LabelSettings } from '../../shared/label-settings.ts';
import { dayAt, type ZoneDay } from '../../shared/zone-day.ts';
import type { Clock } from '../clock.ts';
import { type AgentError, asAgentError } from '../errors.ts';
import { firstTrueMs } from '../time/provisional-time.ts';
import type { CallsRow, LabelLedger } from './label-ledger.ts';

type Provider = LabelSettings['provider'];

export type BudgetLimits = {
  timeZone?: string | undefined;
  budget: BudgetSettings;
  cameras: readonly { id: string; labels?: Pick<LabelSettings, 'provider' | 'callsPerDay'> | undefined }[];
};

export type CallBudgetOptions = {
  ledger: LabelLedger;
  clock: Clock;
  /** As they are at this moment. */
  limits: () => BudgetLimits;
  /** What is added to the time before anybody knew it; see TrustedClock. */
  correctionMs?: () => number;
  /** The numbers could not be kept. */
  onProblem: (error: AgentError) => void;
};

/** Whose calls leave the device and count in the budget of all cameras. */
const sentAway: readonly string[] = ['rekognition', 'sagemaker'] satisfies Provider[];
/** Who asks for money for each picture. */
const priced = 'rekognition' satisfies Provider;

export class CallBudget {
  readonly #options: CallBudgetOptions;
  #today: ZoneDay & { fromMs: number; timeZone: string | undefined } = { day: '', fromMs: 0, endsMs: 0, timeZone: '' };
  /** Of today, by camera and provider. */
  #calls = new Map<string, CallsRow>();
  /** Of the month before today. */
  #earlier: CallsRow[] = [];
  #settled = false;

  constructor(options: CallBudgetOptions) {
    this.#options = options;
  }

  /** When the camera may be labelled again; undefined when it may be now. */
  spentUntilMs(cameraId: string): number | undefined {
    const { endsMs } = this.#look();
    const { cameras, budget } = this.#options.limits();
    const labels = cameras.find(({ id }) => id === cameraId)?.labels;
    const own = labels?.callsPerDay ?? Number.POSITIVE_INFINITY;
    const all = budget.callsPerDay ?? Number.POSITIVE_INFINITY;
    const spent = this.#callsOf(cameraId) >= own || (isSentAway(labels?.provider) && this.#callsSentAway() >= all);
    return spent ? endsMs : undefined;
  }

  /** Counts one call that is about to be made. The returned function takes it back. */
  take(cameraId: string): () => void {
    const { day } = this.#look();
    const { cameras } = this.#options.limits();
    const provider = cameras.find(({ id }) => id === cameraId)?.labels?.provider ?? 'none';
    this.#count(day, { cameraId, provider, calls: 1 });
    return () => this.#count(day, { cameraId, provider, calls: -1 });
  }

  /** Of the camera's limit, or of the limit for all; undefined without one. May be above 100 after limits were lowered. */
  spentPercent(cameraId?: string): number | undefined {
    this.#look();
    const { cameras, budget } = this.#options.limits();
    const limit =
      cameraId === undefined ? budget.callsPerDay : cameras.find(({ id }) => id === cameraId)?.labels?.callsPerDay;
    if (limit === undefined) return undefined;
    return (100 * (cameraId === undefined ? this.#callsSentAway() : this.#callsOf(cameraId))) / limit;
  }

  today(): Budget {
    const { day, endsMs } = this.#look();
    const { cameras, budget } = this.#options.limits();
    const rows = [...this.#calls.values()];
    const sent = this.#callsSentAway();
    const dollars = this.#dollarsOf(rows);
    const month = this.#earlier.filter(({ provider }) => isSentAway(provider));
    const labelled = cameras.filter(({ labels }) => labels !== undefined && labels.provider !== 'none');
    const ids = new Set([...labelled.map(({ id }) => id), ...rows.map(({ cameraId }) => cameraId)]);
    return {
      ...{ day, endsMs, calls: sent, dollars },
      ...(budget.callsPerDay === undefined ? {} : { limit: budget.callsPerDay }),
      month: { calls: sent + sum(month), dollars: dollars + this.#dollarsOf(month) },
      cameras: [...ids].map((id): BudgetOfCamera => {
        const limit = cameras.find(camera => camera.id === id)?.labels?.callsPerDay;
        const own = rows.filter(({ cameraId }) => cameraId === id);
        return { id, calls: sum(own), dollars: this.#dollarsOf(own), ...(limit === undefined ? {} : { limit }) };
      }),
    };
  }

  #callsOf(cameraId: string): number {
    return sum([...this.#calls.values()].filter(row => row.cameraId === cameraId));
  }

  #callsSentAway(): number {
    return sum([...this.#calls.values()].filter(({ provider }) => isSentAway(provider)));
  }

  #dollarsOf(rows: readonly CallsRow[]): number {
    const { dollarsPerThousandCalls } = this.#options.limits().budget;
    return (sum(rows.filter(({ provider }) => provider === priced)) * dollarsPerThousandCalls) / 1000;
  }

  #count(day: string, row: CallsRow): void {
    // The day may be over when a call is taken back.
    if (day === this.#today.day) {
      const known = this.#calls.get(keyOf(row))?.calls ?? 0;
      this.#calls.set(keyOf(row), { ...row, calls: Math.max(0, known + row.calls) });
    }
    this.#keep(ledger => ledger.count(day, row));
  }

  /** Today, and whatever was counted today; a day that is not the one of the last look is read from the ledger. */
  #look(): ZoneDay {
    const { clock, limits, correctionMs = () => 0 } = this.#options;
    const nowMs = clock.nowMs();
    const { timeZone } = limits();
    const { fromMs, endsMs } = this.#today;
    if (nowMs >= fromMs && nowMs < endsMs && timeZone === this.#today.timeZone) return this.#today;
    const before = this.#today.day;
    this.#today = { ...dayAt(nowMs, timeZone), fromMs: nowMs, timeZone };
    const { day } = this.#today;
    if (nowMs >= firstTrueMs && !this.#settled) {
      this.#settled = true;
      this.#keep(ledger => ledger.settleProvisional({ day, correctionMs: correctionMs(), beforeMs: firstTrueMs }));
    }
    if (day !== before) this.#read(day);
    return this.#today;
  }

  #read(day: string): void {
    this.#calls = new Map();
    this.#earlier = [];
    this.#keep(ledger => {
      const today = ledger.callsOf(day);
      this.#calls = new Map(today.map(row => [keyOf(row), row]));
      this.#earlier = ledger
        .callsOf(day.slice(0, 7))
        .map(row => ({ ...row, calls: row.calls - (this.#calls.get(keyOf(row))?.calls ?? 0) }));
    });
  }

  #keep(work: (ledger: LabelLedger) => void): void {
    try {
      work(this.#options.ledger);
    } catch (thrown) {
      this.#options.onProblem(asAgentError(thrown));
    }
  }
}

function isSentAway(provider: string | undefined): boolean {
  return provider !== undefined && sentAway.includes(provider);
}

function keyOf({ cameraId, provider }: CallsRow): string {
  return `${provider} ${cameraId}`;
}

function sum(rows: readonly CallsRow[]): number {
  return rows.reduce((total, { calls }) => total + calls, 0);
}
