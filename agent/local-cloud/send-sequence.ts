// An answer that comes over time: only as much of it is asked for as the client takes, so that neither a slow client nor
// an endless stream fills the memory. A client that takes nothing for a minute is cut off.
import type { ServerResponse } from 'node:http';
import type { Clock } from '../clock.ts';

const pieceBytes = 256 * 1024;
const stalledMs = 60_000;

/** The head must be written. @throws whatever `body` throws, with the answer unfinished */
export async function sendSequence(
  response: ServerResponse,
  body: AsyncIterable<Uint8Array>,
  clock: Clock,
): Promise<void> {
  // The first bytes may be long in coming; the client wants to know that it was accepted.
  response.flushHeaders();
  for await (const chunk of body) {
    for (let start = 0; start < chunk.length; start += pieceBytes) {
      // Leaving the loop lets `body` clean up.
      if (response.destroyed) return;
      if (!response.write(chunk.subarray(start, start + pieceBytes))) await taken(response, clock);
    }
  }
  response.end();
  cutWhenStalled(response, clock);
}

/** Cuts off a client that takes nothing more of an answer that is written whole. */
export function cutWhenStalled(response: ServerResponse, clock: Clock): void {
  const { socket } = response;
  if (!socket || response.writableFinished) return;
  let leftBytes = Infinity;
  const look = () => {
    if (response.writableFinished || response.destroyed) return;
    if (socket.writableLength >= leftBytes) return void response.destroy();
    leftBytes = socket.writableLength;
    cancel = clock.after(stalledMs, look);
  };
  let cancel = clock.after(stalledMs, look);
  response.once('close', () => cancel());
}

/** Resolves when the client has taken what was written, or has gone. */
function taken(response: ServerResponse, clock: Clock): Promise<void> {
  if (response.destroyed) return Promise.resolve();
  return new Promise(resolve => {
    const cancel = clock.after(stalledMs, () => response.destroy());
    const done = () => {
      cancel();
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.on('drain', done).on('close', done);
  });
}
