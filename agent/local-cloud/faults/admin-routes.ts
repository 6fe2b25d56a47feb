// PUT, GET and DELETE /admin/faults: signed like every other call, and only there when the server was started for it.
import { parseJsonBody } from '../json-operation.ts';
import type { Route } from '../route.ts';
import { json } from '../route.ts';
import type { Faults } from './faults.ts';
import { planSchema } from './plan.ts';

const path = '/admin/faults';

export function faultRoutes(faults: Faults): Route[] {
  const answer = () => json(faults.report());
  return [
    {
      method: 'PUT',
      path,
      signed: true,
      handle: ({ body }) => {
        faults.put(parseJsonBody(planSchema, body).faults);
        return answer();
      },
    },
    { method: 'GET', path, signed: true, handle: answer },
    {
      method: 'DELETE',
      path,
      signed: true,
      handle: () => {
        faults.clear();
        return answer();
      },
    },
  ];
}
