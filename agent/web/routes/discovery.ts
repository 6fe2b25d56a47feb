// POST /api/discovery: a search for cameras, told line by line while it runs, and ended when the browser leaves. One at a
// time, so that the console is no way to flood a network; which places may be searched is the finder's rule.
import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { type DiscoveryEvent, discoveryRequestSchema } from '../../../shared/discovery.ts';
import { parseRequest } from '../parse-request.ts';
import type { CameraFinder } from '../readers.ts';
import { Refusal } from '../refusal.ts';
import { untilClosed } from '../until-closed.ts';

type Told = AsyncGenerator<DiscoveryEvent, void, undefined>;
type DiscoveryRouteOptions = {
  finder: CameraFinder;
  onUnexpectedError: (error: unknown, where: string) => void;
};

export function discoveryRoute(app: FastifyInstance, { finder, onUnexpectedError }: DiscoveryRouteOptions): void {
  let isRunning = false;
  app.post('/discovery', async (request, reply) => {
    const asked = parseRequest(discoveryRequestSchema, request.body);
    if (isRunning) throw new Refusal(409, 'search-running', 'Another search for cameras is running: wait for its end.');
    const closed = untilClosed(reply);
    // There will be no news of its end to let the next search begin.
    if (closed.aborted) return reply;
    isRunning = true;
    const events = finder.search(asked, closed);
    closed.addEventListener('abort', () => {
      isRunning = false;
      // Also when nobody had begun to read the rest of it.
      events.return().catch(() => undefined);
    });
    // What cannot be searched at all is known by now, and answered as every refusal is.
    const first = await events.next();
    // A line has to arrive when it is told, also through a proxy.
    reply.type('application/x-ndjson; charset=utf-8').header('x-accel-buffering', 'no');
    return reply.send(Readable.from(lines(first, events, closed)));
  });

  async function* lines(first: IteratorResult<DiscoveryEvent, void>, events: Told, closed: AbortSignal) {
    try {
      if (!first.done) yield `${JSON.stringify(first.value)}\n`;
      for await (const event of events) yield `${JSON.stringify(event)}\n`;
    } catch (error) {
      // Too late for another answer: one that ends without `done` says that it broke off.
      if (!closed.aborted) onUnexpectedError(error, 'POST /api/discovery');
    }
  }
}
