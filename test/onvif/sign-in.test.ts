import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { Secret } from '../../agent/secret.ts';
import { authorization, readChallenges } from '../../agent/sign-in/challenge.ts';
import { open, problemOf } from './open.ts';
import { type DeviceOptions, scriptedDevice } from './scripted-device.ts';
import * as fixtures from './soap-fixtures.ts';

const printable = String.fromCharCode(...Array.from({ length: 95 }, (_, index) => 32 + index));
const users = [
  { username: 'admin', password: 'p@ss:w/rd#%&+ü "\'' },
  { username: 'a<b>&"c\'d\\e ü', password: printable },
  { username: 'admin', password: '' },
];
const manners: DeviceOptions[] = [
  { wants: 'ws-security' },
  { wants: 'digest', algorithm: 'MD5' },
  { wants: 'digest', algorithm: 'SHA-256' },
  { wants: 'digest', algorithm: 'MD5-sess' },
];

describe.each(manners)('a camera that wants $wants $algorithm', manner => {
  test.each(users)('takes user $username with password $password', async user => {
    const device = await scriptedDevice({ ...manner, user });
    const camera = await open(device, user);
    expect(await camera.information()).toMatchObject({ model: 'Dome 4K' });
    await camera.profiles();
    // Once the manner is known, nothing is tried in vain.
    expect(device.asked.filter(({ right }) => !right).map(({ operation }) => operation)).toEqual(
      manner.wants === 'digest' ? ['GetSystemDateAndTime', 'GetDeviceInformation'] : ['GetSystemDateAndTime'],
    );
  });

  test('is given a wrong password once in each way, and never again', async () => {
    const device = await scriptedDevice({ ...manner, user: { username: 'admin', password: 'right' } });
    const camera = await open(device, { username: 'admin', password: 'canary' });
    const [first, ...rest] = await Promise.all(
      [camera.information(), camera.profiles(), camera.services()].map(problemOf),
    );
    for (const problem of [first, ...rest])
      expect(problem).toMatchObject({ code: 'camera-denied', kind: 'denied', retry: 'never' });
    expect(String(first)).toContain('refuses the user name or password');
    const offered = device.asked.filter(({ manner: how }) => how !== 'anonymous').map(({ manner: how }) => how);
    expect(offered).toEqual(manner.wants === 'digest' ? ['ws-security', 'digest'] : ['ws-security']);
    expect(JSON.stringify([first, device.asked])).not.toContain('canary');
  });
});

test('a camera that tells its services to everybody has not accepted the password by that', async () => {
  const right = { username: 'admin', password: 'right' };
  const device = await scriptedDevice({ wants: 'ws-security', user: right, open: ['GetServices'] });
  const camera = await open(device, { ...right, password: 'wrong' });
  for (let times = 0; times < 3; times++) {
    const problem = await problemOf(camera.profiles());
    expect(String(problem)).toContain('refuses the user name or password');
  }
  expect(device.operations().filter(name => name === 'GetProfiles')).toHaveLength(1);
});

test('a password that is changed while it is used is offered three times, and never again', async () => {
  const user = { username: 'admin', password: 'old' };
  const answers = { GetVideoEncoderConfiguration: fixtures.encoder1(), GetStreamUri: fixtures.streamUri1('rtsp://a/') };
  const device = await scriptedDevice({ wants: 'ws-security', user, answers });
  const camera = await open(device, { ...user });
  await camera.profiles();
  user.password = 'new';
  const before = device.asked.length;
  const calls = [
    () => camera.streamUri('Profile_1'),
    () => camera.information(),
    () => camera.profiles(),
    () => camera.setEncoder('Profile_1', { fps: 5 }),
  ];
  for (const call of [...calls, ...calls, ...calls])
    expect(await problemOf(call())).toMatchObject({ code: 'camera-denied' });
  expect(device.asked.slice(before).filter(({ manner }) => manner === 'ws-security')).toHaveLength(3);
});

test('a camera that asks for a password nobody gave is told from one that refuses it', async () => {
  for (const wants of ['ws-security', 'digest'] as const) {
    const camera = await open(await scriptedDevice({ wants, user: { username: 'a', password: 'b' } }));
    const problem = await problemOf(camera.profiles());
    expect(problem).toMatchObject({ code: 'camera-denied' });
    expect(String(problem)).toContain('asks for a user name and password');
  }
});

