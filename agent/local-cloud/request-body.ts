// Reads a request's body whole, within a size and a time.
import type { IncomingMessage } from 'node:http';
import type { Clock } from '../clock.ts';
import { WireError } from './wire-error.ts';

type Limits = {
  maxBytes: number;
  timeoutMs: number;
  clock: Clock;
  /** Called once the announced size is known to be acceptable. */
  acceptBody: () => void;
};

/** @throws WireError RequestEntityTooLargeException, SerializationException when the body stops arriving */
export async function readBody(request: IncomingMessage, limits: Limits): Promise<Buffer> {
  const { maxBytes, timeoutMs, clock, acceptBody } = limits;
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
  acceptBody();
  const cancel = clock.after(timeoutMs, () => request.destroy());
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    // Left open on purpose when the body is too large: the refusal goes out on the same socket.
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      bytes += chunk.length;
      if (bytes > maxBytes) throw tooLarge(maxBytes);
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof WireError) throw error;
    throw new WireError('SerializationException', 'The body did not arrive whole.');
  } finally {
    cancel();
  }
  return Buffer.concat(chunks);
}

function tooLarge(maxBytes: number): WireError {
  return new WireError('RequestEntityTooLargeException', `The body must not be larger than ${maxBytes} bytes.`);
}
