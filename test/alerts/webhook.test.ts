import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { expect, onTestFinished, test } from 'vitest';
import { runDeliveries } from '../../agent/alerts/deliver.ts';
import { connectDestinations } from '../../agent/alerts/destinations.ts';
import type { PayloadContext } from '../../agent/alerts/payload.ts';
import { webhookDestination, webhookSink } from '../../agent/alerts/sinks/webhook.ts';
import { systemClock } from '../../agent/clock.ts';
import { Secret } from '../../agent/secret.ts';
import type { Alert } from '../../shared/alert.ts';
import type { RuleSettings } from '../../shared/rule-settings.ts';
import { rule as aRule } from '../rules/rule.ts';
import { type Behaviour, misbehavingReceiver } from './misbehaving-receiver.ts';
import { factsOf, firing, frameMs, scene, sinkParts, temporaryFolder } from './scene.ts';

const context: PayloadContext = {
  streamOf: cameraId => (cameraId === 'front-door' ? 'front-door-stream' : undefined),
  consoleUrl: 'http://edge.local:8080/',
  siteName: 'Harbour, north',
  fragmentNumberOf: (_, atMs) => (atMs === frameMs ? '91343852333181432392682062607743920146159169392' : undefined),
};
const alert: Alert = { id: 'b2f1c9aa-alert', ...firing(), deliveries: [] };
const never = new AbortController().signal;

/** Patient: what is not about time must not fail for want of it. */
const patienceMs = 60_000;

function sinkFor(url: string, { secret = 'correct horse', timeoutMs = patienceMs, clock = systemClock } = {}) {
  const destination = webhookDestination(url);
  const allow = ['127.0.0.1'];
  return webhookSink({ url, secret: new Secret(secret), destination, context, clock, timeoutMs, allow });
}

