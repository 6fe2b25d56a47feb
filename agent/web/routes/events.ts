// GET /api/events: the event stream of the console.
import type { FastifyInstance } from 'fastify';
import type { Auth } from '../auth.ts';
import type { LiveEvents } from '../live-events.ts';
import { tokenOf } from './session.ts';

export function eventRoute(app: FastifyInstance, { events, auth }: { events: LiveEvents; auth: Auth }): void {
  app.get('/events', (request, reply) => {
    const token = tokenOf(request);
    reply.hijack();
    // Notices a phone that left the network long before an unanswered heartbeat would.
    request.socket.setKeepAlive(true, 30_000);
    const { raw } = reply;
    for (const [name, value] of Object.entries(reply.getHeaders())) if (value !== undefined) raw.setHeader(name, value);
    // `x-accel-buffering`: a proxy in front of the console must pass events on at once.
    raw.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' });
    events.add({ response: raw, isSignedIn: () => auth.isSignedIn(token) });
  });
}
