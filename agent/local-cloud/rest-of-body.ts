// What a client still sends of a body that was refused is read and thrown away, for a while: many send all of it before they
// read, and a connection that is closed with bytes unread is reset, which takes the answer away too.
import type { IncomingMessage } from 'node:http';
import type { Clock } from '../clock.ts';

const longestMs = 5_000;
/** More is sent by no client that means well. */
const mostBytes = 64 * 2 ** 20;

/** Resolves when the client has sent all, is gone, or is not waited for any longer. */
export function restOfBody(request: IncomingMessage, clock: Clock): Promise<void> {
  const announcedBytes = Number(request.headers['content-length'] ?? Infinity);
  // Who asked whether to go on has its answer, and a body without a length is sent piece by piece, with an ear to it.
  if (request.complete || announcedBytes > mostBytes || request.headers.expect !== undefined) return Promise.resolve();
  return new Promise(resolve => {
    const done = () => {
      cancel();
      request.off('end', done).off('close', done);
      resolve();
    };
    const cancel = clock.after(longestMs, done);
    request.on('end', done).on('close', done).resume();
  });
}
