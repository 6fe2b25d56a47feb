// `kvs-edge alerts` and the console's API about alerts, with an agent that runs: what waits and what was given up, delivering
// again, and tests of destinations.
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Outbox } from '../../agent/alerts/outbox.ts';
import { systemClock } from '../../agent/clock.ts';
import { Facts } from '../../agent/facts.ts';
import { misbehavingReceiver } from '../alerts/misbehaving-receiver.ts';
import { firing, goneForGood, serverTrouble } from '../alerts/scene.ts';
import { LabCloud } from '../fault-lab/lab-cloud.ts';
import { RunningAgent, runCli } from './running-agent.ts';

const secret = 'canary5d81c0';

/** Two alerts that an earlier agent left behind: one was given up at `ops` and the other still waits there. */
function leaveAlerts(dataDir: string): string[] {
  const facts = new Facts(() => undefined);
  using outbox = new Outbox({ file: join(dataDir, 'alerts.sqlite'), clock: systemClock, facts, newId: randomUUID });
  const nowMs = systemClock.nowMs();
  const [given, waiting] = ['yard', 'gate'].map(
    cameraId => outbox.raise(firing({ cameraId, atMs: nowMs - 60_000, why: 'Person 94 %.' }), ['ops']).id,
  );
  const attempt = { triedMs: nowMs, tookMs: 20 };
  const dead = { state: 'dead', atMs: nowMs, error: goneForGood } as const;
  const later = { state: 'waiting', atMs: nowMs + 3_600_000, error: serverTrouble } as const;
  outbox.settle('ops', [
    { ...attempt, alertId: given ?? '', answer: '410 gone', settlement: dead },
    { ...attempt, alertId: waiting ?? '', settlement: later },
  ]);
  return [given ?? '', waiting ?? ''];
}

test('alerts are listed, delivered again and tested, by command and by the console', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'alerts-command-'));
  onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
  const [given, waiting] = leaveAlerts(dataDir);
  const ops = await misbehavingReceiver([500]);
  const webhook = { secret: { env: 'HOOK_SECRET' }, allow: ['127.0.0.1'] };
  // It also vouches for the time: without that, no time of the earlier agent would mean anything.
  await using cloud = await LabCloud.start();
  await using agent = await RunningAgent.start(
    {
      dataDir,
      aws: { endpoint: cloud.url },
      destinations: [
        { id: 'ops', webhook: { ...webhook, url: `${ops.url}/hook` } },
        { id: 'nobody', webhook: { ...webhook, url: 'http://127.0.0.1:9/hook' } },
      ],
    },
    { HOOK_SECRET: secret },
  );
  const alerts = (...args: string[]) => runCli(['alerts', ...args, '--config', agent.file]);

  const all = await alerts('list');
  expect(all.code).toBe(0);
  expect(all.output).toMatch(/^ALERT +TIME +CAMERA +RULE +DESTINATION +DELIVERY +WHY\n/);
  expect(all.output).toContain(`${given}`);
  expect(all.output).toContain(`${waiting}`);
  const dead = await alerts('list', '--dead');
  expect(dead.output.trim().split('\n')).toHaveLength(2);
  expect(dead.output).toContain(goneForGood.message);
  expect((await alerts('list', '--waiting', '--camera', 'yard')).output).toBe('No alert is waiting.\n');
  expect(JSON.parse((await alerts('list', '--waiting', '--json')).output)).toMatchObject([{ id: waiting }]);

  // The first request is answered with 500: the test says so, and is not tried again.
  const refused = await alerts('test', 'ops');
  expect(refused).toMatchObject({
    code: 3,
    output: expect.stringMatching(/did not take the test alert.*500.*\[deliv/),
  });
  const took = await agent.ask('POST', '/api/destinations/ops/test');
  expect(took).toMatchObject({ status: 200, answer: { delivered: true } });
  expect(ops.received.map(({ body }) => JSON.parse(body).data.kind)).toEqual(['test', 'test']);
  expect((await alerts('test', 'nobody')).output).toContain('accepts no connection');
  expect(await alerts('test', 'nowhere')).toMatchObject({ code: 1, output: expect.stringContaining('ops, nobody') });

  const again = await alerts('redeliver', '--dead', '--to', 'ops');
  expect(again).toEqual({ code: 0, output: 'One delivery to ops is made again now.\n' });
  // The one that was given up is the older one: it goes first, then nothing holds back the other but its own pause.
  await expect.poll(() => ops.received.length).toBe(3);
  expect(ops.received[2]?.headers['webhook-id']).toBe(given);
  expect(await agent.ask('POST', `/api/alerts/${waiting}/redeliver`)).toEqual({
    ...{ status: 200, answer: { deliveries: 1, destinations: ['ops'] } },
  });
  await expect.poll(() => ops.received[3]?.headers['webhook-id']).toBe(waiting);
  const told = async () => JSON.parse(await agent.text(`/api/alerts/${given}`));
  await expect.poll(told).toMatchObject({
    alert: { id: given, deliveries: [{ destination: 'ops', state: 'delivered', attempts: 2 }] },
    attempts: [
      { number: 1, outcome: 'dead', answer: '410 gone' },
      { number: 2, outcome: 'delivered' },
    ],
  });
  expect(await alerts('redeliver', `${given}`)).toMatchObject({
    ...{ code: 1, output: expect.stringContaining('Every destination has taken this alert') },
  });
  expect(await alerts('redeliver', `${given}`, '--to', 'nobody')).toMatchObject({ code: 0 });

  const destinations = async () => JSON.parse(await agent.text('/api/destinations')).destinations;
  await expect.poll(destinations).toMatchObject([
    { id: 'ops', kind: 'webhook', waiting: 0, dead: 0, lastDeliveredMs: expect.any(Number) },
    { id: 'nobody', kind: 'webhook', waiting: 1, lastProblem: { message: expect.stringContaining('no connection') } },
  ]);
  const status = await runCli(['status', '--config', agent.file]);
  expect(status.output).toMatch(/^ALERTS TO +WAITING +GIVEN UP +LAST DELIVERED\nops +nothing +- +\d+.*\nnobody +1/m);
  expect(`${JSON.stringify(await told())}${agent.output}${all.output}${refused.output}`).not.toContain(secret);
});

test('what is asked for wrongly is wrong usage, and without an agent it says so', async () => {
  for (const args of [
    [],
    ['list', '--dead', '--waiting', '--config', 'x'],
    ['redeliver', '--config', 'x'],
    ['test'],
    ['redeliver', '--dead', '--since', 'yesterday', '--config', 'x'],
  ])
    expect(await runCli(['alerts', ...args])).toMatchObject({ code: 2 });
});
