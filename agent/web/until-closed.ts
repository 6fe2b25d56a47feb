// Work for a browser ends when the browser is gone.
import type { FastifyReply } from 'fastify';

/** Aborts when the browser is gone, or has its answer. */
export function untilClosed(reply: FastifyReply): AbortSignal {
  const closed = new AbortController();
  // Gone while the request was looked at: that is not told again.
  if (reply.raw.destroyed) closed.abort();
  else reply.raw.once('close', () => closed.abort());
  return closed.signal;
}
