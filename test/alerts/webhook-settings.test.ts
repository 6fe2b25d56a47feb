// What the settings of a webhook change: keys in rotation, headers of one's own, the picture, who vouches for the receiver.
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { Webhook } from 'standardwebhooks';
import { expect, onTestFinished, test } from 'vitest';
import { connectDestinations } from '../../agent/alerts/destinations.ts';
import { webhookDestination } from '../../agent/alerts/sinks/webhook.ts';
import { StillLinks } from '../../agent/alerts/still-links.ts';
import { systemClock } from '../../agent/clock.ts';
import { AgentError } from '../../agent/errors.ts';
import { Secret } from '../../agent/secret.ts';
import type { Alert } from '../../shared/alert.ts';
import { type AlertEvent, alertEventSchema } from '../../shared/alert-event.ts';
import { type WebhookSettings, webhookSchema } from '../../shared/destinations/webhook.ts';
import type { SecretReference } from '../../shared/names.ts';
import { deviceCertificate } from '../onvif/device-certificate.ts';
import { misbehavingReceiver } from './misbehaving-receiver.ts';
import { firing, frameMs, sinkParts, temporaryFolder } from './scene.ts';

const secrets: Record<string, string> = {
  OLD: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  NEW: 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD',
  BEARER: 'Bearer canary',
  TWO_LINES: 'canary\r\nX-Evil: 1',
  EMPTY: '',
};
const never = new AbortController().signal;
const alert: Alert = { id: 'b2f1c9aa-alert', ...firing(), deliveries: [] };
const sightingId = alert.sightings[0]?.id ?? '';
const jpeg = Buffer.from([0xff, 0xd8, 0xff, 0xe0, 1, 2, 3, 0xff, 0xd9]);

/** A sink as the settings make it, named `ops`. */
async function sinkOf(
  settings: Partial<WebhookSettings> & { url: string },
  change: Parameters<typeof sinkParts>[0] = {},
) {
  const webhook = webhookSchema.parse({ secret: { env: 'NEW' }, allow: ['127.0.0.1'], ...settings });
  const secretOf = (reference: SecretReference) => new Secret('env' in reference ? (secrets[reference.env] ?? '') : '');
  const parts = sinkParts({ clock: systemClock, secretOf, stillOf: async () => jpeg, ...change });
  const [sink] = (await connectDestinations({ rules: [], destinations: [{ id: 'ops', webhook }] }, parts)).sinks;
  if (!sink) throw new Error('There is no sink');
  return sink;
}

async function eventSent(
  settings: Partial<WebhookSettings>,
  change: Parameters<typeof sinkParts>[0] = {},
  sent = alert,
): Promise<AlertEvent> {
  const { url, received } = await misbehavingReceiver();
  await (await sinkOf({ url, ...settings }, change)).deliver(sent, never);
  const [{ body = '', headers = {} } = {}] = received;
  new Webhook(secrets.NEW ?? '').verify(body, headers as Record<string, string>);
  return alertEventSchema.parse(JSON.parse(body));
}

test('while a secret is changed each alert is signed with both, and receivers with either take it', async () => {
  const { url, received } = await misbehavingReceiver();
  await (await sinkOf({ url, secrets: [{ env: 'OLD' }] })).deliver(alert, never);
  const [{ body = '', headers = {} } = {}] = received;
  expect(headers['webhook-signature']).toMatch(/^v1,[\w+/]{43}= v1,[\w+/]{43}=$/);
  const verified = (secret: string) => new Webhook(secret).verify(body, headers as Record<string, string>);
  expect(verified(secrets.OLD ?? '')).toMatchObject({ id: alert.id });
  expect(verified(secrets.NEW ?? '')).toMatchObject({ id: alert.id });
  expect(() => verified('whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA')).toThrow('No matching signature found');
});

