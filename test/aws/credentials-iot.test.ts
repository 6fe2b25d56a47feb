// A device certificate exchanged for AWS credentials over real mutual TLS, in simulated time.
import { copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openCredentials } from '../../agent/aws/credentials.ts';
import { renewalMs } from '../../agent/aws/iot-credentials.ts';
import { AgentError } from '../../agent/errors.ts';
import { SimulatedClock } from '../simulated-clock.ts';
import { grant, type Script, serveCredentials } from './credential-provider.ts';
import { DeviceCertificates } from './device-certificates.ts';

const hourMs = 3_600_000;
let certificates: DeviceCertificates;

beforeAll(() => {
  certificates = new DeviceCertificates();
  certificates.issue('harbour-7');
  certificates.issue('harbour-7-renewed');
});
afterAll(() => certificates[Symbol.dispose]());
beforeEach(() => certificates.install('harbour-7'));

async function provider(script: Script, overrides: Record<string, string | undefined> = {}) {
  const clock = new SimulatedClock(Date.now());
  const server = await serveCredentials(certificates, script);
  const credentials = openCredentials({
    clock,
    random: () => 0.5,
    iot: {
      endpoint: server.endpoint,
      roleAlias: 'cameras',
      thingName: 'harbour-7',
      certificateFile: certificates.path('device.pem'),
      privateKeyFile: certificates.path('device.key'),
      caFile: certificates.path('ca.pem'),
      ...overrides,
    },
  });
  return { ...server, clock, credentials, ask: () => credentials.provider() };
}

async function refusal(asked: Promise<unknown>): Promise<AgentError> {
  const error = await asked.then(
    () => undefined,
    thrown => thrown,
  );
  if (!(error instanceof AgentError)) throw new Error(`An AgentError was expected, not ${error}`);
  return error;
}

test('the certificate, the role alias and the thing’s name reach the provider; who asks at once shares one exchange', async () => {
  await using iot = await provider(() => grant(iot.clock.nowMs() + hourMs));
  const [first, second] = await Promise.all([iot.ask(), iot.ask()]);
  expect(first).toMatchObject({
    accessKeyId: 'ASIAEXAMPLE',
    secretAccessKey: 'the-secret-key',
    sessionToken: 'the-session-token',
  });
  expect(second).toBe(first);
  expect(iot.exchanges).toEqual([
    { path: '/role-aliases/cameras/credentials', thing: 'harbour-7', device: 'harbour-7' },
  ]);
  const state = iot.credentials.state();
  expect(state).toEqual({ source: 'IoT device certificate thing harbour-7', expiresAtMs: first.expiration?.getTime() });
});

test('without a thing’s name none is sent', async () => {
  await using iot = await provider(() => grant(iot.clock.nowMs() + hourMs), { thingName: undefined });
  await iot.ask();
  expect(iot.exchanges[0]?.thing).toBeUndefined();
});

test('a certificate that was rotated while the agent runs is used for the next exchange, before the old credentials end', async () => {
  await using iot = await provider(({ device }) => grant(iot.clock.nowMs() + hourMs, `ASIA-${device}`));
  await iot.ask();
  certificates.install('harbour-7-renewed');
  await iot.clock.advance(0.7 * hourMs);
  expect((await iot.ask()).accessKeyId).toBe('ASIA-harbour-7');
  expect(iot.exchanges).toHaveLength(1);
  await iot.clock.advance(0.1 * hourMs);
  expect((await iot.ask()).accessKeyId).toBe('ASIA-harbour-7');
  await expect.poll(async () => (await iot.ask()).accessKeyId).toBe('ASIA-harbour-7-renewed');
  expect(iot.exchanges.map(({ device }) => device)).toEqual(['harbour-7', 'harbour-7-renewed']);
});

test('credentials that cannot be renewed go on to their end, with the problem told; then their lack is an error', async () => {
  await using iot = await provider((_, times) =>
    times === 1 ? grant(iot.clock.nowMs() + hourMs) : { status: 500, body: '' },
  );
  await iot.ask();
  await iot.clock.advance(0.8 * hourMs);
  for (let call = 0; call < 20; call++) expect((await iot.ask()).accessKeyId).toBe('ASIAEXAMPLE');
  await expect.poll(() => iot.credentials.state().problem).toContain('HTTP 500');
  for (let call = 0; call < 20; call++) await iot.ask();
  // Twenty signatures within the pause after a failure do not become twenty exchanges.
  expect(iot.exchanges).toHaveLength(2);
  await iot.clock.advance(0.21 * hourMs);
  expect((await refusal(iot.ask())).code).toBe('service-unreachable');
});

test('after the service refused them, the next call has new ones', async () => {
  await using iot = await provider((_, times) => grant(iot.clock.nowMs() + hourMs, `ASIA-${times}`));
  await iot.ask();
  iot.credentials.refresh();
  expect((await iot.ask()).accessKeyId).toBe('ASIA-2');
  expect((await iot.ask()).accessKeyId).toBe('ASIA-2');
});

