// Cameras as people change them: add, change, remove, and lists of many as CSV. Passwords go in and never come out.
import type { FastifyInstance } from 'fastify';
import type { CameraEdited, CameraRemoved, ImportAnswer } from '../../../shared/api.ts';
import {
  type CameraChanges,
  cameraChangesSchema,
  importRequestSchema,
  type NewCamera,
  newCameraSchema,
  type ShownCamera,
} from '../../../shared/camera-edits.ts';
import { forceQuery, parseRequest } from '../parse-request.ts';
import type { CameraEditor } from '../readers.ts';
import { unknownCamera } from '../refusal.ts';
import type { CameraParams } from './cameras.ts';

/** A list of a thousand cameras; everything else is small. */
const importBytes = 1_300_000;

export function cameraBookRoutes(app: FastifyInstance, { book }: { book: CameraEditor }): void {
  app.post('/cameras', async ({ body }, reply): Promise<CameraEdited> => {
    // Settings are checked where they are written: there each that is wrong is named.
    const answer = await book.add(parseRequest(newCameraSchema, body) as NewCamera);
    reply.code(201);
    return answer;
  });

  app.patch<CameraParams>('/cameras/:id', async ({ params, body }): Promise<CameraEdited> => {
    return book.change(params.id, parseRequest(cameraChangesSchema, body) as CameraChanges);
  });

  app.delete<CameraParams>('/cameras/:id', async ({ params, query }): Promise<CameraRemoved> => {
    return book.remove(params.id, parseRequest(forceQuery, query));
  });

  app.get<CameraParams>('/cameras/:id/settings', async ({ params }): Promise<ShownCamera> => {
    const camera = book.shown(params.id);
    if (!camera) throw unknownCamera();
    return camera;
  });

  app.post('/cameras/import', { bodyLimit: importBytes }, async ({ body }): Promise<ImportAnswer> => {
    return book.importCsv(parseRequest(importRequestSchema, body));
  });

  app.get('/cameras/export.csv', async (_request, reply) => {
    const csv = await book.exportCsv();
    return reply
      .header('content-disposition', 'attachment; filename="cameras.csv"')
      .type('text/csv; charset=utf-8')
      .send(csv);
  });
}
