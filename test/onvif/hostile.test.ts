// Devices that are broken or mean harm: each ends in one error in bounded time and memory, and nothing that it names makes
// the agent connect to another address.
import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { AgentError, type ErrorCode } from '../../agent/errors.ts';
import { type Misbehaviour, misbehaviours } from './misbehaviour.ts';
import { open, problemOf, unhurried } from './open.ts';
import { type Answer, scriptedDevice } from './scripted-device.ts';
import * as fixtures from './soap-fixtures.ts';
import { elsewhere, measured, witness } from './witness.ts';

const deadlineMs = 800;
/** A device that drips its answer would keep the agent for longer. */
const mostMs = 30_000;
const mostBytes = 64 * 2 ** 20;

/** The code when its first answer is so, and when its profiles are. */
const endings: Record<Misbehaviour, ErrorCode> = {
  'never answers': 'camera-stalled',
  'stalls in the middle of its headers': 'camera-stalled',
  'stalls in the middle of its answer': 'camera-stalled',
  'closes in the middle of its answer': 'camera-ended',
  'closes in the middle of an answer of unknown length': 'camera-answer-invalid',
  'closes at once': 'camera-ended',
  'resets the connection': 'camera-ended',
  'drips 10 bytes a second': 'camera-stalled',
  'announces 200 MB': 'camera-answer-invalid',
  'sends 200 MB without saying so': 'camera-answer-invalid',
  'sends chunks without end': 'camera-answer-invalid',
  'sends headers without end': 'camera-no-onvif',
  'promises to continue without end': 'camera-stalled',
  'sends 300 kB of tiny elements': 'camera-answer-invalid',
  'sends elements with thousands of attributes': 'camera-answer-invalid',
  'nests its elements 100,000 deep': 'camera-answer-invalid',
  'sends a bomb of entities': 'camera-answer-invalid',
  'names a file in an entity': 'camera-answer-invalid',
  'sends a bomb in gzip': 'camera-answer-invalid',
  'sends a login page': 'camera-no-onvif',
  'sends a login page as XML': 'camera-no-onvif',
  'sends nothing': 'camera-answer-invalid',
  'sends a picture': 'camera-answer-invalid',
  'sends a video without end': 'camera-answer-invalid',
  'sends JSON': 'camera-answer-invalid',
  'answers another question': 'camera-answer-invalid',
  'sends an envelope without a body': 'camera-answer-invalid',
  'sends bytes in an unknown charset': 'camera-answer-invalid',
  'speaks RTSP': 'camera-no-onvif',
  'switches protocols': 'camera-ended',
  'is too busy': 'camera-busy',
  'has no such path': 'camera-no-onvif',
  'fails by itself': 'camera-failed',
};

/** Some failures of the question for the time are the manners of good cameras; they end at the question that follows. */
async function everything(device: { address: string }): Promise<unknown> {
  const camera = await open(device, { deadlineMs, clock: unhurried(), username: 'admin', password: 'x' });
  return await camera.information();
}

describe.each(Object.entries(endings))('a device that %s', (name, code) => {
  const answer: Answer = misbehaviours[name as Misbehaviour];

  test('from the start', async () => {
    const device = await scriptedDevice({
      answers: { GetSystemDateAndTime: answer, GetDeviceInformation: answer },
    });
    const { addresses, open: left } = await witness(device.port);
    const { result, tookMs, grewBytes } = await measured(() => problemOf(everything(device)));
    expect(result).toMatchObject({ name: 'AgentError', code });
    expect(tookMs).toBeLessThan(mostMs);
    expect(grewBytes).toBeLessThan(mostBytes);
    expect(addresses()).toEqual(['127.0.0.1']);
    await expect.poll(left).toBe(0);
  });

  test('when asked for its profiles', async () => {
    const device = await scriptedDevice({ answers: { GetProfiles: answer } });
    const { addresses, strangers, open: left } = await witness(device.port);
    const camera = await open(device, { deadlineMs, clock: unhurried() });
    const { result, tookMs, grewBytes } = await measured(() => problemOf(camera.profiles()));
    expect(result).toMatchObject({ name: 'AgentError', code });
    expect(tookMs).toBeLessThan(mostMs);
    expect(grewBytes).toBeLessThan(mostBytes);
    expect([addresses(), await strangers()]).toEqual([['127.0.0.1'], 0]);
    await expect.poll(left).toBe(0);
  });
});

