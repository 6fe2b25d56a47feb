// The body of a PutMedia request as something that can be waited for, and whose end has many reasons: the producer's
// end, the network's, ours.
import type { IncomingMessage } from 'node:http';
import type { AckError } from './ack.ts';

/**
 * `ended`: the producer closed the body properly. `cut`: the connection broke. The rest is our own doing:
 * `idle` after a long silence, `replaced` by a newer session, `closing` with the server, or an error to tell.
 */
export type BodyEnd = 'ended' | 'cut' | 'idle' | 'replaced' | 'closing' | AckError;

export class Body {
  readonly #request: IncomingMessage;
  #end: BodyEnd | undefined;
  #wake: () => void = () => undefined;
  readonly #stopped = new AbortController();
  readonly #onReadable = () => this.#wake();
  readonly #onEnd = () => this.stop('ended');
  readonly #onCut = () => this.stop('cut');

  constructor(request: IncomingMessage) {
    this.#request = request;
    request.on('readable', this.#onReadable).on('end', this.#onEnd).on('error', this.#onCut).on('close', this.#onCut);
    if (request.destroyed) this.#onCut();
  }

  /** Ends the body for whoever reads it; what was received but not read yet is dropped. The first reason counts. */
  stop(reason: BodyEnd): void {
    this.#end ??= reason;
    this.#stopped.abort();
    this.#wake();
  }

  /** Aborted once the body is over. */
  get stopped(): AbortSignal {
    return this.#stopped.signal;
  }

  /** The next bytes, or why there are none any more. */
  async next(): Promise<Uint8Array | { end: BodyEnd }> {
    for (;;) {
      if (this.#end !== undefined) return { end: this.#end };
      const chunk: Uint8Array | null = this.#request.read();
      if (chunk !== null) return chunk;
      await new Promise<void>(resolve => {
        this.#wake = resolve;
      });
    }
  }

  /** All of it has arrived, read or not: what comes next on the connection is another request. */
  get arrived(): boolean {
    return this.#request.complete;
  }

  /** Lets the rest of the body flow away unread, so that the answer is not lost in a reset. */
  drain(): void {
    this.#request.off('readable', this.#onReadable);
    this.#request.resume();
  }
}
