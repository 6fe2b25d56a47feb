// Delivering again, and tests of a destination: what people ask for when something went wrong.
import { expect, test } from 'vitest';
import { answerText } from '../../agent/alerts/answer-text.ts';
import { runDeliveries } from '../../agent/alerts/deliver.ts';
import { Deliveries } from '../../agent/alerts/deliveries.ts';
import { redeliver } from '../../agent/alerts/redeliver.ts';
import type { Sink } from '../../agent/alerts/sink.ts';
import { Secret } from '../../agent/secret.ts';
import { rule } from '../rules/rule.ts';
import { misbehavingReceiver } from './misbehaving-receiver.ts';
import { firing, frameMs, goneForGood, type Scene, scene, scriptedSink, serverTrouble, sinkParts } from './scene.ts';

const random = () => 0.5;

function run({ outbox, clock, facts, stop }: Scene, sinks: Sink[], hidden: string[] = []): Promise<void> {
  return runDeliveries({ outbox, sinks, clock, random, facts, signal: stop.signal, hidden });
}

const known = ['webhook a', 'webhook b'];

test('an alert that was given up goes out again under its id, with fresh patience and its history', async () => {
  const here = scene();
  const sink = scriptedSink('webhook a', [goneForGood, serverTrouble]);
  here.outbox.raise(firing(), ['webhook a']);
  const done = run(here, [sink]);
  await here.clock.advanceUntil(() => here.outbox.list({ limit: 1, state: 'dead' }).length === 1);
  expect(redeliver({ alertId: 'alert-1' }, here.outbox, known)).toEqual({
    ...{ deliveries: 1, destinations: ['webhook a'] },
  });
  expect(here.outbox.waiting('webhook a', 1)).toMatchObject([{ alert: { id: 'alert-1' }, attempts: 0 }]);
  await here.clock.advanceUntil(() => sink.taken.length === 1);
  expect(sink.taken).toEqual(['alert-1']);
  await here.clock.advanceUntil(() => here.outbox.list({ limit: 1, state: 'delivered' }).length === 1);
  expect(here.outbox.alert('alert-1')?.attempts.map(({ number, outcome }) => [number, outcome])).toEqual([
    [1, 'dead'],
    [2, 'waiting'],
    [3, 'delivered'],
  ]);
  // Patience began anew: the pause after the second attempt was the first one.
  expect(here.clock.monotonicMs()).toBe(5_000);
  here.stop.abort();
  await done;
});

test('an alert goes to the destination that is named, also when it has taken it or never got it', async () => {
  const here = scene();
  const [a, b] = [scriptedSink('webhook a', []), scriptedSink('webhook b', [])];
  here.outbox.raise(firing(), ['webhook a']);
  const done = run(here, [a, b]);
  await here.clock.advanceUntil(() => a.taken.length === 1);
  await here.clock.advance(1);
  expect(() => redeliver({ alertId: 'alert-1' }, here.outbox, known)).toThrow(/Every destination has taken/);
  redeliver({ alertId: 'alert-1', destination: 'webhook a' }, here.outbox, known);
  redeliver({ alertId: 'alert-1', destination: 'webhook b' }, here.outbox, known);
  await here.clock.advanceUntil(() => a.taken.length === 2 && b.taken.length === 1);
  expect([a.taken, b.taken]).toEqual([['alert-1', 'alert-1'], ['alert-1']]);
  here.stop.abort();
  await done;
});

test('all that one destination did not take since a time go out again, in order; those of others do not', async () => {
  const here = scene();
  const script = () => Array(4).fill(goneForGood);
  const [a, b] = [scriptedSink('webhook a', script()), scriptedSink('webhook b', script())];
  for (let hour = 0; hour < 4; hour++) here.outbox.raise(firing({ atMs: frameMs + hour * 3_600_000 }), known);
  const done = run(here, [a, b]);
  await here.clock.advanceUntil(() => a.attempts + b.attempts === 8);
  await here.clock.advance(1);
  const asked = { dead: true, destination: 'webhook a', sinceMs: frameMs + 3_600_000 } as const;
  expect(redeliver(asked, here.outbox, known)).toEqual({ deliveries: 3, destinations: ['webhook a'] });
  await here.clock.advanceUntil(() => a.taken.length === 3);
  await here.clock.advance(60_000);
  expect([a.taken, b.taken]).toEqual([['alert-2', 'alert-3', 'alert-4'], []]);
  expect(redeliver({ dead: true }, here.outbox, known)).toEqual({ deliveries: 5, destinations: known });
  await here.clock.advanceUntil(() => a.taken.length + b.taken.length === 8);
  expect(b.taken).toEqual(['alert-1', 'alert-2', 'alert-3', 'alert-4']);
  here.stop.abort();
  await done;
});

test('asked for what is not there, it says so', () => {
  const { outbox } = scene();
  outbox.raise(firing(), ['webhook old']);
  const ask = (asked: Parameters<typeof redeliver>[0]) => () => redeliver(asked, outbox, known);
  const error = (code: string, message: RegExp) =>
    expect.objectContaining({ code, message: expect.stringMatching(message) });
  expect(ask({ alertId: 'none' })).toThrow(error('alert-unknown', /no alert none/));
  expect(ask({ alertId: 'none', destination: 'webhook a' })).toThrow(error('alert-unknown', /no alert none/));
  expect(ask({ alertId: 'alert-1' })).toThrow(error('destination-unknown', /no longer name webhook old/));
  expect(ask({ alertId: 'alert-1', destination: 'c' })).toThrow(error('destination-unknown', /webhook a, webhook b/));
  expect(ask({ dead: true, destination: 'webhook old' })).toThrow(error('destination-unknown', /webhook a/));
  expect(redeliver({ dead: true }, outbox, known)).toEqual({ deliveries: 0, destinations: known });
});

