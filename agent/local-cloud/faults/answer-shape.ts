// Answers that do not arrive as they should: cut off in the middle, or slower than anybody waits.
import type { ServerResponse } from 'node:http';
import type { Clock } from '../../clock.ts';
import { BytePace } from '../quotas/pace.ts';
import type { Answer } from '../route.ts';

/** What happens to the bytes of an answer's body. */
export type Shape = { cutAfterBytes?: number; bytesPerSecond?: number };

export type Shaping = { response: ServerResponse; clock: Clock };

/** The answer as it goes out. Its head is as it was: it still announces the whole length. */
export function shaped(answer: Answer, { cutAfterBytes, bytesPerSecond }: Shape, shaping: Shaping): Answer {
  if (cutAfterBytes === undefined && bytesPerSecond === undefined) return answer;
  const { headers, body } = withLength(answer);
  const slow = bytesPerSecond === undefined ? body : slowed(body, bytesPerSecond, shaping);
  return { ...answer, headers, body: cutAfterBytes === undefined ? slow : cut(slow, cutAfterBytes, shaping) };
}

function withLength({ headers = {}, body = '' }: Answer): {
  headers: Record<string, string>;
  body: AsyncIterable<Uint8Array>;
} {
  if (typeof body === 'object' && Symbol.asyncIterator in body) return { headers, body };
  const pieces = typeof body === 'string' ? [Buffer.from(body)] : body instanceof Uint8Array ? [body] : body;
  const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
  return { headers: { ...headers, 'content-length': String(bytes) }, body: each(pieces) };
}

async function* each(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces;
}

async function* slowed(
  body: AsyncIterable<Uint8Array>,
  bytesPerSecond: number,
  { response, clock }: Shaping,
): AsyncGenerator<Uint8Array> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  const pace = new BytePace(clock, bytesPerSecond);
  const pieceBytes = Math.max(1, Math.floor(bytesPerSecond / 10));
  for await (const chunk of body)
    for (let start = 0; start < chunk.length && !gone.signal.aborted; start += pieceBytes) {
      const piece = chunk.subarray(start, start + pieceBytes);
      await pace.take(piece.length, gone.signal);
      yield piece;
    }
}

/** The last bytes that come arrive; then the connection breaks. An answer that is shorter arrives whole. */
async function* cut(
  body: AsyncIterable<Uint8Array>,
  afterBytes: number,
  { response }: Shaping,
): AsyncGenerator<Uint8Array> {
  let left = afterBytes;
  for await (const chunk of body) {
    if (chunk.length <= left) {
      left -= chunk.length;
      yield chunk;
      continue;
    }
    if (left > 0) yield chunk.subarray(0, left);
    await flushed(response);
    response.destroy();
    return;
  }
}

/** Resolves when the system has everything that was written, or the client has gone. */
function flushed(response: ServerResponse): Promise<void> {
  return new Promise(resolve => {
    const { socket } = response;
    if (!socket || socket.destroyed) return resolve();
    socket.once('close', () => resolve());
    // Nothing is added to the answer: the callback comes after those of all that was written before.
    socket.write('', () => resolve());
  });
}
