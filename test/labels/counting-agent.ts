// Counts calls one after the other and says how many it has counted, until it is killed.
import { CallBudget } from '../../agent/labels/call-budget.ts';
import { LabelLedger } from '../../agent/labels/label-ledger.ts';
import { SimulatedClock } from '../simulated-clock.ts';

const [, , dataDir = ''] = process.argv;
const budget = new CallBudget({
  ledger: new LabelLedger(dataDir),
  clock: new SimulatedClock(Date.UTC(2026, 10, 25, 9)),
  limits: () => ({
    ...{ timeZone: 'UTC', budget: { dollarsPerThousandCalls: 1 } },
    cameras: [{ id: 'door', labels: { provider: 'rekognition' } }],
  }),
  onProblem: error => {
    throw error;
  },
});

let counted = 0;
setInterval(() => {
  budget.take('door');
  process.send?.(++counted);
}, 1);
