// The plan in force: which faults are planned, active or over, and how often each was met. The hooks in the server ask it
// at every turn, so a fault also strikes connections that were open before it began.
import type { Clock } from '../../clock.ts';
import type { Fault, FaultInput, FaultKind, FaultOf, RequestFaultKind } from './plan.ts';
import { planSchema, requestFaults } from './plan.ts';

/** What befalls one request. */
export type StruckFaults = { [Kind in RequestFaultKind]?: FaultOf<Kind> };

const requestFaultKinds: readonly FaultKind[] = requestFaults;

function isOfRequest(fault: Fault): fault is FaultOf<RequestFaultKind> {
  return requestFaultKinds.includes(fault.fault);
}

export type FaultState = 'planned' | 'active' | 'over';

export type FaultReport = {
  fault: Fault;
  state: FaultState;
  /** How often a connection, request or fragment ran into it. */
  met: number;
};

type Entry = {
  fault: Fault;
  fromMs: number;
  toMs: number;
  met: number;
  /** Requests it could have struck, for those that strike every third or the like. */
  passed: number;
  cancel: () => void;
};

export type StruckRequest = {
  operation: string;
  stream: string | undefined;
  /** Whether only faults of one stream are looked at, or only those of all; left out: both. */
  faultsOf?: 'one-stream' | 'all-streams';
};

export class Faults {
  readonly #clock: Clock;
  readonly #onTurn = new Set<() => void>();
  readonly #requests = new Map<string, number>();
  #entries: Entry[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Replaces the plan. @throws ZodError for faults that are not in the schema */
  put(faults: readonly FaultInput[]): void {
    const plan = planSchema.parse({ faults });
    this.clear();
    this.#entries = plan.faults.map(fault => this.#schedule(fault));
    this.#turn();
  }

  /** Ends every fault. */
  clear(): void {
    for (const entry of this.#entries) entry.cancel();
    this.#entries = [];
    this.#turn();
  }

  report(): { faults: FaultReport[]; requests: Record<string, number> } {
    const faults = this.#entries.map(entry => ({ fault: entry.fault, state: this.#stateOf(entry), met: entry.met }));
    return { faults, requests: Object.fromEntries(this.#requests) };
  }

  /** Of all requests, whatever became of them; by path. */
  countRequest(path: string): void {
    this.#requests.set(path, (this.#requests.get(path) ?? 0) + 1);
  }

  /** The first active fault of a kind that concerns the stream. */
  find<Kind extends FaultKind>(kind: Kind, stream?: string): FaultOf<Kind> | undefined {
    return this.all(kind, stream)[0];
  }

  all<Kind extends FaultKind>(kind: Kind, stream?: string): FaultOf<Kind>[] {
    return this.#entries
      .filter(entry => this.#stateOf(entry) === 'active')
      .map(({ fault }) => fault)
      .filter((fault): fault is FaultOf<Kind> => fault.fault === kind)
      .filter(fault => !('stream' in fault) || fault.stream === undefined || fault.stream === stream);
  }

  /** The faults that befall this request: the first of each kind. Each counts as met. */
  strike({ operation, stream, faultsOf }: StruckRequest): StruckFaults {
    const struck: StruckFaults = {};
    for (const entry of this.#entries) {
      const { fault } = entry;
      if (!isOfRequest(fault) || this.#stateOf(entry) !== 'active' || struck[fault.fault]) continue;
      if (fault.operation !== undefined && fault.operation !== operation) continue;
      if (fault.stream !== undefined && fault.stream !== stream) continue;
      if (faultsOf && (fault.stream === undefined) !== (faultsOf === 'all-streams')) continue;
      if (entry.passed++ % fault.every !== 0) continue;
      Object.assign(struck, { [fault.fault]: fault });
      this.meet(fault);
    }
    return struck;
  }

  /** Something ran into the fault. One with `times` is over when they are used up. */
  meet(fault: Fault): void {
    const entry = this.#entries.find(candidate => candidate.fault === fault);
    if (!entry) return;
    entry.met++;
    if (this.#stateOf(entry) === 'over') this.#turn();
  }

  /** Called whenever faults may have begun or ended. */
  onTurn(listener: () => void): void {
    this.#onTurn.add(listener);
  }

  #schedule(fault: Fault): Entry {
    const nowMs = this.#clock.monotonicMs();
    const waitMs = fault.atMs === undefined ? fault.afterMs : Math.max(0, fault.atMs - this.#clock.nowMs());
    const fromMs = nowMs + waitMs;
    const toMs = fromMs + (fault.forMs ?? Number.POSITIVE_INFINITY);
    const timers = [waitMs, waitMs + (fault.forMs ?? 0)].map(ms => this.#clock.after(ms + 1, () => this.#turn()));
    return { fault, fromMs, toMs, met: 0, passed: 0, cancel: () => timers.forEach(cancel => void cancel()) };
  }

  #stateOf({ fault, fromMs, toMs, met }: Entry): FaultState {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs < fromMs) return 'planned';
    return nowMs >= toMs || met >= (fault.times ?? Number.POSITIVE_INFINITY) ? 'over' : 'active';
  }

  #turn(): void {
    for (const listener of this.#onTurn) listener();
  }
}
