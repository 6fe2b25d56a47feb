// Keeps what the broker retains equal to what holds: the latest wins, nothing waits in a queue. At the beginning of a
// session everything is published; after that, what changed. What the broker still has of an earlier run is emptied.
import type { Clock } from '../../clock.ts';
import { type AgentError, asAgentError } from '../../errors.ts';
import type { Incoming, Session } from './session.ts';
import type { States } from './states.ts';

/** Changes within this time are published as one: the state of a rule may change many times a second. */
const settleMs = 50;
/** To look through all states of very many cameras and rules takes its time: at most this share of a processor's. */
const mostLoad = 0.05;
const longestPauseMs = 60_000;
/** What the broker does not let us have is left alone for so long: brokers like to end the connection over it. */
const refusedMs = 600_000;

export type RetainedOptions = {
  clock: Clock;
  /** What holds now. */
  states: () => States;
  /** Filters of all topics that are ours, also of an earlier run's. */
  filters: readonly string[];
  session: () => Session | undefined;
};

export class Retained {
  readonly #options: RetainedOptions;
  /** What this session has published and the broker acknowledged. */
  #told = new Map<string, string>();
  #toldTo: Session | undefined;
  /** As they were published last. */
  #states: States | undefined;
  #tookMs = 0;
  readonly #refused = new Map<string, { error: AgentError; untilMs: number }>();
  #publishing: Promise<void> = Promise.resolve();
  #isPublishing = false;
  #isStale = false;
  #cancelSettling: (() => void) | undefined;
  #cancelNextChange: (() => void) | undefined;

  constructor(options: RetainedOptions) {
    this.#options = options;
  }

  /** Something may have changed. */
  changed(): void {
    const pauseMs = Math.max(settleMs, this.#tookMs / mostLoad);
    this.#cancelSettling ??= this.#options.clock.after(pauseMs, () => {
      this.#cancelSettling = undefined;
      void this.#publish();
    });
  }

  /**
   * Brings a new session up to date.
   * @throws AgentError `delivery-*` for a topic that the broker does not let us have; the others are published nevertheless
   */
  async begin(session: Session): Promise<void> {
    this.#told = new Map();
    this.#toldTo = session;
    await this.#publish();
    // Only now: what comes back tells what else of ours the broker has.
    const subscribed = await session.subscribe(this.#options.filters).then(() => undefined, asAgentError);
    const problem = this.#refused.values().next().value?.error ?? subscribed;
    if (problem) throw problem;
  }

  /** What the broker had retained, and sends once at the beginning of a session. */
  async take({ topic, payload, retained }: Incoming): Promise<void> {
    if (!retained || payload.length === 0 || !this.#states) return;
    const { wanted, left } = this.#states;
    if (wanted.has(topic) || left.has(topic)) return;
    // Where there is no such thing any more it is gone soon anyway, as the session is: the next one tries again.
    await this.#options
      .session()
      ?.publish({ topic, payload: '', retain: true })
      .catch(() => undefined);
  }

  close(): void {
    this.#cancelSettling?.();
    this.#cancelNextChange?.();
    this.#toldTo = undefined;
  }

  /** One at a time; what changes meanwhile is looked at when it is done. */
  #publish(): Promise<void> {
    this.#isStale = true;
    if (!this.#isPublishing) this.#publishing = this.#publishAll();
    return this.#publishing;
  }

  async #publishAll(): Promise<void> {
    this.#isPublishing = true;
    while (this.#isStale) await this.#publishOnce();
    // In the same breath as the last look: nothing can become stale in between.
    this.#isPublishing = false;
  }

  async #publishOnce(): Promise<void> {
    this.#isStale = false;
    const session = this.#toldTo;
    if (!session?.isOpen) return;
    const { clock } = this.#options;
    const startedMs = clock.monotonicMs();
    this.#states = this.#options.states();
    const { wanted, nextChangeMs } = this.#states;
    const gone = [...this.#told.keys()].filter(topic => !wanted.has(topic)).map(topic => [topic, ''] as const);
    const changed = [...wanted].filter(([topic, payload]) => this.#told.get(topic) !== payload);
    this.#tookMs = clock.monotonicMs() - startedMs;
    await this.#send(session, [...gone, ...changed]);
    this.#awaitNextChange(nextChangeMs);
  }

  #awaitNextChange(atMs: number | undefined): void {
    const { clock } = this.#options;
    this.#cancelNextChange?.();
    // Not in one piece: the clock may be set meanwhile.
    const pauseMs = atMs === undefined ? undefined : Math.min(Math.max(settleMs, atMs - clock.nowMs()), longestPauseMs);
    this.#cancelNextChange = pauseMs === undefined ? undefined : clock.after(pauseMs, () => this.changed());
  }

  async #send(session: Session, messages: (readonly [topic: string, payload: string])[]): Promise<void> {
    const nowMs = this.#options.clock.monotonicMs();
    for (const [topic, { untilMs }] of this.#refused) if (untilMs <= nowMs) this.#refused.delete(topic);
    const sendable = messages.filter(([topic]) => !this.#refused.has(topic));
    await Promise.all(sendable.map(([topic, payload]) => this.#sendOne(session, topic, payload)));
  }

  async #sendOne(session: Session, topic: string, payload: string): Promise<void> {
    try {
      await session.publish({ topic, payload, retain: true });
      if (payload === '') this.#told.delete(topic);
      else this.#told.set(topic, payload);
    } catch (thrown) {
      const error = asAgentError(thrown);
      // A session that ended is no refusal.
      if (error.code !== 'delivery-refused') return;
      this.#refused.set(topic, { error, untilMs: this.#options.clock.monotonicMs() + refusedMs });
    }
  }
}