test.each([
  { name: 'whsec_ and base64', secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' },
  { name: 'plain text', secret: 'grüße vom tor' },
])('a secret given as $name makes a signature that Standard Webhooks accepts', async ({ secret }) => {
  const { url, received } = await misbehavingReceiver();
  await sinkFor(url, { secret }).deliver(alert, never);
  const verifier = secret.startsWith('whsec_')
    ? new Webhook(secret)
    : new Webhook(new TextEncoder().encode(secret), { format: 'raw' });
  const [request] = received;
  expect(verifier.verify(request?.body ?? '', request?.headers as Record<string, string>)).toMatchObject({
    type: 'alert.raised',
  });
  expect(request?.headers['webhook-id']).toBe(alert.id);
  expect(() => verifier.verify(`${request?.body} `, request?.headers as Record<string, string>)).toThrow();
});

test('the payload says what was seen where, in which stream, and links to the second in the console', async () => {
  const { url, received } = await misbehavingReceiver();
  await sinkFor(`${url}/hook?token=abc`).deliver(alert, never);
  expect(received[0]?.path).toBe('/hook?token=abc');
  expect(received[0]?.headers['content-type']).toBe('application/json');
  expect(JSON.parse(received[0]?.body ?? '')).toEqual({
    specversion: '1.0',
    id: alert.id,
    source: '/kvs-edge/Harbour%2C%20north',
    type: 'alert.raised',
    time: '2026-11-23T07:41:12.345Z',
    timestamp: '2026-11-23T07:41:12.345Z',
    subject: 'front-door',
    datacontenttype: 'application/json',
    dataschema: 'urn:kvs-edge-agent:alert-event:1#/$defs/AlertData',
    data: {
      alertId: alert.id,
      kind: 'sighting',
      ruleId: 'person-at-door',
      cameraId: 'front-door',
      why: 'Person 94 %.',
      stream: 'front-door-stream',
      atMs: frameMs,
      at: '2026-11-23T07:41:12.345Z',
      fragmentNumber: '91343852333181432392682062607743920146159169392',
      labels: ['Person'],
      sightings: [
        {
          id: `front-door-${frameMs}`,
          label: 'Person',
          confidence: 94.2,
          at: '2026-11-23T07:41:12.345Z',
          box: { left: 0.25, top: 0.1, width: 0.2, height: 0.7 },
        },
      ],
      link: 'http://edge.local:8080/camera/front-door?t=2026-11-23T07%3A41%3A12.345Z',
    },
  });
});

type RefusedCase = { name: string; behaviour: Behaviour; code: string; retry: string; says: RegExp };
const refusals: RefusedCase[] = [
  { name: 'trouble', behaviour: 500, code: 'delivery-failed', retry: 'later', says: /trouble of its own \(500\)/ },
  { name: 'overload', behaviour: 429, code: 'delivery-failed', retry: 'later', says: /429/ },
  { name: 'another secret', behaviour: 401, code: 'delivery-refused', retry: 'later', says: /same secret/ },
  { name: 'a wrong path', behaviour: 404, code: 'delivery-refused', retry: 'later', says: /check the url/ },
  { name: 'a refusal', behaviour: 422, code: 'delivery-refused', retry: 'later', says: /refuses the alert \(422\)/ },
  { name: 'a receiver gone', behaviour: 410, code: 'delivery-refused', retry: 'never', says: /gone for good/ },
  { name: 'a reset', behaviour: 'reset', code: 'delivery-failed', retry: 'later', says: /closed the connection/ },
  { name: 'silence', behaviour: 'silence', code: 'delivery-failed', retry: 'later', says: /within 0.3 s/ },
];

test.each(refusals)('$name is a $code that is retried $retry', async ({ behaviour, code, retry, says }) => {
  const { url } = await misbehavingReceiver([behaviour]);
  const timeoutMs = behaviour === 'silence' ? 300 : patienceMs;
  await expect(sinkFor(`${url}/hook?token=canary`, { timeoutMs }).deliver(alert, never)).rejects.toMatchObject({
    code,
    retry,
    message: expect.stringMatching(says),
  });
});

test('a redirect is not followed', async () => {
  const elsewhere = await misbehavingReceiver();
  const { url } = await misbehavingReceiver([{ status: 307, headers: { location: elsewhere.url } }]);
  await expect(sinkFor(url).deliver(alert, never)).rejects.toMatchObject({ code: 'delivery-refused' });
  expect(elsewhere.received).toEqual([]);
});

test('an answer without end is not read', async () => {
  const { url } = await misbehavingReceiver(['endless-body']);
  await sinkFor(url).deliver(alert, never);
});

const html = { 'content-type': 'text/html; charset=utf-8' };
test.each<{ behaviour: Behaviour; says: string | RegExp }>([
  { behaviour: 204, says: '204 No Content' },
  {
    behaviour: { status: 404, headers: html, text: '<h1>No hook</h1>' },
    says: '404 Not Found: <h1>No hook</h1>',
  },
  { behaviour: { status: 200, headers: { 'content-type': 'application/json' }, text: '{"ok":true}' }, says: /true}$/ },
  { behaviour: { status: 200, headers: { 'content-type': 'image/png' }, text: 'pixels' }, says: '200 OK' },
  { behaviour: 'endless-body', says: /^200 OK: x{1024}$/ },
  { behaviour: 'answer-without-end', says: '202 Accepted: taken' },
])('of an answer it is heard how it begins: $says', async ({ behaviour, says }) => {
  const { url } = await misbehavingReceiver([behaviour]);
  const answers: string[] = [];
  await sinkFor(url)
    .deliver(alert, never, answer => answers.push(answer))
    .catch(() => undefined);
  expect(answers).toEqual([typeof says === 'string' ? says : expect.stringMatching(says)]);
});

