// /api/cameras: how the cameras are, their newest pictures, and where their footage is.
import type { FastifyInstance } from 'fastify';
import type { CamerasAnswer, FootageAnswer, SightingsAnswer } from '../../../shared/api.ts';
import type { CameraStatus } from '../../../shared/camera-status.ts';
import { parseRequest, rangeQuery } from '../parse-request.ts';
import type { CameraReader, FootageReader, SightingReader, StillReader } from '../readers.ts';
import { Refusal, unknownCamera } from '../refusal.ts';

export type CameraRoutesOptions = {
  cameras: CameraReader;
  footage: FootageReader;
  sightings: SightingReader;
  stills: StillReader;
  snapshot: () => CamerasAnswer;
};

export type CameraParams = { Params: { id: string } };

const maxSightings = 5_000;

/** Throws Refusal 404. */
export function cameraById(cameras: CameraReader, id: string): CameraStatus {
  const camera = cameras.statuses().find(status => status.id === id);
  if (!camera) throw unknownCamera();
  return camera;
}

export function cameraRoutes(app: FastifyInstance, options: CameraRoutesOptions): void {
  const { cameras, footage, sightings, stills, snapshot } = options;

  app.get('/cameras', async (): Promise<CamerasAnswer> => snapshot());

  app.get<CameraParams>('/cameras/:id/still.jpg', async ({ params }, reply) => {
    const still = await stills.latestStill(cameraById(cameras, params.id).id);
    if (!still) throw new Refusal(404, 'still-missing', 'There is no picture of this camera yet.');
    return reply.type('image/jpeg').send(still);
  });

  app.get<CameraParams>('/cameras/:id/footage', async ({ params, query }): Promise<FootageAnswer> => {
    const { fromMs, toMs } = parseRequest(rangeQuery, query);
    return { spans: await footage.footage(cameraById(cameras, params.id).id, fromMs, toMs) };
  });

  app.get<CameraParams>('/cameras/:id/sightings', async ({ params, query }): Promise<SightingsAnswer> => {
    const range = parseRequest(rangeQuery, query);
    const { id } = cameraById(cameras, params.id);
    return { sightings: await sightings.ofCamera(id, { ...range, limit: maxSightings }) };
  });
}
