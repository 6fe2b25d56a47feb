// One upload session: a PutMedia connection fed with a camera's fragments in time order, and the acks that come back for
// them. Ends by itself when it is old, idle, or the next fragment needs another header.
import type { KinesisVideo } from '../aws/kinesis-video.ts';
import type { Stream } from '../aws/streams.ts';
import type { Clock } from '../clock.ts';
import { AgentError } from '../errors.ts';
import type { Facts } from '../facts.ts';
import { judgeAckError } from './ack-errors.ts';
import type { Ack } from './acks.ts';
import type { Feed } from './feed.ts';
import { findSilence, InFlight } from './in-flight.ts';
import type { Outgoing } from './outgoing.ts';
import { PutMediaConnection } from './put-media.ts';
import { endOfFragment, sharesHeader } from './session-media.ts';
import type { Uplink } from './uplink.ts';

/** The service ends a connection at 45 minutes; a little chance keeps many cameras from renewing together. */
const longestMs = 39 * 60_000;
const longestJitterMs = 4 * 60_000;
/** The service ends a connection after 30 s without data, and not cleanly. */
const idleMs = 20_000;
/** While a camera runs the next fragment begins within this, and its first bytes say that the one before is whole. */
const pauseMs = 20;
/** How long the service may take to end its answer after the body. */
const closeGraceMs = 2_000;
const watchEveryMs = 1_000;
/** At the agent's stop: how long the last acks are waited for. */
const stopGraceMs = 3_000;

export type SessionContext = {
  cameraId: string;
  stream: Stream;
  feed: Feed;
  service: KinesisVideo;
  uplink: Uplink;
  clock: Clock;
  facts: Facts;
  random: () => number;
  /** The service took the request. */
  onAnswered: () => void;
  onPersisted: () => void;
  /** The service refuses the fragment for good. Returns the error the session ends with. */
  onRefused: (outgoing: Outgoing, error: AgentError) => AgentError;
  /** Stops after the fragment in hand, waits a moment for its acks. */
  stop: AbortSignal;
};

/**
 * Sends `first` and what follows it. Resolves when the session ended cleanly and everything sent is persisted, but for
 * fragments whose ack never came though later ones had theirs: those are looked up before the next session. Rejects with an
 * AgentError otherwise, and then what was sent and not persisted may have arrived or not.
 */
export async function runSession(context: SessionContext, first: Outgoing): Promise<void> {
  const { cameraId, stream, service, uplink, clock, stop } = context;
  const ended = new AbortController();
  const { signal } = ended;
  const stopLate = () => void clock.after(stopGraceMs, () => ended.abort(stop.reason));
  stop.addEventListener('abort', stopLate, { once: true });
  try {
    using connection = await PutMediaConnection.open({
      service,
      stream: stream.name,
      header: first.header(),
      startMs: first.startMs,
      clock,
      signal,
      share: { sliceBytes: uplink.sliceBytes, take: bytes => uplink.take(cameraId, bytes, signal) },
    });
    await new Session(context, connection, ended).run(first);
  } finally {
    stop.removeEventListener('abort', stopLate);
    ended.abort();
  }
}

class Session {
  readonly #context: SessionContext;
  readonly #connection: PutMediaConnection;
  readonly #ended: AbortController;
  readonly #inFlight: InFlight;
  readonly #renewAtMs: number;
  /** Aborted when an ack is missing: whether its fragment is stored is asked between two sessions. */
  readonly #missed = new AbortController();
  #bodyEnded = false;

  constructor(context: SessionContext, connection: PutMediaConnection, ended: AbortController) {
    this.#context = context;
    this.#connection = connection;
    this.#ended = ended;
    this.#inFlight = new InFlight(ended.signal);
    this.#renewAtMs = context.clock.monotonicMs() + longestMs - context.random() * longestJitterMs;
  }

