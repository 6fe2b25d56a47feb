// node-onvif as the second client: where it helps, where it is left out, and what it cannot do to the agent.
import { describe, expect, test } from 'vitest';
import { type Clock, systemClock } from '../../agent/clock.ts';
import { misbehaviours } from './misbehaviour.ts';
import { type OpenOptions, open, problemOf } from './open.ts';
import { type Answer, type DeviceOptions, scriptedDevice } from './scripted-device.ts';
import * as fixtures from './soap-fixtures.ts';
import { elsewhere, measured, witness } from './witness.ts';

const user = { username: 'admin', password: 'p@ss:w/rd#%&+ "\'' };
const stream = fixtures.streamUri1('rtsp://127.0.0.1:554/live?channel=1&amp;subtype=0');

/** The machine's clock, on which no wait begins before `begun`: for limits that a thread must not miss while it starts. */
function clockSince(begun: () => boolean): Clock {
  return {
    ...systemClock,
    after(ms, callback) {
      let cancel = () => {};
      const looking = setInterval(() => {
        if (!begun()) return;
        clearInterval(looking);
        cancel = systemClock.after(ms, callback);
      }, 10);
      return () => {
        clearInterval(looking);
        cancel();
      };
    },
  };
}

/** Firmware that reads requests letter by letter. */
function only(letters: string, answer: string): Answer {
  return (_request, response, body) => {
    const content = body.includes(letters) ? answer : fixtures.fault('ter:InvalidArgVal', 'cannot parse');
    response.writeHead(content === answer ? 200 : 400, { 'content-type': 'application/soap+xml' }).end(content);
  };
}

const picky: DeviceOptions = {
  answers: {
    GetProfiles: only('<trt:GetProfiles/>', fixtures.profiles1),
    GetStreamUri: only('xmlns:tt="http://www.onvif.org/ver10/schema"><s:Header><Security', stream),
  },
};

test('a camera that understands only the requests of node-onvif is read all the same', async () => {
  const device = await scriptedDevice({ wants: 'ws-security', user, offsetMs: -90_000, ...picky });
  const camera = await open(device, user);
  expect((await camera.profiles()).map(({ token }) => token)).toEqual(['Profile_1', 'Profile_2', 'Profile_3']);
  expect(await camera.streamUri('Profile_1')).toEqual({ url: 'rtsp://127.0.0.1:554/live?channel=1&subtype=0' });
  expect(device.asked.every(({ right, manner }) => right || manner === 'anonymous')).toBe(true);
});

test.each<[string, OpenOptions]>([
  ['a password it throws at', { username: 'admin', password: 'ü<' }],
  ['a user name it writes into XML as it is', { username: 'a&b', password: 'x' }],
])('node-onvif is left out for %s', async (_name, signIn) => {
  const device = await scriptedDevice(picky);
  const camera = await open(device, signIn);
  expect(await problemOf(camera.profiles())).toMatchObject({ code: 'camera-failed' });
  expect(device.operations().filter(name => name === 'GetProfiles')).toHaveLength(1);
});

describe('a device that refuses our request and, asked by node-onvif,', () => {
  const heavy = [
    'never answers',
    'stalls in the middle of its answer',
    'closes in the middle of its answer',
    'drips 10 bytes a second',
    'sends 200 MB without saying so',
    'sends chunks without end',
    'sends 300 kB of tiny elements',
    'nests its elements 100,000 deep',
    'sends a bomb of entities',
    'sends a login page',
    'sends nothing',
  ] as const;

  test.each(heavy)('%s is told by its first refusal, in bounded time and memory', async name => {
    const answers = { GetProfiles: [fixtures.fault('ter:InvalidArgVal'), misbehaviours[name]] };
    const device = await scriptedDevice({ answers });
    const { strangers, addresses } = await witness(device.port);
    const asked = () => device.operations().filter(operation => operation === 'GetProfiles').length;
    const camera = await open(device, { deadlineMs: 600, clock: clockSince(() => asked() >= 2) });
    const { result, tookMs, grewBytes } = await measured(() => problemOf(camera.profiles()));
    expect(result).toMatchObject({ name: 'AgentError', code: 'camera-failed' });
    expect(asked()).toBe(2);
    expect(tookMs).toBeLessThan(30_000);
    expect(grewBytes).toBeLessThan(160 * 2 ** 20);
    expect([addresses(), await strangers()]).toEqual([['127.0.0.1'], 0]);
  });

  test('redirects it, is not followed', async () => {
    const redirect = { status: 307, headers: { location: `http://${elsewhere}:{port}/` }, body: '' };
    const device = await scriptedDevice({ answers: { GetProfiles: [fixtures.fault('ter:InvalidArgVal'), redirect] } });
    const { strangers } = await witness(device.port);
    expect(await problemOf((await open(device)).profiles())).toMatchObject({ code: 'camera-failed' });
    expect(device.operations().filter(operation => operation === 'GetProfiles')).toHaveLength(2);
    expect(await strangers()).toBe(0);
  });
});