describe('addresses that a device names', () => {
  const targets = [
    'http://169.254.169.254/latest/meta-data',
    `http://${elsewhere}:{port}/x`,
    'http://[::1]:{port}/x',
    'https://example.com/x',
  ];

  test.each([301, 302, 307, 308])('are not followed in a redirect (%d)', async status => {
    for (const location of targets) {
      const answer = { status, headers: { location }, body: '' };
      const device = await scriptedDevice({ answers: { GetSystemDateAndTime: answer } });
      const { addresses, strangers } = await witness(device.port);
      expect(await problemOf(everything(device))).toMatchObject({ code: 'camera-no-onvif' });
      expect([addresses(), await strangers()]).toEqual([['127.0.0.1'], 0]);
    }
  });

  test.each([
    ...targets,
    '//169.254.169.254/x',
    'http:\\\\169.254.169.254\\x',
    'http://127.0.0.1@169.254.169.254/x',
    'x',
  ])('for services are moved to the device itself: %s', async address => {
    const answers = {
      GetServices: fixtures.services({ media1: address, events: address }),
      GetProfiles: fixtures.profiles1,
      GetSnapshotUri: fixtures.snapshotUri1(address),
      GetStreamUri: fixtures.streamUri1('rtsp://169.254.169.254:5554/live'),
      CreatePullPointSubscription: fixtures.pullPoint(address, Date.now(), 60_000),
    };
    const device = await scriptedDevice({ answers });
    const { addresses, strangers } = await witness(device.port);
    const camera = await open(device, { deadlineMs, clock: unhurried() });
    expect(await camera.profiles()).toHaveLength(3);
    expect(await camera.streamUri('Profile_1')).toEqual({
      url: 'rtsp://127.0.0.1:5554/live',
      insteadOf: '169.254.169.254',
    });
    expect(await problemOf(camera.snapshot('Profile_1'))).toBeInstanceOf(AgentError);
    const stop = new AbortController();
    const told: string[] = [];
    const listening = (async () => {
      for await (const { type } of camera.events(stop.signal)) told.push(type);
    })();
    // The device knows no events behind that address: it was asked for them all the same.
    await expect.poll(() => told).toContain('lost');
    stop.abort();
    await listening;
    expect(device.operations()).toContain('PullMessages');
    expect([addresses(), await strangers()]).toEqual([['127.0.0.1'], 0]);
  });

  test.each(['file:///etc/passwd', 'ftp://127.0.0.1/x', 'javascript:alert(1)', 'http://'])(
    'for services are useless when they are %s',
    async address => {
      const device = await scriptedDevice({ answers: { GetServices: fixtures.services({ media1: address }) } });
      expect(await problemOf((await open(device)).profiles())).toMatchObject({ code: 'camera-no-onvif' });
    },
  );

  test.each([
    'file:///etc/passwd',
    'concat:/etc/passwd|/etc/shadow',
    'http://127.0.0.1/x.sdp',
    'rtsp:///x',
    '/live',
    'data:,x',
    '-i /etc/passwd',
    '',
  ])('for a stream are refused when they are %j', async address => {
    const device = await scriptedDevice({ answers: { GetStreamUri: fixtures.streamUri1(address) } });
    expect(await problemOf((await open(device)).streamUri('Profile_1'))).toMatchObject({
      code: 'camera-answer-invalid',
    });
  });

  test.each([
    ['rtsp://user:canary@127.0.0.1/live?x=1&amp;y=2#z', 'rtsp://127.0.0.1/live?x=1&y=2'],
    ['rtsp://camera.example/live', 'rtsp://127.0.0.1/live'],
    ['rtsps://[fe80::1]:322/a b', 'rtsps://127.0.0.1:322/a%20b'],
    ['RTSP://0.0.0.0:554/Streaming/Channels/101', 'rtsp://127.0.0.1:554/Streaming/Channels/101'],
  ])('for a stream keep their port, path and query, and lose user and password: %s', async (address, url) => {
    const device = await scriptedDevice({ answers: { GetStreamUri: fixtures.streamUri1(address) } });
    expect(await (await open(device)).streamUri('Profile_1')).toMatchObject({ url });
  });
});

