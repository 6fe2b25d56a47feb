// PUT, GET and DELETE /admin/faults: signed like every other call, and only there when the server was started for it.
import { parseOutside } from '../../../shared/parse-outside.ts';
import { parseJson } from '../json-operation.ts';
import type { Route } from '../route.ts';
import { json } from '../route.ts';
import { WireError } from '../wire-error.ts';
import type { Faults } from './faults.ts';
import { type Fault, planSchema } from './plan.ts';

const path = '/admin/faults';
/** Enough to see what is wrong with a plan. */
const namedInRefusal = 5;

export function faultRoutes(faults: Faults): Route[] {
  const answer = () => json(faults.report());
  return [
    {
      method: 'PUT',
      path,
      signed: true,
      handle: ({ body }) => {
        faults.put(planIn(body));
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

/** @throws WireError InvalidArgumentException with each place that is wrong and why */
function planIn(body: Uint8Array): Fault[] {
  const plan = parseOutside(planSchema, parseJson(body));
  if (plan.success) return plan.data.faults;
  const wrong = plan.error.issues.slice(0, namedInRefusal).map(({ path: place, message }) => {
    const where = place.join('.');
    return where === '' ? message : `${where}: ${message}`;
  });
  throw new WireError('InvalidArgumentException', `The plan is wrong. ${wrong.join('; ')}`);
}
