// One PutMedia connection fed from the window, and the acks that come back. Unlike a camera's session it never idles: the
// file is read faster than it is sent, and when it is over the session is too.
import type { KinesisVideo } from '../aws/kinesis-video.ts';
import type { Clock } from '../clock.ts';
import { AgentError } from '../errors.ts';
import { judgeAckError } from '../uploader/ack-errors.ts';
import type { Ack } from '../uploader/acks.ts';
import { findSilence } from '../uploader/in-flight.ts';
import { PutMediaConnection } from '../uploader/put-media.ts';
import { clusterOf, sessionHeader, sharesHeader } from '../uploader/session-media.ts';
import type { RecordedFragment } from './cut-file.ts';
import type { Window } from './window.ts';

/** The service ends a connection at 45 minutes. */
const longestMs = 39 * 60_000;
/** How long the service may take to end its answer after the body. */
const closeGraceMs = 2_000;
const watchEveryMs = 1_000;

export type PushSessionOptions = {
  service: KinesisVideo;
  stream: string;
  window: Window;
  clock: Clock;
  signal: AbortSignal;
  onStored: (fragment: RecordedFragment) => void;
  /** The service will never take it; the rest goes on. */
  onRefused: (fragment: RecordedFragment, error: AgentError) => void;
};

/**
 * Sends `first` and what follows it, until the file is over, another header is needed or the connection is old. Resolves
 * when all of it is stored; rejects with an AgentError otherwise, and what is still in the window may be stored or not.
 */
export async function runPushSession(options: PushSessionOptions, first: RecordedFragment): Promise<void> {
  const ended = new AbortController();
  const signal = AbortSignal.any([ended.signal, options.signal]);
  try {
    using connection = await PutMediaConnection.open({
      service: options.service,
      stream: options.stream,
      header: sessionHeader(first.record, first.media),
      startMs: first.record.startMs,
      clock: options.clock,
      signal,
    });
    const session = new PushSession({ ...options, signal }, connection);
    const work = [session.send(first), session.receive(), session.watch()];
    try {
      await Promise.race(work);
    } finally {
      ended.abort();
      connection[Symbol.dispose]();
      await Promise.allSettled(work);
    }
  } finally {
    ended.abort();
  }
}

class PushSession {
  readonly #options: PushSessionOptions;
  readonly #connection: PutMediaConnection;
  readonly #renewAtMs: number;
  #bodyEnded = false;
  #lastAckMs = 0;
  #lastPersistedMs = 0;

  constructor(options: PushSessionOptions, connection: PutMediaConnection) {
    this.#options = options;
    this.#connection = connection;
    this.#renewAtMs = options.clock.monotonicMs() + longestMs;
  }

  async send(first: RecordedFragment): Promise<void> {
    const { window, clock, signal } = this.#options;
    let following: RecordedFragment | undefined = first;
    while (following && sharesHeader(first.record, following.record) && clock.monotonicMs() < this.#renewAtMs) {
      const { record, media }: RecordedFragment = following;
      window.sendBegun(record.startMs);
      await this.#connection.write(clusterOf(record, media));
      window.sent(record.startMs, clock.monotonicMs());
      following = await window.next(record.startMs, signal);
    }
    this.#bodyEnded = true;
    this.#connection.end();
    await window.confirmed(signal);
    // The service allows one connection a stream: the next one should not meet this one.
    await clock.sleep(closeGraceMs, signal);
  }

  async receive(): Promise<void> {
    const { window, stream } = this.#options;
    for await (const ack of this.#connection.acks()) this.#takeAck(ack);
    if (this.#bodyEnded && window.doubtful().length === 0) return;
    throw new AgentError({
      code: 'service-session-ended',
      kind: 'unavailable',
      retry: 'now',
      message: `AWS ended the upload to the stream ${stream}: a new one continues where it stopped.`,
    });
  }

  async watch(): Promise<never> {
    const { clock, window, signal } = this.#options;
    for (;;) {
      await clock.sleep(watchEveryMs, signal);
      const { blockedSinceMs } = this.#connection;
      const [lastAckMs, lastPersistedMs] = [this.#lastAckMs, this.#lastPersistedMs];
      const progress = { ...window.progress, lastAckMs, lastPersistedMs, blockedSinceMs };
      const silence = findSilence(progress, clock.monotonicMs());
      if (silence) throw silence;
    }
  }

  #takeAck(ack: Ack): void {
    const { window, clock, onStored } = this.#options;
    const { eventType, timecodeMs } = ack;
    this.#lastAckMs = clock.monotonicMs();
    if (eventType === 'ERROR') throw this.#takeError(ack);
    if (timecodeMs === undefined) return;
    if (eventType === 'RECEIVED') window.received(timecodeMs);
    if (eventType !== 'PERSISTED') return;
    this.#lastPersistedMs = this.#lastAckMs;
    const fragment = window.take(timecodeMs);
    if (fragment) onStored(fragment);
  }

  /** The service ends the connection after an error. */
  #takeError(ack: Ack): AgentError {
    const { window, onRefused } = this.#options;
    const { action, error } = judgeAckError(ack);
    const aboutMs = ack.timecodeMs ?? window.oldestNotReceived();
    const refused = action === 'set-aside' && aboutMs !== undefined ? window.take(aboutMs) : undefined;
    if (refused) onRefused(refused, error);
    return error;
  }
}
