// /api/alerts and /api/destinations: what rules raised, newest first, how its deliveries went, and where alerts go.
import type { FastifyInstance } from 'fastify';
import type { AlertAnswer, AlertsAnswer, DestinationsAnswer } from '../../../shared/api.ts';
import type { DestinationTested, Redelivered } from '../../../shared/destination-status.ts';
import { alertsQuery, parseRequest, redeliverBody } from '../parse-request.ts';
import type { AlertReader, DestinationReader } from '../readers.ts';
import { Refusal } from '../refusal.ts';

export type AlertRoutesOptions = { alerts: AlertReader; destinations: DestinationReader };
type ById = { Params: { id: string } };

export function alertRoutes(app: FastifyInstance, { alerts, destinations }: AlertRoutesOptions): void {
  app.get('/alerts', async ({ query }): Promise<AlertsAnswer> => {
    return { alerts: alerts.list(parseRequest(alertsQuery, query)) };
  });

  app.get<ById>('/alerts/:id', async ({ params }): Promise<AlertAnswer> => {
    const answer = alerts.alert(params.id);
    if (!answer) throw new Refusal(404, 'alert-unknown', 'There is no alert with this id, or no longer.');
    return answer;
  });

  app.post<ById>('/alerts/:id/redeliver', async ({ params, body }): Promise<Redelivered> => {
    const { destination } = parseRequest(redeliverBody, body);
    return destinations.redeliver({ alertId: params.id, destination });
  });

  app.get('/destinations', async (): Promise<DestinationsAnswer> => ({ destinations: destinations.statuses() }));

  app.post<ById>('/destinations/:id/test', async ({ params }): Promise<DestinationTested> => {
    return destinations.test(params.id);
  });
}
