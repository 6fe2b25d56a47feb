// Deliveries when the rules change while the agent runs.
import { expect, test } from 'vitest';
import { Deliveries } from '../../agent/alerts/deliveries.ts';
import { Secret } from '../../agent/secret.ts';
import type { RuleSettings } from '../../shared/rule-settings.ts';
import { rule as aRule } from '../rules/rule.ts';
import { misbehavingReceiver } from './misbehaving-receiver.ts';
import { firing, scene, sinkParts } from './scene.ts';

const secretOf = () => new Secret('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');

function rule(urls: string[], change: Partial<RuleSettings> = {}): RuleSettings {
  const routes = urls.map(url => ({ webhook: { url, secret: { env: 'HOOK_SECRET' }, allow: ['127.0.0.1'] } }));
  // biome-ignore lint/suspicious/noThenProperty: the setting's name
  return { ...aRule({ cooldownSeconds: 0, then: routes }), ...change };
}

/** Time stands still: no delivery is given up, and none is tried again, however long the test takes. */
async function running(rules: RuleSettings[]) {
  const { clock, outbox, facts, stop } = scene();
  const shared = { ...sinkParts({ clock, facts }), outbox, signal: stop.signal };
  const deliveries = await Deliveries.open(shared, { rules, destinations: [], secretOf });
  const raise = () => outbox.raise(firing(), deliveries.of('person-at-door'));
  return { deliveries, raise, stop, done: deliveries.run() };
}

test('an alert goes where its rule says now, also from an agent that began without rules', async () => {
  const [first, second] = [await misbehavingReceiver(), await misbehavingReceiver()];
  const { deliveries, raise, stop, done } = await running([]);
  raise();
  await deliveries.follow({ rules: [rule([first.url])], destinations: [], secretOf });
  raise();
  await expect.poll(() => first.received.length).toBe(1);
  await deliveries.follow({ rules: [rule([second.url])], destinations: [], secretOf });
  raise();
  await expect.poll(() => second.received.length).toBe(1);
  expect(first.received).toHaveLength(1);
  stop.abort();
  await done;
});

test('a change that leaves the destinations as they are cuts off no delivery', async () => {
  const [silent, other] = [await misbehavingReceiver(['silence']), await misbehavingReceiver()];
  const rules = [rule([silent.url, other.url])];
  const { deliveries, raise, stop, done } = await running(rules);
  raise();
  await expect.poll(() => [silent, other].map(({ received }) => received.length)).toEqual([1, 1]);
  const changed = rule([silent.url, other.url], {
    cooldownSeconds: 5,
    when: aRule({ when: { labels: ['Car'] } }).when,
  });
  await deliveries.follow({ rules: [changed], destinations: [], secretOf });
  raise();
  await expect.poll(() => other.received.length).toBe(2);
  expect(silent.received).toHaveLength(1);

  // Another secret is another signature.
  await deliveries.follow({ rules: [changed], destinations: [], secretOf: () => new Secret('another secret') });
  await expect.poll(() => silent.received.length).toBe(3);
  stop.abort();
  await done;
});
