// One upload session: a PutMedia connection fed with a camera's waiting fragments in time order, and the acks that come
// back for them. Ends by itself when it is old, idle, or the next fragment needs another header.
import type { KinesisVideo } from '../aws/kinesis-video.ts';
import type { Stream } from '../aws/streams.ts';
import type { Clock } from '../clock.ts';
import { AgentError } from '../errors.ts';
import type { Facts } from '../facts.ts';
import type { FragmentRecord } from '../spool/fragment-record.ts';
import type { Spool } from '../spool/spool.ts';
import { judgeAckError } from './ack-errors.ts';
import type { Ack } from './acks.ts';
import { findSilence, InFlight } from './in-flight.ts';
import { PutMediaConnection } from './put-media.ts';
import { clusterOf, endOfFragment, sessionHeader, sharesHeader } from './session-media.ts';

/** The service ends a connection at 45 minutes; a little chance keeps many cameras from renewing together. */
const longestMs = 39 * 60_000;
const longestJitterMs = 4 * 60_000;
/** The service ends a connection after 30 s without data, and not cleanly. */
const idleMs = 20_000;
/** How long the service may take to end its answer after the body. */
const closeGraceMs = 2_000;
const watchEveryMs = 1_000;
/** At the agent's stop: how long the last acks are waited for. */
const stopGraceMs = 3_000;

export type SessionContext = {
  cameraId: string;
  stream: Stream;
  spool: Spool;
  service: KinesisVideo;
  clock: Clock;
  facts: Facts;
  random: () => number;
  /** Something got done: a fragment was persisted or set aside. */
  onProgress: () => void;
  /** Stops after the fragment in hand, waits a moment for its acks. */
  stop: AbortSignal;
};

/**
 * Sends `first` and what follows it. Resolves when everything sent is persisted and the session ended cleanly; rejects
 * with an AgentError otherwise, and then what was sent and not persisted may have arrived or not.
 */
export async function runSession(context: SessionContext, first: FragmentRecord): Promise<void> {
  const ended = new AbortController();
  const stopLate = () => void context.clock.after(stopGraceMs, () => ended.abort(context.stop.reason));
  context.stop.addEventListener('abort', stopLate, { once: true });
  try {
    const file = await readIfThere(context.spool, first);
    if (!file) return;
    using connection = await PutMediaConnection.open({
      service: context.service,
      stream: context.stream.name,
      header: sessionHeader(first, file),
      startMs: first.startMs,
      clock: context.clock,
      signal: ended.signal,
    });
    context.facts.publish({ type: 'upload.state', cameraId: context.cameraId, state: 'uploading' });
    await new Session(context, connection, ended).run(first, file);
  } finally {
    context.stop.removeEventListener('abort', stopLate);
    ended.abort();
  }
}

/** Undefined when the fragment was evicted or its file lost meanwhile: it waits no more, the next one is sent. */
async function readIfThere(spool: Spool, record: FragmentRecord): Promise<Uint8Array | undefined> {
  try {
    return await spool.readFragment(record);
  } catch (error) {
    if (error instanceof AgentError && error.code === 'fragment-missing') return undefined;
    throw error;
  }
}

class Session {
  readonly #context: SessionContext;
  readonly #connection: PutMediaConnection;
  readonly #ended: AbortController;
  readonly #inFlight: InFlight;
  readonly #renewAtMs: number;
  #bodyEnded = false;

  constructor(context: SessionContext, connection: PutMediaConnection, ended: AbortController) {
    this.#context = context;
    this.#connection = connection;
    this.#ended = ended;
    this.#inFlight = new InFlight(ended.signal);
    this.#renewAtMs = context.clock.monotonicMs() + longestMs - context.random() * longestJitterMs;
  }