test('Basic without encryption is answered only when that is allowed', async () => {
  const user = { username: 'admin', password: 'canary' };
  const device = await scriptedDevice({ wants: 'basic', user });
  const problem = await problemOf((await open(device, user)).information());
  expect(problem).toMatchObject({ code: 'camera-denied' });
  expect(String(problem)).toContain('unencrypted');
  expect(device.asked.some(({ manner }) => manner === 'basic')).toBe(false);
  expect(await (await open(device, { ...user, allowBasic: true })).information()).toMatchObject({ model: 'Dome 4K' });
});

test('a user who may look but not change is told so, and goes on looking', async () => {
  const user = { username: 'viewer', password: 'x' };
  const answers = { GetVideoEncoderConfiguration: fixtures.fault('ter:NotAuthorized', 'Sender not authorized') };
  const camera = await open(await scriptedDevice({ wants: 'ws-security', user, answers }), user);
  await camera.profiles();
  const problem = await problemOf(camera.setEncoder('Profile_1', { gopLength: 25 }));
  expect(problem).toMatchObject({ code: 'camera-denied' });
  expect(String(problem)).toContain('does not let this user change how it encodes video');
  expect(await camera.information()).toMatchObject({ model: 'Dome 4K' });
});

test('a digest nonce that is too old is replaced without counting as a wrong password; a next nonce is used', async () => {
  const nonces: (string | undefined)[] = [];
  const challenge = (nonce: string, stale: boolean) =>
    `Digest realm="r", qop="auth,auth-int", nonce="${nonce}", stale=${stale}`;
  const refusal = (nonce: string, stale: boolean) => ({
    status: 401,
    headers: { 'www-authenticate': challenge(nonce, stale) },
    body: '',
  });
  const device = await scriptedDevice({
    answers: {
      GetDeviceInformation: [
        refusal('n1', false),
        { headers: { 'authentication-info': 'nextnonce="n2", qop=auth' }, body: fixtures.information },
        refusal('n3', true),
        fixtures.information,
      ],
    },
  });
  const camera = await open(device, { username: 'admin', password: 'x' });
  await camera.information();
  await camera.information();
  for (const { authorization: value } of device.asked) nonces.push(/nonce="(n\d)"/.exec(value ?? '')?.[1]);
  expect(nonces).toEqual([undefined, undefined, 'n1', 'n2', 'n3']);
  expect(device.asked.map(({ authorization: value }) => /nc=(\d+)/.exec(value ?? '')?.[1]).slice(2)).toEqual(
    Array(3).fill('00000001'),
  );
});

describe('challenges', () => {
  const signIn = {
    username: 'Mufasa',
    password: new Secret('Circle of Life'),
    method: 'GET',
    uri: '/dir/index.html',
    count: 1,
  };
  const realm = 'http-auth@example.org';
  const nonce = '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v';

  test.each([
    { algorithm: 'MD5', response: '8ca523f5e9506fed4657c9700eebdbec' },
    { algorithm: 'SHA-256', response: '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1' },
  ])('$algorithm is answered as in the example of RFC 7616', ({ algorithm, response }) => {
    const header = `Digest realm="${realm}", qop="auth, auth-int", algorithm=${algorithm}, nonce="${nonce}", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`;
    const [challenge] = readChallenges([header]);
    if (!challenge) throw new Error('no challenge');
    const cnonce = 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ';
    expect(authorization(challenge, { ...signIn, cnonce })).toContain(`response="${response}"`);
  });

  test('without qop they are answered as in RFC 2069', () => {
    const [challenge] = readChallenges(['Digest realm="r", nonce="n"']);
    if (!challenge) throw new Error('no challenge');
    const md5 = (text: string) => createHash('md5').update(text).digest('hex');
    const response = md5(`${md5('Mufasa:r:Circle of Life')}:n:${md5('GET:/dir/index.html')}`);
    const value = authorization(challenge, { ...signIn, cnonce: 'c' });
    expect(value).toContain(`response="${response}"`);
    expect(value).not.toMatch(/cnonce|nc=|qop/);
  });

  test.each([
    { header: '', schemes: [] },
    { header: 'Basic realm="a, Digest nonce=b"', schemes: ['basic'] },
    {
      header:
        'Basic realm="x", Digest realm="y", nonce="n", algorithm=MD5, Digest realm="y", nonce="m", algorithm=SHA-256',
      schemes: ['SHA-256', 'MD5', 'basic'],
    },
    { header: 'Digest realm="y", nonce="n", qop="auth-int"', schemes: [] },
    { header: 'Digest realm="y", nonce="n", algorithm=ROT13', schemes: [] },
    { header: 'Digest realm="no nonce"', schemes: [] },
    { header: 'Negotiate, NTLM, Bearer realm="z"', schemes: [] },
    { header: `Digest nonce="${'\\"'.repeat(5_000)}`, schemes: [] },
    { header: ','.repeat(100_000), schemes: [] },
  ])('of $header the ones that can be answered, the strongest first', ({ header, schemes }) => {
    expect(readChallenges([header]).map(found => (found.scheme === 'basic' ? 'basic' : found.algorithm))).toEqual(
      schemes,
    );
  });
});

