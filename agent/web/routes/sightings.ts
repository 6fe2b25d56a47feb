// /api/sightings: what was seen, newest first.
import type { FastifyInstance } from 'fastify';
import type { SightingsAnswer } from '../../../shared/api.ts';
import { pageQuery, parseRequest } from '../parse-request.ts';
import type { SightingReader } from '../readers.ts';
import { Refusal } from '../refusal.ts';

export type SightingRoutesOptions = { sightings: SightingReader };

export function sightingRoutes(app: FastifyInstance, { sightings }: SightingRoutesOptions): void {
  app.get('/sightings', async ({ query }): Promise<SightingsAnswer> => {
    return { sightings: await sightings.newest(parseRequest(pageQuery, query)) };
  });

  app.get<{ Params: { id: string } }>('/sightings/:id/still.jpg', async ({ params }, reply) => {
    const still = await sightings.still(params.id);
    if (!still) throw new Refusal(404, 'still-missing', 'There is no picture of this sighting, or no longer.');
    // While something is there, a better picture of it may come.
    return reply.header('cache-control', 'private, max-age=60').type('image/jpeg').send(still);
  });
}