describe('what a person is told', () => {
  test.each([
    ['404', 404, 'service-denied', 'no role alias cameras'],
    ['403', 403, 'service-denied', 'iot:AssumeRoleWithCertificate'],
    ['429', 429, 'service-unreachable', 'HTTP 429'],
    ['301', 301, 'service-failed', 'describe-endpoint'],
  ])('when the provider answers %s', async (_, status, code, words) => {
    await using iot = await provider(() => ({ status, body: '{"message":"the-secret-key"}' }));
    const error = await refusal(iot.ask());
    expect(error).toMatchObject({ code, message: expect.stringContaining(words) });
    expect(iot.credentials.state().problem).toBe(error.message);
  });

  test.each([
    ['no JSON', 'the-secret-key'],
    ['other JSON', '{"credentials":{"accessKeyId":"the-secret-key"}}'],
    [
      'a date that is none',
      '{"credentials":{"accessKeyId":"a","secretAccessKey":"the-secret-key","sessionToken":"c","expiration":"soon"}}',
    ],
    ['too much of it', `{"credentials":"${'the-secret-key'.repeat(10_000)}"}`],
  ])('when it answers with %s, without the answer’s words', async (_, body) => {
    await using iot = await provider(() => ({ status: 200, body }));
    const error = await refusal(iot.ask());
    expect(error.code).toBe('service-failed');
    expect(JSON.stringify([error.message, String(error.cause), error.stack])).not.toContain('the-secret-key');
  });

  test('when it says nothing for 15 s', async () => {
    await using iot = await provider(() => 'silence');
    const asked = refusal(iot.ask());
    await expect.poll(() => iot.exchanges.length).toBe(1);
    await iot.clock.advance(15_000);
    expect((await asked).code).toBe('service-unreachable');
  });

  test('when nobody listens', async () => {
    await using iot = await provider(() => 'silence', { endpoint: '127.0.0.1:1' });
    expect((await refusal(iot.ask())).code).toBe('service-unreachable');
  });

  test('when the credentials have expired on arrival: the clock is ahead', async () => {
    await using iot = await provider(() => grant(iot.clock.nowMs() - 1));
    expect((await refusal(iot.ask())).message).toContain('clock is ahead');
  });

  test('when the provider cannot prove who it is', async () => {
    await using iot = await provider(() => grant(iot.clock.nowMs() + hourMs), { caFile: undefined });
    expect((await refusal(iot.ask())).message).toContain('cannot prove that it is AWS IoT');
    expect(iot.exchanges).toEqual([]);
  });

  test.each<[string, () => void, string]>([
    ['is missing', () => rmSync(certificates.path('device.pem')), 'is not there'],
    ['is no certificate', () => writeFileSync(certificates.path('device.pem'), 'hello'), 'aws.iot.certificateFile'],
    [
      'has a key of another',
      () => copyFileSync(certificates.path('server.key'), certificates.path('device.key')),
      'is not the key',
    ],
    ['has a key that is none', () => writeFileSync(certificates.path('device.key'), 'hello'), 'aws.iot.privateKeyFile'],
  ])('when the device certificate %s', async (_, harm, words) => {
    harm();
    await using iot = await provider(() => grant(iot.clock.nowMs() + hourMs));
    expect(await refusal(iot.ask())).toMatchObject({ code: 'service-denied', message: expect.stringContaining(words) });
    expect(iot.exchanges).toEqual([]);
  });

  test('when the device certificate has expired, and it works again once there is a new one', async () => {
    await using iot = await provider(() => grant(iot.clock.nowMs() + hourMs));
    await iot.clock.advance(31 * 24 * hourMs);
    expect((await refusal(iot.ask())).message).toMatch(/expired on \d{4}-\d\d-\d\d/);
    certificates.issue('harbour-7-late', { days: 90 });
    certificates.install('harbour-7-late');
    await iot.clock.advance(2_000);
    expect((await iot.ask()).accessKeyId).toBe('ASIAEXAMPLE');
  });

  test('when the provider does not accept the certificate', async () => {
    using others = new DeviceCertificates();
    others.issue('stranger');
    copyFileSync(others.path('stranger.pem'), certificates.path('device.pem'));
    copyFileSync(others.path('stranger.key'), certificates.path('device.key'));
    await using iot = await provider(() => grant(iot.clock.nowMs() + hourMs));
    expect(await refusal(iot.ask())).toMatchObject({
      code: 'service-denied',
      message: expect.stringContaining('when it saw the device certificate'),
    });
    expect(iot.exchanges).toEqual([]);
  });
});

describe('renewal is due', () => {
  test.each([
    ['an hour: at 80 %, a little earlier for some', hourMs, [0.75 * hourMs, 0.8 * hourMs]],
    ['fifteen minutes: five before the end', 15 * 60_000, [9.25 * 60_000, 10 * 60_000]],
    ['two minutes: half way', 120_000, [54_000, 60_000]],
  ] as const)('of a life of %s', (_, lifeMs, [earliestMs, latestMs]) => {
    expect(renewalMs(1_000, 1_000 + lifeMs, () => 0) - 1_000).toBeCloseTo(latestMs, 3);
    expect(renewalMs(1_000, 1_000 + lifeMs, () => 1) - 1_000).toBeCloseTo(earliestMs, 3);
  });
});