describe('a camera whose clock is off', () => {
  const user = { username: 'admin', password: 'x' };
  const hours = 3_600_000;

  test.each([-300 * 24 * hours, -2 * hours, 90_000])('by %d ms gets tokens of its own time', async offsetMs => {
    const device = await scriptedDevice({ wants: 'ws-security', user, offsetMs });
    const camera = await open(device, user);
    expect(await camera.information()).toMatchObject({ model: 'Dome 4K' });
    const time = await camera.time();
    // Whole seconds, and what the answer takes on a busy machine: far less than the clock is off.
    expect(Math.abs((time?.offsetMs ?? 0) - offsetMs)).toBeLessThan(30_000);
    expect(device.asked.filter(({ manner }) => manner === 'ws-security')).toHaveLength(1);
  });

  test('that shows its local time as UTC is recognised, whether it says so or not', async () => {
    for (const timeZone of ['CST-8', 'GMT+08:00', 'nowhere']) {
      const shows = () =>
        fixtures.systemTime({ utcMs: Date.now() + 8 * hours, localMs: Date.now() + 8 * hours, timeZone });
      const answers = { GetSystemDateAndTime: shows() };
      const device = await scriptedDevice({ wants: 'ws-security', user, answers });
      const camera = await open(device, user);
      expect(await camera.information()).toMatchObject({ model: 'Dome 4K' });
      const offered = device.asked.filter(({ manner }) => manner === 'ws-security').length;
      expect({ timeZone, offered }).toEqual({ timeZone, offered: timeZone === 'nowhere' ? 2 : 1 });
      // What a sign-in showed is not forgotten with the next look at the clock.
      expect(Math.abs((await camera.time())?.offsetMs ?? Number.NaN)).toBeLessThan(60_000);
      await camera.information();
      expect(device.asked.filter(({ manner }) => manner === 'ws-security')).toHaveLength(offered + 1);
    }
  });

  test('that is set anew while it is used is asked for its time again', async () => {
    let offsetMs = 0;
    const options: DeviceOptions = {
      wants: 'ws-security',
      user,
      answers: {
        GetSystemDateAndTime: (_request, response) =>
          void response
            .writeHead(200, { 'content-type': 'application/soap+xml' })
            .end(fixtures.systemTime({ utcMs: Date.now() + offsetMs })),
      },
    };
    const device = await scriptedDevice(options);
    const camera = await open(device, user);
    await camera.information();
    offsetMs = -10 * hours;
    options.offsetMs = offsetMs;
    expect(await camera.information()).toMatchObject({ model: 'Dome 4K' });
  });

  test('and tells the time only to those who signed in is understood by the date of its answers', async () => {
    const offsetMs = -5 * hours;
    const refusal = {
      status: 401,
      headers: { 'www-authenticate': 'Basic realm="x"', date: new Date(Date.now() + offsetMs).toUTCString() },
      body: '',
    };
    const device = await scriptedDevice({
      wants: 'ws-security',
      user,
      offsetMs,
      answers: { GetSystemDateAndTime: refusal },
    });
    expect(await (await open(device, user)).information()).toMatchObject({ model: 'Dome 4K' });
  });
});
