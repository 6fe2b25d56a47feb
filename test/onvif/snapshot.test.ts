import { describe, expect, test } from 'vitest';
import { misbehaviours } from './misbehaviour.ts';
import { type OpenOptions, open, problemOf, unhurried } from './open.ts';
import { type Answer, type DeviceOptions, scriptedDevice } from './scripted-device.ts';
import { snapshotUri1 } from './soap-fixtures.ts';
import { elsewhere, measured, witness } from './witness.ts';

const path = '/snap.jpg?res=high&q=1';
const uri = snapshotUri1(`http://127.0.0.1:{port}${path.replace('&', '&amp;')}`);
const jpeg = Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.alloc(40_000, 7)]);
const picture: Answer = { headers: { 'content-type': 'image/jpeg' }, body: jpeg };

async function camera(answer: Answer | Answer[], options: DeviceOptions = {}, signIn: OpenOptions = {}) {
  const answers = { GetSnapshotUri: uri, [path]: answer, ...options.answers };
  const device = await scriptedDevice({ ...options, answers });
  return { device, camera: await open(device, { deadlineMs: 500, clock: unhurried(), ...signIn }) };
}

test('a snapshot is the bytes of the picture', async () => {
  const { camera: opened } = await camera(picture);
  expect(Buffer.compare(await opened.snapshot('Profile_1'), jpeg)).toBe(0);
});

test.each([{ algorithm: 'MD5' }, { algorithm: 'SHA-256' }] as const)(
  'a snapshot behind a digest ($algorithm) is fetched with one try, and the next with none',
  async ({ algorithm }) => {
    const user = { username: 'admin', password: 'p@ss:w/rd#%&+ü "\'' };
    const { device, camera: opened } = await camera(picture, { wants: 'digest', algorithm, user }, user);
    await opened.snapshot('Profile_1');
    await opened.snapshot('Profile_1');
    const gets = device.asked.filter(({ operation }) => operation === path);
    expect(gets.map(({ manner, right }) => [manner, right])).toEqual([
      ['anonymous', false],
      ['digest', true],
      ['digest', true],
    ]);
  },
);

test('a wrong password is offered once for snapshots, too', async () => {
  const refusal = { status: 401, headers: { 'www-authenticate': 'Digest realm="x", nonce="n", qop="auth"' }, body: '' };
  const { device, camera: opened } = await camera(refusal, {}, { username: 'admin', password: 'wrong' });
  for (let times = 0; times < 3; times++)
    expect(await problemOf(opened.snapshot('Profile_1'))).toMatchObject({ code: 'camera-denied' });
  expect(device.asked.filter(({ manner }) => manner === 'digest')).toHaveLength(1);
});

describe('instead of a snapshot', () => {
  const html: Answer = { headers: { 'content-type': 'text/html' }, body: '<html>' };
  test.each<[string, Answer, string]>([
    ['a web page', html, 'camera-answer-invalid'],
    [
      'a web page called a picture',
      { headers: { 'content-type': 'image/jpeg' }, body: '<html>' },
      'camera-answer-invalid',
    ],
    ['a picture called a web page', { headers: { 'content-type': 'text/html' }, body: jpeg }, 'camera-answer-invalid'],
    [
      'a PNG',
      { headers: { 'content-type': 'image/png' }, body: Buffer.from('\x89PNG\r\n', 'latin1') },
      'camera-answer-invalid',
    ],
    ['nothing', { headers: { 'content-type': 'image/jpeg' }, body: '' }, 'camera-answer-invalid'],
    ['a redirect', { status: 302, headers: { location: `http://${elsewhere}:{port}/` }, body: '' }, 'camera-no-onvif'],
    ['not found', { status: 404, body: '' }, 'camera-failed'],
    ['200 MB', misbehaviours['announces 200 MB'], 'camera-answer-invalid'],
    ['200 MB, unannounced', misbehaviours['sends 200 MB without saying so'], 'camera-answer-invalid'],
    ['a video', misbehaviours['sends a video without end'], 'camera-answer-invalid'],
    ['silence', misbehaviours['never answers'], 'camera-stalled'],
    ['half a picture', misbehaviours['closes in the middle of its answer'], 'camera-ended'],
    ['a drip', misbehaviours['drips 10 bytes a second'], 'camera-stalled'],
  ])('%s is an error in bounded time and memory', async (_name, answer, code) => {
    const { device, camera: opened } = await camera(answer);
    const { strangers } = await witness(device.port);
    const { result, tookMs, grewBytes } = await measured(() => problemOf(opened.snapshot('Profile_1')));
    expect(result).toMatchObject({ name: 'AgentError', code });
    expect(tookMs).toBeLessThan(30_000);
    expect(grewBytes).toBeLessThan(64 * 2 ** 20);
    expect(await strangers()).toBe(0);
  });
});