test('nobody listening is a clear error without the token of the address', async () => {
  // Port 9, discard: nobody serves it, and browsers' clients refuse to even try, as they do for port 5060.
  const error = await sinkFor('http://127.0.0.1:9/hook?token=canary')
    .deliver(alert, never)
    .catch((error: unknown) => error);
  expect(error).toMatchObject({ code: 'delivery-failed', message: expect.stringContaining('accepts no connection') });
  expect(String(error)).not.toContain('canary');
});

test('a certificate that nobody vouches for is refused before anything of the alert is sent', async () => {
  const folder = temporaryFolder();
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=localhost', '-days', '1'];
  execFileSync('openssl', [...request, '-keyout', key, '-out', cert], { stdio: 'ignore' });
  let requests = 0;
  const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, () => requests++);
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  await expect(sinkFor(`https://127.0.0.1:${port}/hook`).deliver(alert, never)).rejects.toMatchObject({
    code: 'delivery-refused',
    kind: 'denied',
    message: expect.stringContaining('certificate'),
  });
  expect(requests).toBe(0);
});

test('a host that does not exist is a clear error', async () => {
  await expect(sinkFor('http://no-such-host.invalid/hook').deliver(alert, never)).rejects.toMatchObject({
    code: 'delivery-failed',
    message: expect.stringContaining('cannot be found'),
  });
});

test('a receiver that is down, troubled, slow and reset gets each alert once under the same id', async () => {
  const { url, received } = await misbehavingReceiver([500, 'reset', 503, 'silence', 204, 500, 204]);
  const here = scene();
  let busy = 0;
  let attempts = 0;
  const webhook = sinkFor(url, { clock: here.clock });
  const sink = {
    destination: webhook.destination,
    deliver: (alert: Alert, signal: AbortSignal) => {
      busy++;
      attempts++;
      return webhook.deliver(alert, signal).finally(() => busy--);
    },
  };
  for (let count = 0; count < 3; count++) here.outbox.raise(firing(), [sink.destination]);
  const { outbox, clock, facts, stop } = here;
  const done = runDeliveries({ outbox, sinks: [sink], clock, random: () => 0.5, facts, signal: stop.signal });
  const delivered = () => factsOf(here.published, 'alert.delivery').filter(fact => fact.state === 'delivered');
  await clock.advanceUntil(
    () => delivered().length === 3,
    // While the receiver is silent only time goes on.
    () => busy > 0 && !(attempts === 4 && received.length === 4),
  );
  stop.abort();
  await done;
  const ids = received.map(request => request.headers['webhook-id']);
  expect(ids).toEqual([...Array(5).fill('alert-1'), 'alert-2', 'alert-2', 'alert-3']);
});

function rule(id: string, ...webhooks: { url: string; secret: { env: string } }[]): RuleSettings {
  // biome-ignore lint/suspicious/noThenProperty: the settings' own word
  return aRule({ id, then: webhooks.map(webhook => ({ webhook })) });
}

test('rules that name the same webhook share it; the same path with another token or secret is another', async () => {
  const hook = { url: 'https://example.org/hook?token=canary', secret: { env: 'A' } };
  const rules = [
    rule('one', hook),
    rule('two', hook, { ...hook, url: 'https://example.org/hook?token=other' }),
    rule('three', { ...hook, secret: { env: 'B' } }),
  ];
  const destinations = await connectDestinations({ rules, destinations: [] }, sinkParts());
  expect(destinations.sinks.map(sink => sink.destination)).toEqual([
    'webhook https://example.org/hook',
    'webhook https://example.org/hook (2)',
    'webhook https://example.org/hook (3)',
  ]);
  expect(destinations.of('two')).toEqual(['webhook https://example.org/hook', 'webhook https://example.org/hook (2)']);
  expect(destinations.of('no-such-rule')).toEqual([]);
});

test.each(['', '  ', 'whsec_'])('an empty secret (%j) is refused at the start', secret => {
  expect(() => sinkFor('http://127.0.0.1/hook', { secret })).toThrow(
    expect.objectContaining({ code: 'settings-invalid' }),
  );
});
