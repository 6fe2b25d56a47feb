// POST /api/cameras/:id/playback opens an HLS session; /api/hls/… relays one that only this machine can reach.
import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import type { PlaybackAnswer } from '../../../shared/api.ts';
import { parseRequest, playbackBody } from '../parse-request.ts';
import type { CameraReader, PlaybackReader, RelayReader } from '../readers.ts';
import { Refusal, unknownAddress } from '../refusal.ts';
import { isFromThisMachine } from '../request-guard.ts';
import { untilClosed } from '../until-closed.ts';
import { type CameraParams, cameraById } from './cameras.ts';

export type PlaybackRoutesOptions = { cameras: CameraReader; playback: PlaybackReader; relay: RelayReader };

export function playbackRoutes(app: FastifyInstance, { cameras, playback, relay }: PlaybackRoutesOptions): void {
  app.post<CameraParams>('/cameras/:id/playback', async (request, reply): Promise<PlaybackAnswer> => {
    const { stream } = cameraById(cameras, request.params.id);
    const session = await playback.open(stream, parseRequest(playbackBody, request.body), untilClosed(reply));
    const path = isFromThisMachine(request) ? undefined : relay.pathFor(session.url);
    return path === undefined ? session : { ...session, url: path };
  });

  app.get<{ Params: { file: string } }>('/hls/:file', async (request, reply) => {
    const query = request.url.slice(request.url.indexOf('?'));
    const answer = await relay.fetch(request.params.file, query, untilClosed(reply));
    if (!answer) throw unknownAddress();
    if (answer.status !== 200 || !answer.body)
      throw new Refusal(
        answer.status === 403 ? 403 : 404,
        'footage-missing',
        'The video session has ended or has no video.',
      );
    return reply.type(answer.contentType).send(Readable.fromWeb(answer.body));
  });
}
