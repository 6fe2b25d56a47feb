// Whatever the service, the disk, the process or the clock does: no picture is lost unrecorded, none is in the cloud twice,
// they arrive in order, and nobody is stormed with attempts.
import { beforeAll, expect, test } from 'vitest';
import { breachesOf, type Result, runLab, scenarios } from './lab.ts';

const results = new Map<string, Result>();

beforeAll(async () => {
  for (const result of await runLab('short')) results.set(result.name, result);
  // A minute; more on a machine that has other work.
}, 900_000);

test.each(scenarios.map(({ name }) => name))(
  '%s: nothing lost, nothing twice, in order, no storm of attempts',
  name => {
    const result = results.get(name);
    if (result && 'cannot' in result) {
      process.stdout.write(`${name}: not run here, ${result.cannot}\n`);
      return;
    }
    if (result && 'failed' in result) throw new Error(result.failed);
    expect(result).toHaveProperty('outcome');
    if (!result || !('outcome' in result)) return;
    const { outcome } = result;
    expect(outcome.pictures).toBeGreaterThan(30);
    expect(breachesOf(name, outcome)).toEqual([]);
  },
);