describe('answers that are only odd', () => {
  test('elements named like parts of every object are values like others', async () => {
    const odd = fixtures.information.replace(
      '<tds:Manufacturer>',
      '<__proto__ polluted="1"><polluted>1</polluted></__proto__><constructor><prototype polluted="1"/></constructor><tds:Manufacturer>',
    );
    const named = fixtures.profiles1.replaceAll('Profile_1', '__proto__').replaceAll('vs0', 'constructor');
    const device = await scriptedDevice({ answers: { GetDeviceInformation: odd, GetProfiles: named } });
    const camera = await open(device);
    expect(await camera.information()).toMatchObject({ model: 'Dome 4K' });
    expect((await camera.profiles())[0]).toMatchObject({
      token: '__proto__',
      role: 'main',
      videoSourceToken: 'constructor',
    });
    expect('polluted' in {}).toBe(false);
  });

  test('capabilities without media are a camera without streams', async () => {
    const answers = {
      GetServices: fixtures.fault('ter:ActionNotSupported'),
      GetCapabilities: fixtures.capabilities({ events: 'http://127.0.0.1/e' }),
    };
    const camera = await open(await scriptedDevice({ answers }));
    expect(await camera.services()).toEqual(['events']);
    const problem = await problemOf(camera.profiles());
    expect(problem).toMatchObject({ code: 'camera-no-onvif' });
    expect(String(problem)).toContain('does not offer video profiles');
  });

  test('services are asked for in the old way when the new one is not known', async () => {
    const answers = {
      // What cameras built with gSOAP say of an operation they do not have.
      GetServices: fixtures.fault11('SOAP-ENV:Client', 'Method tds:GetServices not implemented'),
      GetCapabilities: fixtures.capabilities({ media1: 'http://127.0.0.1/m' }),
    };
    expect(await (await open(await scriptedDevice({ answers }))).profiles()).toHaveLength(3);
  });

  test('a Media2 that fails leaves Media1', async () => {
    const both = fixtures.services({ media1: 'http://127.0.0.1/one', media2: 'http://127.0.0.1/two' });
    const answers = { GetServices: both, GetProfiles: [{ status: 500, body: '' }, fixtures.profiles1] };
    expect(await (await open(await scriptedDevice({ answers }))).profiles()).toHaveLength(3);
  });

  test.each([
    { says: fixtures.fault('ter:ActionNotSupported'), code: 'camera-no-onvif' },
    // Words of a camera's SOAP server, as above.
    { says: fixtures.fault11('SOAP-ENV:Server', 'Method not implemented'), code: 'camera-no-onvif' },
    { says: fixtures.fault('ter:InvalidArgVal', '</script>\u001b[2J'), code: 'camera-failed' },
    { says: fixtures.fault11('SOAP-ENV:Client', 'Authentication failed'), code: 'camera-denied' },
    { says: fixtures.fault('ter:OutofMemory'), code: 'camera-busy' },
    { says: fixtures.soap('<env:Fault/>'), code: 'camera-failed' },
  ])('the fault $says is told as $code, without its words', async ({ says, code }) => {
    const problem = await problemOf(
      (await open(await scriptedDevice({ answers: { GetDeviceInformation: says } }))).information(),
    );
    expect(problem).toMatchObject({ code });
    expect(String(problem)).not.toMatch(/ter:|SOAP-ENV|script/);
  });

  test.each([
    { name: 'GB2312', type: 'text/xml; charset=gb2312', bytes: [0xd6, 0xd0], text: '中' },
    { name: 'Latin 1', type: 'application/soap+xml; charset="ISO-8859-1"', bytes: [0xfc], text: 'ü' },
    { name: 'a charset nobody knows', type: 'text/xml; charset=klingon', bytes: [0xc3, 0xbc], text: 'ü' },
    { name: 'broken UTF-8', type: 'application/soap+xml', bytes: [0x41, 0xff, 0x42], text: 'A�B' },
  ])('text in $name is read', async ({ type, bytes, text }) => {
    const [before = '', after = ''] = fixtures.information.replace(/<\?.*?\?>/, '').split('Dome 4K');
    const body = Buffer.concat([Buffer.from(before), Buffer.from(bytes), Buffer.from(after)]);
    const answers = { GetDeviceInformation: { headers: { 'content-type': type }, body } };
    expect(await (await open(await scriptedDevice({ answers }))).information()).toMatchObject({ model: text });
  });

  test('what a device says of itself cannot move a cursor', async () => {
    const answers = { GetDeviceInformation: fixtures.information.replace('Dome 4K', 'A\u0085B\u202eC\r\nD') };
    expect(await (await open(await scriptedDevice({ answers }))).information()).toMatchObject({ model: 'A B C D' });
  });
});

test('a signal that lives for months keeps nothing of the calls it might have stopped', async () => {
  const { signal } = new AbortController();
  const camera = await open(await scriptedDevice());
  for (let times = 0; times < 20; times++) await camera.information(signal);
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

test('a call that is stopped ends at once with the reason', async () => {
  const device = await scriptedDevice({ answers: { GetDeviceInformation: misbehaviours['never answers'] } });
  const camera = await open(device, { deadlineMs: 20_000 });
  const stop = new AbortController();
  const asked = problemOf(camera.information(stop.signal));
  await expect.poll(() => device.operations()).toContain('GetDeviceInformation');
  const reason = new Error('no longer wanted');
  stop.abort(reason);
  expect(await asked).toBe(reason);
});

test.each([
  { address: 'no-such-host.invalid', code: 'camera-host-unknown' },
  { address: '127.0.0.1:1', code: 'camera-unreachable' },
  { address: 'ftp://127.0.0.1', code: 'camera-host-unknown' },
  { address: 'http://admin:canary@127.0.0.1', code: 'camera-host-unknown' },
  { address: '', code: 'camera-host-unknown' },
  { address: 'a b', code: 'camera-host-unknown' },
])('the address $address is $code', async ({ address, code }) => {
  const problem = await problemOf(open({ address }));
  expect(problem).toMatchObject({ code });
  expect(String(problem)).not.toContain('canary');
});
