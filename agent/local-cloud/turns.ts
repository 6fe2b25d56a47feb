// Requests that were sent before an earlier one was answered wait for their turn, as HTTP has it for all that change anything
// (RFC 9112, 9.3.2). Node hands them over as they arrive; their answers have no socket yet that shows whether they are taken.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** More than clients that do this send; each is some kilobytes. */
const maxWaiting = 1000;

export class Turns {
  readonly #waiting = new WeakMap<Socket, number>();

  /** Resolves when it is the request's turn; never when its client goes before, or is cut off for sending too much. */
  async of({ socket }: IncomingMessage, response: ServerResponse): Promise<void> {
    if (response.socket) return;
    const waiting = (this.#waiting.get(socket) ?? 0) + 1;
    if (waiting > maxWaiting) socket.destroy();
    this.#waiting.set(socket, waiting);
    await new Promise(resolve => response.once('socket', resolve));
    this.#waiting.set(socket, (this.#waiting.get(socket) ?? 1) - 1);
  }
}
