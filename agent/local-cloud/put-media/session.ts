// One PutMedia connection: answers at once, acknowledges while the body is open, ends it for the reasons KVS has.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../clock.ts';
import { type ProducerPace, pacedTaker } from '../quotas/media-paces.ts';
import { cutWhenStalled } from '../send-sequence.ts';
import type { StoredStream } from '../store/media-store.ts';
import type { Store } from '../store/store.ts';
import type { Ack } from './ack.ts';
import { AckError, ackLine } from './ack.ts';
import { Retired } from './archiving.ts';
import type { BodyEnd } from './body.ts';
import { Body } from './body.ts';
import { Ingest } from './ingest.ts';

const idleAckMs = 5_000;
const idleEndMs = 30_000;
const maxSessionMs = 45 * 60_000;
/** How long a producer may go on sending after an ERROR before its connection is broken off. */
const lingerMs = 2_000;
/** Of acknowledgements that wait for a producer to read them: thousands of fragments. */
const maxUnreadBytes = 1024 * 1024;

/** What a session needs of the store. */
export type FragmentTaker = Pick<Store, 'findStream' | 'receive'> & {
  persist(...fragment: Parameters<Store['persist']>): Promise<unknown>;
};

/** What may stand between a session and its connection, so that a test can see it misbehave. */
export type SessionTap = {
  /** Before the bytes are taken. May wait, until `stopped` at the longest, or break the connection. @throws AckError */
  take(chunk: Uint8Array, stopped: AbortSignal): Promise<void>;
  /** In place of writing the ack. */
  acknowledge(ack: Ack): void;
  tapStore(store: FragmentTaker): FragmentTaker;
};

export type SessionOptions = {
  store: FragmentTaker;
  stream: StoredStream;
  timelineMs: number;
  errorsOnly: boolean;
  clock: Clock;
  /** How fast the body is taken; left out: as fast as it comes. */
  pace?: ProducerPace | undefined;
  tap?: SessionTap | undefined;
  /** Told of errors that are the server's own. */
  onProblem: (error: unknown) => void;
};

export class Session {
  readonly #options: SessionOptions;
  readonly #response: ServerResponse;
  readonly #body: Body;
  readonly #ingest: Ingest;
  #lastDataMs: number;
  /** Whoever waits for us is not silent. */
  #isTaking = false;
  #cancelIdle: () => void = () => undefined;
  /** Resolves when the session is over and the store has what it will get of it. */
  readonly done: Promise<void>;

  constructor(request: IncomingMessage, response: ServerResponse, options: SessionOptions) {
    this.#options = options;
    this.#response = response;
    this.#body = new Body(request);
    const { fragments } = options.pace ?? {};
    const store = fragments ? pacedTaker(options.store, fragments, this.#body.stopped) : options.store;
    this.#ingest = new Ingest({
      ...options,
      store: options.tap?.tapStore(store) ?? store,
      leastFragmentMs: options.pace?.leastFragmentMs,
      acknowledge: ack => this.#send(ack),
      onFailure: error => this.#body.stop(error),
    });
    this.#lastDataMs = options.clock.monotonicMs();
    this.done = this.#run();
  }

  /** Ends the session, with this error as its last word; a fragment that is not complete is dropped. */
  stop(reason: 'replaced' | 'closing' | AckError): void {
    this.#body.stop(reason);
  }

  async #run(): Promise<void> {
    const { clock } = this.#options;
    const cancelLimit = clock.after(maxSessionMs, () =>
      this.#body.stop(new AckError('MAX_CONNECTION_DURATION_REACHED')),
    );
    this.#watchSilence();
    this.#response.writeHead(200, { 'content-type': 'application/json' });
    this.#response.flushHeaders();
    const end = await this.#receive();
    cancelLimit();
    this.#cancelIdle();
    await this.#finish(end);
  }

  /** Until the body is over, for whatever reason. */
  async #receive(): Promise<BodyEnd> {
    try {
      for (;;) {
        const next = await this.#body.next();
        if ('end' in next) return next.end;
        this.#lastDataMs = this.#options.clock.monotonicMs();
        await this.#options.pace?.bytes?.take(next.length, this.#body.stopped);
        await this.#options.tap?.take(next, this.#body.stopped);
        if (this.#body.stopped.aborted) continue;
        this.#isTaking = true;
        await this.#ingest.take(next);
        this.#isTaking = false;
      }
    } catch (error) {
      return error instanceof Retired ? 'replaced' : asAckError(error);
    }
  }

  async #finish(end: BodyEnd): Promise<void> {
    try {
      if (end === 'ended') await this.#ingest.end();
      else if (end === 'idle') await this.#ingest.complete();
      else if (end instanceof AckError) throw end;
    } catch (error) {
      await this.#fail(asAckError(error));
    }
    await this.#ingest.discard();
    this.#response.end();
    // Also one that ended its body long ago and reads nothing.
    cutWhenStalled(this.#response, this.#options.clock);
    if (end === 'ended') return;
    const body = this.#body;
    body.drain();
    const { socket } = this.#response;
    // Holds on to no more of the session than it needs: fragments are large.
    this.#options.clock.after(lingerMs, () => {
      // A producer that has ended its body may use the connection for its next session.
      if (!body.arrived) socket?.destroy();
    });
  }

  #watchSilence(): void {
    const { clock } = this.#options;
    if (this.#isTaking) this.#lastDataMs = clock.monotonicMs();
    const silentMs = clock.monotonicMs() - this.#lastDataMs;
    if (silentMs >= idleEndMs) {
      this.#body.stop('idle');
      return;
    }
    if (silentMs >= idleAckMs) this.#send({ type: 'IDLE' });
    this.#cancelIdle = clock.after(Math.min(idleAckMs, idleEndMs - silentMs), () => this.#watchSilence());
  }

  #send(ack: Ack): void {
    if (this.#options.errorsOnly && ack.type !== 'ERROR') return;
    if (this.#options.tap) this.#options.tap.acknowledge(ack);
    // Each in a write of its own: of what arrives at once the C producer takes 1024 bytes, and of several acks the first.
    else if (!this.#response.destroyed) this.#response.write(ackLine(ack));
    // Whoever sends for ever and never reads must not fill the memory.
    if (this.#response.writableLength > maxUnreadBytes) this.#response.destroy();
  }

  /** What is complete is persisted and acknowledged first: an ERROR is the last word of a session. */
  async #fail({ code, cause, fragment = this.#ingest.current }: AckError): Promise<void> {
    await this.#ingest.settled();
    if (cause !== undefined && (code === 'INTERNAL_ERROR' || code === 'ARCHIVAL_ERROR')) this.#options.onProblem(cause);
    this.#send({ type: 'ERROR', code, fragment });
  }
}

function asAckError(error: unknown): AckError {
  return error instanceof AckError ? error : new AckError('INTERNAL_ERROR', { cause: error });
}
