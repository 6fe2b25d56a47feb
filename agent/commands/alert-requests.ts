// What the agent's control socket answers about alerts and where they go.
import { z } from 'zod';
import type { Deliveries } from '../alerts/deliveries.ts';
import type { Outbox } from '../alerts/outbox.ts';
import type { ControlRequests } from '../control/control-server.ts';

const listParams = z.strictObject({
  limit: z.int().min(1).max(10_000),
  cameraId: z.string().optional(),
  state: z.enum(['waiting', 'dead']).optional(),
});
const destination = z.string().optional();
const redeliverParams = z.union([
  z.strictObject({ alertId: z.string(), destination }),
  z.strictObject({ dead: z.literal(true), destination, sinceMs: z.number().optional() }),
]);
const testParams = z.strictObject({ destination: z.string() });

export function alertRequests(outbox: Outbox, deliveries: Deliveries): ControlRequests {
  return {
    'alerts.list': params => outbox.list(listParams.parse(params)),
    'alerts.redeliver': params => deliveries.redeliver(redeliverParams.parse(params)),
    'alerts.test': params => deliveries.test(testParams.parse(params).destination),
  };
}
