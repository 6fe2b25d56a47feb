// The fragments of a session that were sent and not yet confirmed, and the clockwork that notices when nothing comes back.
import { AgentError } from '../errors.ts';
import type { Ack } from './acks.ts';
import type { Outgoing } from './outgoing.ts';

/** Beyond it the sender waits for the service: what is not confirmed must be looked up or sent again after a drop. */
const maxFragments = 32;
const maxBytes = 64 * 1024 * 1024;

/** BUFFERING comes as soon as the service sees a fragment. Shorter than a session's idle time, which would hide it. */
const ackPatienceMs = 15_000;
const persistedPatienceMs = 60_000;
const writePatienceMs = 30_000;
/** Since a later fragment was confirmed. The service stores them in order, so an ack that is late by more is hardly on its way. */
const overtakenPatienceMs = 10_000;

export type Progress = {
  /** When the oldest unconfirmed fragment was completely handed over. */
  oldestSentMs?: number;
  lastAckMs?: number;
  lastPersistedMs?: number;
  /** Since when the connection takes no more bytes. */
  blockedSinceMs?: number | undefined;
};

/** The error of a service that fell silent, or undefined while there is hope. Times are monotonic. Pure. */
export function findSilence(progress: Progress, nowMs: number): AgentError | undefined {
  const { oldestSentMs, lastAckMs = 0, lastPersistedMs = 0, blockedSinceMs } = progress;
  if (blockedSinceMs !== undefined && nowMs - blockedSinceMs > writePatienceMs)
    return silent(`AWS took no byte for ${writePatienceMs / 1000} s`);
  if (oldestSentMs === undefined) return undefined;
  if (nowMs - Math.max(oldestSentMs, lastAckMs) > ackPatienceMs)
    return silent(`AWS acknowledged nothing for ${ackPatienceMs / 1000} s`);
  if (nowMs - Math.max(oldestSentMs, lastPersistedMs) > persistedPatienceMs)
    return silent(`AWS stored nothing for ${persistedPatienceMs / 1000} s`);
  return undefined;
}

/** Whether the ack of a fragment that was overtaken then is given up. Pure. */
export function missesAck(overtakenMs: number | undefined, nowMs: number): boolean {
  return overtakenMs !== undefined && nowMs - overtakenMs > overtakenPatienceMs;
}

function silent(what: string): AgentError {
  return new AgentError({
    code: 'service-silent',
    kind: 'unavailable',
    retry: 'now',
    message: `${what}: the upload begins anew. If it lasts, check the network and the AWS health page.`,
  });
}

type Entry = {
  outgoing: Outgoing;
  bytes: number;
  fragmentNumber?: string;
  sentMs?: number;
  received: boolean;
  /** When one sent after it was confirmed before it. */
  overtakenMs?: number;
};

export class InFlight {
  readonly #entries = new Map<number, Entry>();
  readonly #signal: AbortSignal;
  #bytes = 0;
  #wake: (() => void) | undefined;
  #lastAckMs: number | undefined;
  #lastPersistedMs: number | undefined;

  /** Waits reject with the signal's reason when it is aborted. */
  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener('abort', () => this.#wake?.(), { once: true });
  }

  add(outgoing: Outgoing): void {
    this.#entries.set(outgoing.startMs, { outgoing, bytes: 0, received: false });
  }

  /** So many more bytes of the fragment go out. */
  grew(startMs: number, bytes: number): void {
    const entry = this.#entries.get(startMs);
    if (!entry) return;
    entry.bytes += bytes;
    this.#bytes += bytes;
  }

  /** The last byte of the fragment was handed to the connection. */
  sent(startMs: number, nowMs: number): void {
    const entry = this.#entries.get(startMs);
    if (entry) entry.sentMs = nowMs;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Any sign of life of the service. */
  acknowledged(nowMs: number): void {
    this.#lastAckMs = nowMs;
  }

  /** How the service calls the fragment. */
  named(startMs: number, fragmentNumber: string): void {
    const entry = this.#entries.get(startMs);
    if (entry) entry.fragmentNumber = fragmentNumber;
  }

  received(startMs: number): void {
    const entry = this.#entries.get(startMs);
    if (entry) entry.received = true;
  }

  /** The service is done with the fragment. Undefined when it is not in flight. */
  take(startMs: number, nowMs: number): Outgoing | undefined {
    const entry = this.#entries.get(startMs);
    if (!entry) return undefined;
    this.#drop(entry);
    this.#lastPersistedMs = nowMs;
    for (const other of this.#entries.values())
      if (other.outgoing.startMs < startMs && other.sentMs !== undefined) other.overtakenMs ??= nowMs;
    return entry.outgoing;
  }

  /** Waits no more for acks that were overtaken long ago. Returns whether there were such. */
  forgetOvertaken(nowMs: number): boolean {
    const missed = [...this.#entries.values()].filter(({ overtakenMs }) => missesAck(overtakenMs, nowMs));
    for (const entry of missed) this.#drop(entry);
    return missed.length > 0;
  }

  /**
   * Start of the fragment an error is about: the one it names by time or by number; without a name the first that is not
   * received yet, since the service works through them in order.
   */
  startOf({ timecodeMs, fragmentNumber }: Pick<Ack, 'timecodeMs' | 'fragmentNumber'>): number | undefined {
    if (timecodeMs !== undefined) return this.#entries.has(timecodeMs) ? timecodeMs : undefined;
    const entries = [...this.#entries.values()];
    const named = entries.find(entry => fragmentNumber !== undefined && entry.fragmentNumber === fragmentNumber);
    return (named ?? entries.find(({ received }) => !received))?.outgoing.startMs;
  }

  /** Resolves when a fragment of `bytes` may be sent. One caller at a time. */
  async room(bytes: number): Promise<void> {
    const full = () => this.#entries.size >= maxFragments || this.#bytes + bytes > maxBytes;
    while (this.#entries.size > 0 && full()) await this.#taken();
  }

  /** Resolves when everything sent is confirmed or forgotten. One caller at a time. */
  async empty(): Promise<void> {
    while (this.#entries.size > 0) await this.#taken();
  }

  get progress(): Progress {
    const oldest = this.#entries.values().next().value;
    return {
      ...(oldest?.sentMs === undefined ? {} : { oldestSentMs: oldest.sentMs }),
      ...(this.#lastAckMs === undefined ? {} : { lastAckMs: this.#lastAckMs }),
      ...(this.#lastPersistedMs === undefined ? {} : { lastPersistedMs: this.#lastPersistedMs }),
    };
  }

  #drop({ outgoing, bytes }: Entry): void {
    this.#entries.delete(outgoing.startMs);
    this.#bytes -= bytes;
    this.#wake?.();
  }

  async #taken(): Promise<void> {
    this.#signal.throwIfAborted();
    await new Promise<void>(resolve => {
      this.#wake = resolve;
    });
    this.#signal.throwIfAborted();
  }
}