test('what a destination answered is kept with the attempt, without the secrets it repeats', async () => {
  const here = scene();
  here.outbox.raise(firing(), ['webhook a']);
  const sink: Sink = {
    destination: 'webhook a',
    async deliver(_alert, _signal, heard) {
      heard?.('404 Cannot POST /hook?token=canary%2Fsecret\r\n<h1>with canary/secret</h1>');
      throw goneForGood;
    },
  };
  const done = run(here, [sink], ['canary/secret']);
  await here.clock.advanceUntil(() => here.outbox.list({ limit: 1, state: 'dead' }).length === 1);
  expect(here.outbox.alert('alert-1')?.attempts).toMatchObject([
    { outcome: 'dead', answer: '404 Cannot POST /hook?token=*** <h1>with ***</h1>' },
  ]);
  here.stop.abort();
  await done;
});

test.each([
  ['a long answer is cut', 'x'.repeat(5_000), [], `${'x'.repeat(299)}…`],
  ['control characters are gone', 'a\u0000\u001b[31mb\tc\n', [], 'a [31mb c'],
  ['the longer secret first', 'abcdef', ['abcd', 'abcdef'], '***'],
  ['nothing is hidden that is everywhere', 'a b c', ['b', ''], 'a b c'],
])('%s', (_name, answer, hidden, shown) => {
  expect(answerText(answer, hidden)).toBe(shown);
});

const secretOf = () => new Secret('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');

/** Time stands still: nothing is tried again, however long the test takes. */
async function running(urls: string[]) {
  const { clock, outbox, facts, stop } = scene();
  const shared = { ...sinkParts({ clock, facts }), outbox, signal: stop.signal };
  const destinations = urls.map((url, index) => ({
    id: `hook-${index}`,
    webhook: { url, secret: { env: 'HOOK' }, allow: ['127.0.0.1'] },
  }));
  // biome-ignore lint/suspicious/noThenProperty: the setting's name
  const rules = [rule({ then: destinations.map(({ id }) => ({ to: id })) })];
  const deliveries = await Deliveries.open(shared, { rules, destinations, secretOf });
  return { outbox, deliveries, stop };
}

test('a test goes to exactly one destination, at once, past what waits, and is kept nowhere', async () => {
  const quoting = { status: 200, headers: {}, text: `sent to /hook?token=canary55 with ${secretOf().reveal()}` };
  const [well, troubled] = [await misbehavingReceiver([quoting]), await misbehavingReceiver([500, 500])];
  const { outbox, deliveries, stop } = await running([`${well.url}/hook?token=canary55`, troubled.url]);
  outbox.raise(firing(), ['hook-1']);
  const done = deliveries.run();
  await expect.poll(() => troubled.received.length).toBe(1);

  expect(await deliveries.test('hook-0')).toMatchObject({
    ...{ delivered: true, tookMs: expect.any(Number) },
    answer: '200 OK: sent to /hook?token=*** with whsec_***',
  });
  expect(well.received).toHaveLength(1);
  expect(troubled.received).toHaveLength(1);
  const failed = await deliveries.test('hook-1');
  expect(failed).toMatchObject({
    delivered: false,
    problem: { code: 'delivery-failed', message: expect.stringContaining('500') },
  });
  expect(troubled.received[1]?.headers['webhook-id']).toBe(failed.alertId);
  await expect(deliveries.test('hook-2')).rejects.toMatchObject({
    code: 'destination-unknown',
    message: expect.stringContaining('hook-0, hook-1'),
  });
  expect(outbox.list({ limit: 10 })).toHaveLength(1);
  stop.abort();
  await done;
});

test('of each destination is told what waits, what was given up, and how it is', async () => {
  const [well, gone] = [await misbehavingReceiver(), await misbehavingReceiver([410, 500])];
  const { outbox, deliveries, stop } = await running([well.url, gone.url]);
  expect(deliveries.statuses()).toEqual([
    { id: 'hook-0', kind: 'webhook', waiting: 0, dead: 0, recentlyDead: 0 },
    { id: 'hook-1', kind: 'webhook', waiting: 0, dead: 0, recentlyDead: 0 },
  ]);
  for (let count = 0; count < 3; count++) outbox.raise(firing(), deliveries.of('person-at-door'));
  const done = deliveries.run();
  await expect.poll(() => [well, gone].map(({ received }) => received.length)).toEqual([3, 2]);
  // What a receiver has taken is not known to be delivered at once.
  await expect
    .poll(() => deliveries.statuses())
    .toMatchObject([
      { id: 'hook-0', waiting: 0, dead: 0, lastDeliveredMs: expect.any(Number) },
      {
        ...{ id: 'hook-1', waiting: 2, dead: 1, recentlyDead: 1, oldestWaitingMs: frameMs },
        ...{ nextTryMs: expect.any(Number), lastProblem: { message: expect.stringContaining('500') } },
      },
    ]);
  expect(deliveries.statuses()[0]).not.toHaveProperty('lastProblem');
  stop.abort();
  await done;
});
