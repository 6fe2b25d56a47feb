import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { webhookSink } from '../../agent/alerts/sinks/webhook.ts';
import { systemClock } from '../../agent/clock.ts';
import { Secret } from '../../agent/secret.ts';
import type { Alert } from '../../shared/alert.ts';
import { firing, frameMs } from './scene.ts';

const script = join(import.meta.dirname, '../../scripts/webhook-receiver.ts');
const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

async function startReceiver(args: string[], env: NodeJS.ProcessEnv = { HOOK_SECRET: secret, TZ: 'UTC' }) {
  const child: ChildProcess = spawn(process.execPath, [script, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill());
  if (!child.stdout) throw new Error('No output to read');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const nextLine = async () => String((await lines.next()).value);
  return { child, nextLine };
}

function send(url: string, key = secret, change: Partial<Alert> = {}): Promise<void> {
  const context = { streamOf: () => 'front-door', consoleUrl: undefined };
  const sink = webhookSink({
    ...{ url, secret: new Secret(key), destination: 'webhook', context, clock: systemClock },
    ...{ allow: ['127.0.0.1'], timeoutMs: 60_000 },
  });
  return sink.deliver({ id: 'alert-1', ...firing(), deliveries: [], ...change }, new AbortController().signal);
}

test('the receiver prints a line for each verified alert, knows repetitions and refuses a wrong signature', async () => {
  const { child, nextLine } = await startReceiver(['--port', '0']);
  const [, url = ''] = /^listening on (http:\/\/127\.0\.0\.1:\d+)$/.exec(await nextLine()) ?? [];
  await send(url);
  expect(await nextLine()).toBe('✓ signature verified · Person 94 % · front-door · 07:41:12');
  await send(url);
  expect(await nextLine()).toBe('✓ signature verified, again · Person 94 % · front-door · 07:41:12');
  await expect(send(url, 'another secret')).rejects.toMatchObject({ code: 'delivery-refused', kind: 'denied' });
  expect(await nextLine()).toMatch(/^✗ refused \(401\) · /);
  await send(url, secret, { id: 'alert-2', kind: 'health', sightings: [], why: 'The disk has 4 % left.' });
  expect(await nextLine()).toBe('✓ signature verified · The disk has 4 % left. · front-door · 07:41:12');
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
});

test('the receiver prints JSON lines when asked', async () => {
  const { nextLine } = await startReceiver(['--json']);
  const { type, url } = JSON.parse(await nextLine());
  expect(type).toBe('listening');
  await send(url);
  expect(JSON.parse(await nextLine())).toMatchObject({
    type: 'alert',
    id: 'alert-1',
    alert: { data: { ruleId: 'person-at-door', at: new Date(frameMs).toISOString() } },
  });
  const refused = await fetch(url);
  expect(refused.status).toBe(405);
  expect(JSON.parse(await nextLine())).toMatchObject({ type: 'refused', status: 405 });
});

test('the receiver without a secret says what to set', async () => {
  const { child } = await startReceiver(['--port', '0'], { HOOK_SECRET: '' });
  let problem = '';
  child.stderr?.on('data', text => {
    problem += text;
  });
  expect(await once(child, 'close')).toEqual([2, null]);
  expect(problem).toContain('HOOK_SECRET');
});
