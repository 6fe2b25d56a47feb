// Work for a browser ends when the browser is gone.
import type { FastifyReply } from 'fastify';

/** Aborts when the browser is gone, or has its answer. */
export function untilClosed(reply: FastifyReply): AbortSignal {
  const closed = new AbortController();
  reply.raw.once('close', () => closed.abort());
  return closed.signal;
}
