// /api/budget: what labels cost today; and when they were paused.
import type { FastifyInstance } from 'fastify';
import type { LabelPausesAnswer } from '../../../shared/api.ts';
import type { Budget } from '../../../shared/budget.ts';
import { parseRequest, rangeQuery } from '../parse-request.ts';
import type { BudgetReader, CameraReader } from '../readers.ts';
import { type CameraParams, cameraById } from './cameras.ts';

export type BudgetRoutesOptions = { budget: BudgetReader; cameras: CameraReader };

export function budgetRoutes(app: FastifyInstance, { budget, cameras }: BudgetRoutesOptions): void {
  app.get('/budget', async (): Promise<Budget> => budget.today());

  app.get<CameraParams>('/cameras/:id/label-pauses', async ({ params, query }): Promise<LabelPausesAnswer> => {
    const range = parseRequest(rangeQuery, query);
    return { pauses: await budget.pauses(cameraById(cameras, params.id).id, range) };
  });
}
