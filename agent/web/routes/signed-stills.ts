// /stills/ID.jpg?expires&signature: the picture of a sighting, for who was sent the link in an alert. No session is needed.
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { parseRequest } from '../parse-request.ts';
import type { SightingReader, StillLinkReader } from '../readers.ts';
import { Refusal } from '../refusal.ts';

export type SignedStillOptions = { stillLinks: StillLinkReader; sightings: Pick<SightingReader, 'still'> };

const query = z.object({ expires: z.string().regex(/^\d{1,12}$/), signature: z.string().min(1).max(100) });

export function signedStillRoute(app: FastifyInstance, { stillLinks, sightings }: SignedStillOptions): void {
  app.get<{ Params: { id: string } }>('/stills/:id.jpg', async (request, reply) => {
    const sightingId = request.params.id;
    const { expires, signature } = parseRequest(query, request.query);
    const judgement = stillLinks.judge({ sightingId, expires, signature });
    if (judgement === 'expired') throw new Refusal(410, 'link-expired', 'This link has expired.');
    const still = judgement === 'valid' ? await sightings.still(sightingId) : undefined;
    if (!still) throw new Refusal(404, 'still-missing', 'There is no picture at this address, or no longer.');
    reply.headers({
      'cache-control': 'private, max-age=86400, immutable',
      // A chat or a dashboard shows it within its own page: who has the link may see it.
      'cross-origin-resource-policy': 'cross-origin',
      'x-robots-tag': 'noindex',
    });
    return reply.type('image/jpeg').send(still);
  });
}
