// Reads a request's body whole, within a size and a time.
import type { IncomingMessage } from 'node:http';
import type { Clock } from '../clock.ts';
import type { BodyBudget } from './body-budget.ts';
import { WireError } from './wire-error.ts';

type Limits = {
  maxBytes: number;
  timeoutMs: number;
  clock: Clock;
  /** Called once the announced size is known to be acceptable. */
  acceptBody: () => void;
  budget: BodyBudget;
};

/** What a piece takes beside its bytes, measured: a body may come byte by byte. */
const pieceBytes = 400;

/**
 * The caller gives the body's bytes back to the budget when it is done with them.
 * @throws WireError RequestEntityTooLargeException, ThrottlingException when too many bodies arrive at once,
 * SerializationException when the body stops arriving
 */
export async function readBody(request: IncomingMessage, limits: Limits): Promise<Buffer> {
  const { maxBytes, timeoutMs, clock, acceptBody, budget } = limits;
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
  acceptBody();
  const cancel = clock.after(timeoutMs, () => request.destroy());
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const takenBytes = () => bytes + chunks.length * pieceBytes;
  try {
    // Left open on purpose when the body is too large: the refusal goes out on the same socket.
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      if (bytes + chunk.length > maxBytes) throw tooLarge(maxBytes);
      if (!budget.take(chunk.length + pieceBytes))
        throw new WireError('ThrottlingException', 'Too much is being sent at once. Try again later.');
      bytes += chunk.length;
      chunks.push(chunk);
    }
  } catch (error) {
    budget.giveBack(takenBytes());
    if (error instanceof WireError) throw error;
    throw new WireError('SerializationException', 'The body did not arrive whole.');
  } finally {
    cancel();
  }
  budget.giveBack(takenBytes() - bytes);
  return Buffer.concat(chunks);
}

function tooLarge(maxBytes: number): WireError {
  return new WireError('RequestEntityTooLargeException', `The body must not be larger than ${maxBytes} bytes.`);
}