test('headers of one’s own come with each request, and the event by the name that was asked for', async () => {
  const { url, received } = await misbehavingReceiver();
  const headers = { Authorization: { env: 'BEARER' }, 'User-Agent': { env: 'BEARER' } };
  await (await sinkOf({ url, headers, contentType: 'application/cloudevents+json' })).deliver(alert, never);
  expect(received[0]?.headers).toMatchObject({
    authorization: 'Bearer canary',
    'user-agent': 'Bearer canary',
    'content-type': 'application/cloudevents+json',
    'webhook-id': alert.id,
  });
});

test.each([
  ['TWO_LINES', 'headers'],
  ['EMPTY', 'headers'],
  ['EMPTY', 'secrets'],
])('what cannot be sent (%s in %s) is refused at the start, without showing it', async (env, where) => {
  const settings = where === 'headers' ? { headers: { 'X-Key': { env } } } : { secrets: [{ env }] };
  let thrown: unknown;
  try {
    await sinkOf({ url: 'http://127.0.0.1:9', ...settings });
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toMatchObject({ code: 'settings-invalid' });
  expect(inspect(thrown, { depth: 9 })).not.toContain('canary');
});

test.each([
  ['headers that the agent sets', { headers: { 'Webhook-Signature': { env: 'A' } } }],
  ['headers of the connection', { headers: { HOST: { env: 'A' } } }],
  ['a header with a line break in its name', { headers: { 'X\r\nY': { env: 'A' } } }],
  ['a header’s value in the file', { headers: { Authorization: 'Bearer abc' } }],
  ['an allowed URL', { allow: ['http://10.0.0.1'] }],
  ['an allowed host with a port', { allow: ['nas.local:80'] }],
  ['a range that is none', { allow: ['10.0.0.0/33'] }],
  ['an address that is none', { allow: ['10.0.0.256'] }],
  ['a picture of another kind', { still: 'video' }],
])('the settings refuse %s', (_, change) => {
  const settings = { url: 'https://example.com/hook', secret: { env: 'A' }, ...change };
  expect(webhookSchema.safeParse(settings).success).toBe(false);
});

test('every kind of allowed address is taken by the settings and by the guard', async () => {
  const allow = [
    '10.0.0.1',
    '10.0.0.0/8',
    'fd00::1',
    'fd00::/8',
    '::/0',
    'nas.local',
    'NAS',
    'my_host.lan',
    '3com.example',
  ];
  await expect(sinkOf({ url: 'https://example.com/hook', allow })).resolves.toBeDefined();
});

test('the picture is left out unless it was asked for, and when there is none, or one that is too large', async () => {
  const outcomes = await Promise.all([
    eventSent({}),
    eventSent({ still: 'none' }),
    eventSent({ still: 'attachment' }, { stillOf: async () => undefined }),
    eventSent({ still: 'attachment' }, { stillOf: () => Promise.reject(new Error('The disk is gone')) }),
    eventSent({ still: 'attachment' }, { stillOf: async () => new Uint8Array(512 * 1024 + 1) }),
    // The agent does not know its own address.
    eventSent({ still: 'link' }),
    eventSent({ still: 'attachment' }, {}, { ...alert, kind: 'test', sightings: [] }),
  ]);
  expect(outcomes.map(({ data }) => data.still)).toEqual(outcomes.map(() => undefined));
});

test('the picture comes in the event, byte for byte, of the first sighting that has one', async () => {
  const [first] = alert.sightings;
  const sightings = first ? [{ ...first, id: 'gone' }, first] : [];
  const stillOf = async (id: string) => (id === sightingId ? jpeg : undefined);
  const { data } = await eventSent({ still: 'attachment' }, { stillOf }, { ...alert, sightings });
  expect(data.still).toEqual({ contentType: 'image/jpeg', base64: jpeg.toString('base64') });
});

test('the picture comes as a link that is signed anew for each attempt and expires after seven days', async () => {
  const links = await StillLinks.open({ dataDir: temporaryFolder() });
  const stillLinkOf = (id: string) => links.link(id, { consoleUrl: 'https://edge.example:8443', nowMs: frameMs });
  const context = { streamOf: () => undefined, stillLinkOf };
  const { data } = await eventSent({ still: 'link' }, { context });
  expect(data.still).toEqual({
    contentType: 'image/jpeg',
    url: expect.stringMatching(
      new RegExp(`^https://edge\\.example:8443/stills/${sightingId}\\.jpg\\?expires=1796024472&signature=[\\w-]{43}$`),
    ),
    expires: '2026-11-30T07:41:12.000Z',
  });
});

test('a link’s key is the device’s own: for its user only, kept over restarts, made anew when it is damaged', async () => {
  const dataDir = temporaryFolder();
  const place = { consoleUrl: 'http://127.0.0.1:8080', nowMs: frameMs };
  const { url } = (await StillLinks.open({ dataDir })).link('a', place);
  const file = join(dataDir, 'still-link-key');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const key = readFileSync(file, 'utf8').trim();
  expect(Buffer.from(key, 'base64url')).toHaveLength(32);
  expect(url).not.toContain(key);
  expect((await StillLinks.open({ dataDir })).link('a', place).url).toBe(url);
  expect((await StillLinks.open({ dataDir: temporaryFolder() })).link('a', place).url).not.toBe(url);
  writeFileSync(file, key.slice(0, 20));
  expect((await StillLinks.open({ dataDir })).link('a', place).url).not.toBe(url);
});

async function httpsReceiver() {
  const folder = temporaryFolder();
  const { key, cert } = deviceCertificate();
  const caFile = join(folder, 'ca.pem');
  writeFileSync(caFile, cert);
  let requests = 0;
  const server = createServer({ key, cert }, (_request, response) => {
    requests++;
    response.writeHead(204).end();
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  return {
    url: `https://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/hook`,
    caFile,
    requests: () => requests,
  };
}

test('a certificate of one’s own is trusted when the settings name it, and holds at once when it is renewed', async () => {
  const [receiver, other] = [await httpsReceiver(), await httpsReceiver()];
  const sink = await sinkOf({ url: receiver.url, caFile: other.caFile });
  const untrusted = { code: 'delivery-refused', kind: 'denied', message: expect.stringContaining('certificate') };
  await expect(sink.deliver(alert, never)).rejects.toMatchObject(untrusted);
  expect(receiver.requests()).toBe(0);
  writeFileSync(other.caFile, readFileSync(receiver.caFile));
  await sink.deliver(alert, never);
  expect(receiver.requests()).toBe(1);
  const missing = await sinkOf({ url: receiver.url, caFile: `${receiver.caFile}.gone` });
  await expect(missing.deliver(alert, never)).rejects.toMatchObject({
    code: 'delivery-failed',
    retry: 'later',
    message: expect.stringMatching(/caFile .*ca\.pem\.gone cannot be read \(ENOENT\)/),
  });
});

test('nothing that goes wrong shows a secret, a token of the address or a link', async () => {
  const links = await StillLinks.open({ dataDir: temporaryFolder() });
  const stillLinkOf = (id: string) => links.link(id, { consoleUrl: 'https://edge.example', nowMs: frameMs });
  const settings: Partial<WebhookSettings> = {
    ...{ still: 'link', headers: { Authorization: { env: 'BEARER' } }, secrets: [{ env: 'OLD' }] },
  };
  const receiver = await misbehavingReceiver([500, 401, 'reset', { status: 307, headers: { location: '/canary' } }]);
  const urls = [...Array(4).fill(receiver.url), 'http://127.0.0.1:9', 'http://10.0.0.1', 'http://no-such-host.invalid'];
  for (const base of urls) {
    const url = `${base}/hook?token=canary`;
    const sink = await sinkOf({ ...settings, url }, { context: { streamOf: () => undefined, stillLinkOf } });
    const error = await sink.deliver(alert, never).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(AgentError);
    const shown = inspect(error, { depth: 9 }) + JSON.stringify(error) + webhookDestination(url);
    expect(shown).not.toMatch(/canary|whsec_|signature=|MfKQ9r8G|C2FVsBQI/);
  }
  expect(receiver.received).toHaveLength(4);
});
