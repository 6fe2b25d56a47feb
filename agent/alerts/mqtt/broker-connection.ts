// Keeps a session with a broker for as long as it is wanted: the loop around session.ts. It owns retry, backoff, the version
// of MQTT that the broker speaks, and what is published of the connection's state.
import type { MqttSettings } from '../../../shared/destinations/mqtt.ts';
import type { Clock } from '../../clock.ts';
import { type AgentError, asAgentError } from '../../errors.ts';
import type { Facts } from '../../facts.ts';
import type { ProtocolVersion } from './broker-options.ts';
import { silenceError } from './mqtt-errors.ts';
import { Session, type SessionOptions } from './session.ts';

const firstPauseMs = 1_000;
const longestPauseMs = 60_000;
/** A session that lasted so long was a good one: failures before it are forgotten. */
const steadyMs = 10_000;
/** An alert waits so long for a session before its delivery counts as failed. */
const patienceMs = 10_000;

export type BrokerConnectionOptions = SessionOptions & {
  destination: string;
  version: MqttSettings['version'];
  facts: Facts;
  /** 0 ≤ x < 1. */
  random: () => number;
  clock: Clock;
  /** Brings a new session up to date. What it throws is told of the connection, and ends nothing. */
  onSession?: (session: Session) => Promise<void>;
};

export class BrokerConnection {
  readonly #options: BrokerConnectionOptions;
  readonly #stop = new AbortController();
  #session: Session | undefined;
  #done: Promise<void> | undefined;
  /** What those wait for who need a session: the outcome of the next attempt. */
  #next = Promise.withResolvers<Session>();
  #lastError: AgentError | undefined;
  #versions: readonly ProtocolVersion[];
  #told = '';

  constructor(options: BrokerConnectionOptions) {
    this.#options = options;
    const { version } = options;
    this.#versions = version === undefined ? [5, 4] : [version === 5 ? 5 : 4];
    this.#expectNext();
  }

  /** The session there is now. */
  get session(): Session | undefined {
    return this.#session?.isOpen ? this.#session : undefined;
  }

  /** Connects, and again whenever the connection ends, until `close`. */
  open(): void {
    this.#done ??= this.#run();
  }

  /**
   * A session, awaited for 10 s at most; connects when nobody has asked for that yet.
   * @throws AgentError `delivery-*`: why there is none
   */
  async awaitSession(): Promise<Session> {
    if (this.session) return this.session;
    this.open();
    const { clock, broker } = this.#options;
    const { promise, reject } = Promise.withResolvers<never>();
    const cancel = clock.after(patienceMs, () =>
      reject(this.#lastError ?? silenceError(patienceMs, 'let this device in', broker)),
    );
    try {
      return await Promise.race([this.#next.promise, promise]);
    } finally {
      cancel();
    }
  }

  /** Never rejects. `farewell` is published, when there is a session, before it ends. */
  async close(farewell?: (session: Session) => Promise<void>): Promise<void> {
    const { session } = this;
    if (session && farewell) await this.#withinPatience(farewell(session));
    this.#stop.abort();
    await session?.close();
    await this.#done;
  }

  async #run(): Promise<void> {
    const { clock, random } = this.#options;
    const { signal } = this.#stop;
    for (let failures = 0; !signal.aborted; ) {
      const startedMs = clock.monotonicMs();
      const error = await this.#runOnce();
      if (signal.aborted) return;
      failures = clock.monotonicMs() - startedMs >= steadyMs ? 1 : failures + 1;
      const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** (failures - 1)) * (0.8 + 0.4 * random());
      this.#lastError = error;
      this.#tell('waiting', error, clock.nowMs() + Math.round(pauseMs));
      await clock.sleep(pauseMs, signal).catch(() => undefined);
    }
  }

  /** One session, from its beginning to its end. Resolves to why it ended. */
  async #runOnce(): Promise<AgentError> {
    const outcome = await this.#openInSomeVersion();
    if (!(outcome instanceof Session)) {
      this.#fail(outcome);
      return outcome;
    }
    if (this.#stop.signal.aborted) await outcome.close();
    this.#session = outcome;
    this.#lastError = undefined;
    this.#next.resolve(outcome);
    this.#tell('connected', undefined);
    const problem = await this.#bringUpToDate(outcome);
    if (problem && outcome.isOpen) this.#tell('connected', problem);
    const error = await outcome.ended;
    this.#session = undefined;
    this.#expectNext();
    return error;
  }

  async #openInSomeVersion(): Promise<Session | AgentError> {
    for (const version of this.#versions) {
      const outcome = await Session.open(this.#options, version, this.#stop.signal);
      if (outcome instanceof Session) {
        // What it spoke is what is tried first from now on.
        this.#versions = [version, ...this.#versions.filter(other => other !== version)];
        return outcome;
      }
      const isLast = version === this.#versions.at(-1);
      if (isLast || !outcome.tryOtherVersion || this.#stop.signal.aborted) return outcome.error;
    }
    throw new TypeError('There is no version of MQTT to speak');
  }

  async #bringUpToDate(session: Session): Promise<AgentError | undefined> {
    try {
      await this.#options.onSession?.(session);
      return undefined;
    } catch (thrown) {
      return asAgentError(thrown);
    }
  }

  #fail(error: AgentError): void {
    this.#next.reject(error);
    this.#expectNext();
  }

  #expectNext(): void {
    this.#next = Promise.withResolvers();
    // Often nobody waits.
    this.#next.promise.catch(() => undefined);
  }

  /** Tells changes only: an attempt that fails as the one before is no news. */
  #tell(state: 'connected' | 'waiting', error: AgentError | undefined, retryAtMs?: number): void {
    const { facts, destination } = this.#options;
    const news = `${state} ${error?.message ?? ''}`;
    if (news === this.#told || this.#stop.signal.aborted) return;
    this.#told = news;
    facts.publish({
      type: 'destination.state',
      destination,
      state,
      ...(error ? { error } : {}),
      ...(retryAtMs === undefined ? {} : { retryAtMs }),
    });
  }

  async #withinPatience(work: Promise<void>): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#options.clock.after(2_000, resolve);
    await Promise.race([work.catch(() => undefined), promise]);
    cancel();
  }
}