  async run(first: FragmentRecord, file: Uint8Array): Promise<void> {
    const work = [this.#send(first, file), this.#receive(), this.#watch()];
    try {
      await Promise.race(work);
    } finally {
      this.#ended.abort();
      this.#connection[Symbol.dispose]();
      await Promise.allSettled(work);
    }
  }

  async #send(first: FragmentRecord, file: Uint8Array): Promise<void> {
    let record = first;
    await this.#sendFragment(record, clusterOf(record, file));
    for (let next = await this.#following(record); next; next = await this.#following(record)) {
      await this.#inFlight.room(next.bytes);
      const nextFile = await readIfThere(this.#context.spool, next);
      if (!nextFile) continue;
      await this.#sendFragment(next, clusterOf(next, nextFile));
      record = next;
    }
    this.#bodyEnded = true;
    this.#connection.end();
    await this.#inFlight.empty();
    // The service allows one connection a stream: the next one should not meet this one.
    await this.#context.clock.sleep(closeGraceMs, this.#ended.signal);
  }

  async #sendFragment(record: FragmentRecord, cluster: Uint8Array): Promise<void> {
    const { spool, clock } = this.#context;
    spool.markSendBegun(record.id);
    this.#inFlight.add(record);
    await this.#connection.write(cluster);
    this.#inFlight.sent(record.startMs, clock.monotonicMs());
  }

  /** The next fragment for this session, waited for; undefined when the session should end. */
  async #following(record: FragmentRecord): Promise<FragmentRecord | undefined> {
    const { clock, spool, cameraId, stop } = this.#context;
    const idleAtMs = clock.monotonicMs() + idleMs;
    for (let told = false; ; ) {
      const nowMs = clock.monotonicMs();
      if (stop.aborted || nowMs >= this.#renewAtMs) return undefined;
      const next = spool.nextWaiting(cameraId, record.startMs);
      if (next) return sharesHeader(record, next) ? next : undefined;
      if (nowMs >= idleAtMs) return undefined;
      if (told) await this.#change(Math.min(idleAtMs, this.#renewAtMs) - nowMs);
      else await this.#connection.write(endOfFragment);
      told = true;
    }
  }

  /** Resolves at the spool's next change, after `ms`, or at the agent's stop. */
  async #change(ms: number): Promise<void> {
    const { spool, clock, cameraId, stop } = this.#context;
    const settled = new AbortController();
    const signal = AbortSignal.any([settled.signal, this.#ended.signal, stop]);
    try {
      await Promise.race([spool.changed(cameraId, signal), clock.sleep(ms, signal)]);
    } catch (error) {
      this.#ended.signal.throwIfAborted();
      if (!stop.aborted) throw error;
    } finally {
      settled.abort();
    }
  }

  async #receive(): Promise<void> {
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
    if (eventType === 'RECEIVED') this.#inFlight.received(timecodeMs);
    // Without retention nothing is stored, and RECEIVED is the last word.
    const last = stream.retentionHours === 0 ? 'RECEIVED' : 'PERSISTED';
    if (eventType === last || eventType === 'PERSISTED') this.#confirm(timecodeMs, fragmentNumber ?? '');
  }

  #confirm(timecodeMs: number, fragmentNumber: string): void {
    const { spool, facts, cameraId, clock, onProgress } = this.#context;
    const record = this.#inFlight.take(timecodeMs, clock.monotonicMs());
    if (!record) return;
    spool.markPersisted(record.id, fragmentNumber);
    const { startMs, endMs } = record;
    facts.publish({ type: 'fragment.persisted', cameraId, startMs, endMs, fragmentNumber });
    onProgress();
  }

  /** The service ends the connection after an error. What it will never take is set aside, so that the rest goes on. */
  #takeError(ack: Ack): AgentError {
    const { spool, facts, cameraId, clock, onProgress } = this.#context;
    const { action, error } = judgeAckError(ack);
    const aboutMs = ack.timecodeMs ?? this.#inFlight.oldestNotReceived()?.startMs;
    if (action === 'retry' || aboutMs === undefined) return error;
    const record = this.#inFlight.take(aboutMs, clock.monotonicMs());
    if (!record) return error;
    spool.markRejected(record.id, error.message);
    const { startMs, endMs } = record;
    facts.publish({ type: 'fragment.rejected', cameraId, startMs, endMs, error });
    onProgress();
    return error;
  }

  async #watch(): Promise<never> {
    const { clock } = this.#context;
    for (;;) {
      await clock.sleep(watchEveryMs, this.#ended.signal);
      const { blockedSinceMs } = this.#connection;
      const silence = findSilence({ ...this.#inFlight.progress, blockedSinceMs }, clock.monotonicMs());
      if (silence) throw silence;
    }
  }
}
