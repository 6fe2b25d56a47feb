import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Outbox } from '../../agent/alerts/outbox.ts';
import { scene, temporaryFolder } from './scene.ts';

const agent = join(import.meta.dirname, 'delivering-agent.ts');
const kills = 10;

/** Takes its time, so that most kills hit a delivery under way. Keeps every request, and the order of new ids. */
async function slowReceiver() {
  const bodies = new Map<string, Set<string>>();
  let requests = 0;
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    requests++;
    const id = String(request.headers['webhook-id']);
    bodies.set(id, (bodies.get(id) ?? new Set()).add(Buffer.concat(chunks).toString()));
    setTimeout(() => response.writeHead(204).end(), requests % 4 === 0 ? 60 : 5);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  return { url: `http://127.0.0.1:${port}/hook`, bodies, requests: () => requests };
}

/** Ids that the agent said it had kept before it was killed. */
async function raiseUntilKilled(file: string, url: string, afterMs: number): Promise<string[]> {
  const child = spawn(process.execPath, [agent, file, url, 'raise'], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (output === '') setTimeout(() => child.kill('SIGKILL'), afterMs);
    output += text;
  });
  const [, signal] = await once(child, 'close');
  expect(signal).toBe('SIGKILL');
  return output.split('\n').slice(0, -1);
}

test('kill -9 in the middle of deliveries, ten times: every alert arrives, in order, and repeats carry the same id', async () => {
  const receiver = await slowReceiver();
  const file = join(temporaryFolder(), 'alerts.sqlite');
  const kept: string[] = [];
  for (let kill = 0; kill < kills; kill++) kept.push(...(await raiseUntilKilled(file, receiver.url, 60 + 23 * kill)));
  const drain = spawn(process.execPath, [agent, file, receiver.url, 'drain'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  expect(await once(drain, 'close')).toEqual([0, null]);

  using outbox = new Outbox({ ...scene().options, file });
  const alerts = outbox.list({ limit: 10_000 }).reverse();
  expect(kept.length).toBeGreaterThan(kills);
  // The kill may come between keeping an alert and saying so, never the other way round.
  expect(alerts.map(alert => alert.id)).toEqual(expect.arrayContaining(kept));
  expect(alerts.flatMap(alert => alert.deliveries.map(delivery => delivery.state))).not.toContain('waiting');
  expect([...receiver.bodies.keys()]).toEqual(alerts.map(alert => alert.id));
  expect([...receiver.bodies.values()].every(bodies => bodies.size === 1)).toBe(true);
  console.info(
    `${alerts.length} alerts, ${receiver.requests()} requests: ${receiver.requests() - alerts.length} repeated after ${kills} kills`,
  );
}, 60_000);