  async run(first: Outgoing): Promise<void> {
    const work = [this.#send(first), this.#receive(), this.#watch()];
    try {
      await Promise.race(work);
    } finally {
      this.#ended.abort();
      this.#connection[Symbol.dispose]();
      await Promise.allSettled(work);
    }
  }

  async #send(first: Outgoing): Promise<void> {
    for (let next: Outgoing | undefined = first; next; next = await this.#following(next)) {
      await this.#inFlight.room(next.bytes);
      await this.#sendFragment(next);
      // Time never goes back within a session: what is older goes first in the next one.
      if (this.#context.feed.hasOlderThan(first.startMs)) break;
    }
    this.#bodyEnded = true;
    this.#connection.end();
    await this.#inFlight.empty();
    // The service allows one connection a stream: the next one should not meet this one.
    await this.#context.clock.sleep(closeGraceMs, this.#ended.signal);
  }

  async #sendFragment(outgoing: Outgoing): Promise<void> {
    const { startMs } = outgoing;
    outgoing.markSendBegun();
    this.#inFlight.add(outgoing);
    for await (const piece of outgoing.cluster(this.#ended.signal)) {
      this.#inFlight.grew(startMs, piece.length);
      await this.#connection.write(piece);
    }
    outgoing.markSent();
    this.#inFlight.sent(startMs, this.#context.clock.monotonicMs());
  }

  /** The next fragment for this session, waited for; undefined when the session should end. */
  async #following(last: Outgoing): Promise<Outgoing | undefined> {
    const { clock, feed, stop } = this.#context;
    const leftMs = Math.min(idleMs, this.#renewAtMs - clock.monotonicMs());
    if (stop.aborted || this.#missed.signal.aborted || leftMs <= 0) return undefined;
    const over = new AbortController();
    const cancel = clock.after(leftMs, () => over.abort());
    const signal = AbortSignal.any([over.signal, this.#missed.signal, this.#ended.signal, stop]);
    try {
      const next = await this.#tagPause(feed.upcoming(signal, last.startMs));
      return sharesHeader(last, next) ? next : undefined;
    } catch (error) {
      this.#ended.signal.throwIfAborted();
      if (!signal.aborted) throw error;
      return undefined;
    } finally {
      cancel();
    }
  }

  /** When nothing follows at once, tells the service that the fragment is whole. */
  async #tagPause(upcoming: Promise<Outgoing>): Promise<Outgoing> {
    const settled = new AbortController();
    const pause = this.#context.clock.sleep(pauseMs, AbortSignal.any([settled.signal, this.#ended.signal]));
    try {
      const next = await Promise.race([upcoming, pause]);
      if (next) return next;
      await this.#connection.write(endOfFragment);
      return await upcoming;
    } finally {
      settled.abort();
      // Whichever lost the race may still fail: nobody asks for it any more.
      for (const promise of [upcoming, pause]) promise.catch(() => undefined);
    }
  }

  async #receive(): Promise<void> {
    await this.#connection.answered();
    this.#context.onAnswered();
    for await (const ack of this.#connection.acks()) this.#takeAck(ack);
    if (this.#bodyEnded && this.#inFlight.size === 0) return;
    throw new AgentError({
      code: 'service-session-ended',
      kind: 'unavailable',
      retry: 'now',
      message: `AWS ended the upload to the stream ${this.#context.stream.name}: a new one continues where it stopped.`,
    });
  }

  #takeAck(ack: Ack): void {
    const { facts, cameraId, clock, stream } = this.#context;
    const { eventType, timecodeMs, fragmentNumber } = ack;
    this.#inFlight.acknowledged(clock.monotonicMs());
    facts.publish({
      type: 'ack.received',
      cameraId,
      eventType,
      ...(timecodeMs === undefined ? {} : { fragmentTimecodeMs: timecodeMs }),
    });
    if (eventType === 'ERROR') throw this.#takeError(ack);
    if (timecodeMs === undefined) return;
    if (fragmentNumber !== undefined) this.#inFlight.named(timecodeMs, fragmentNumber);
    if (eventType === 'RECEIVED') this.#inFlight.received(timecodeMs);
    // Without retention nothing is stored, and RECEIVED is the last word.
    const last = stream.retentionHours === 0 ? 'RECEIVED' : 'PERSISTED';
    if (eventType === last || eventType === 'PERSISTED') this.#confirm(timecodeMs, fragmentNumber ?? '');
  }

  #confirm(timecodeMs: number, fragmentNumber: string): void {
    const outgoing = this.#inFlight.take(timecodeMs, this.#context.clock.monotonicMs());
    if (!outgoing) return;
    outgoing.judge({ type: 'persisted', fragmentNumber });
    this.#context.onPersisted();
  }

  /** The service ends the connection after an error. What it will never take is set aside, so that the rest goes on. */
  #takeError(ack: Ack): AgentError {
    const { action, error } = judgeAckError(ack);
    const startMs = this.#inFlight.startOf(ack);
    if (action === 'retry' || startMs === undefined) return error;
    const outgoing = this.#inFlight.take(startMs, this.#context.clock.monotonicMs());
    return outgoing ? this.#context.onRefused(outgoing, error) : error;
  }

  async #watch(): Promise<never> {
    const { clock } = this.#context;
    for (;;) {
      await clock.sleep(watchEveryMs, this.#ended.signal);
      if (this.#inFlight.forgetOvertaken(clock.monotonicMs())) this.#missed.abort();
      const { blockedSinceMs } = this.#connection;
      const silence = findSilence({ ...this.#inFlight.progress, blockedSinceMs }, clock.monotonicMs());
      if (silence) throw silence;
    }
  }
}
