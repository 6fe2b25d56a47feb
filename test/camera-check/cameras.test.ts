// Real cameras of every kind, and what the check says of them: GStreamer's RTSP server behind the pretend camera.
import { test as sequentialTest } from 'vitest';
import { systemClock } from '../../agent/clock.ts';
import { createStillDecoder } from '../../agent/sampler/decode.ts';
import { jpegSize } from '../../agent/sampler/jpeg-size.ts';
import { Secret } from '../../agent/secret.ts';
import { ownAddress } from '../discovery/own-addresses.ts';
import { shortClip, startCamera } from '../pretend-camera/running-camera.ts';
import { areInTime, examined } from './examined.ts';

// Nearly all of their time is waiting for pictures.
const waiting = { timeout: 50_000, interval: 50 };
const test = sequentialTest.concurrent;
const canary = 'canary-p@ss:w/rd#%&+ü';

const start = async (options: string[] = [], password?: string) =>
  startCamera(['--video', await shortClip(), '--gop', '1', ...options], password);

test('a camera with H.264 and AAC is green in everything, and a picture of it is made', async ({ expect }) => {
  await using camera = await start();
  const decoder = createStillDecoder({ clock: systemClock, maxSidePixels: 640, deadlineMs: 50_000 });
  const { facts, findings, notGreen, still, of } = await examined(camera.url, { sessions: true, decoder });
  expect(notGreen).toEqual([]);
  expect(facts.stream).toMatchObject({
    ...{ signIn: 'none', transport: 'tcp', secondSession: 'allowed' },
    video: { encoding: 'H264', width: 160, height: 120, nominalFps: 10, bFrames: false },
    audio: { encoding: 'MPEG4-GENERIC' },
  });
  if (areInTime(findings)) {
    expect(facts.stream?.video?.fps).toBeCloseTo(10, 0);
    expect(of('key-frames')?.value).toBe('every 1 s');
  }
  expect(jpegSize(Buffer.from(still ?? '', 'base64'))).toEqual({ width: 160, height: 120 });
});

test.for<[options: string[], expected: string[]]>([
  [['--b-frames'], ['red b-frames']],
  [['--g711'], ['amber audio']],
  [['--opus'], ['amber audio']],
  [['--h265'], ['amber codec']],
  [['--udp-only'], ['amber transport']],
  [['--no-audio'], []],
])('a camera with %o is %o and otherwise green', async ([options, expected], { expect }) => {
  await using camera = await start(options);
  const { notGreen } = await examined(camera.url);
  expect(notGreen).toEqual(expected);
});

test('a camera with B-frames says what transcoding takes here, when asked', async ({ expect }) => {
  await using camera = await start(['--b-frames']);
  const { facts, of } = await examined(camera.url, { cost: true });
  expect(facts.repairCost).toMatchObject({
    encoder: expect.stringContaining('libx264'),
    percentOfCore: expect.any(Number),
  });
  expect(of('b-frames')?.setting).toMatch(
    /set video: transcode for this camera \(transcoding takes about \d+ % of one core here\)/,
  );
});

test.for<[options: string[], scheme: string, level: string]>([
  [[], 'digest', 'green'],
  [['--basic'], 'basic', 'amber'],
])(
  'a camera with a password: signed in to once, and the password stands nowhere (%o)',
  async ([options, scheme, level], { expect }) => {
    await using camera = await start(['--user', 'admin', ...options], canary);
    const signIn = { username: 'admin', password: new Secret(canary) };
    const right = await examined(camera.url, { ...signIn, sessions: true });
    expect(right.of('sign-in')).toMatchObject({ value: scheme, level });
    const wrong = await examined(camera.url, { ...signIn, password: new Secret(`${canary}x`) });
    expect(wrong.notGreen).toEqual(['red sign-in']);
    const none = await examined(camera.url);
    expect(none.of('sign-in')).toMatchObject({ level: 'red', value: 'asked for' });
    expect(JSON.stringify([right, wrong, none])).not.toContain('canary');
  },
);

test('a camera with TLS is refused with its fingerprint, and checked with it', async ({ expect }) => {
  await using camera = await start(['--tls']);
  const refused = await examined(camera.url);
  expect(refused.notGreen).toEqual(['red certificate']);
  expect(refused.facts.stream?.media).toEqual([]);
  const tlsFingerprint = /tlsFingerprint: ([0-9a-f]{64})/.exec(refused.of('certificate')?.setting ?? '')?.[1];
  const trusted = await examined(camera.url, { tlsFingerprint });
  expect(trusted.notGreen).toEqual([]);
  expect(trusted.of('transport')?.value).toBe('TLS');
});

test('a camera with ONVIF tells its streams; the main one is checked, and its clock is found wrong', async ({
  expect,
}) => {
  const options = ['--onvif', '0', '--sub-stream', '--clock-offset', '30', '--user', 'admin'];
  await using camera = await start(options, canary);
  const address = onvifHost(camera.events);
  const signIn = { username: 'admin', password: new Secret(canary) };
  const { facts, notGreen, findings, of } = await examined({ kind: 'device', address }, signIn);
  expect(notGreen).toEqual(['amber clock']);
  expect(facts.onvif?.profiles).toMatchObject([
    { role: 'main', codec: 'h264', width: 160, height: 120, gopLength: 10, checked: true, url: camera.url },
    { role: 'sub', checked: false },
  ]);
  expect(findings.filter(({ subject }) => subject === 'streams')).toHaveLength(2);
  expect(of('encoder')?.level).toBe('green');
  const wrong = await examined({ kind: 'device', address }, { ...signIn, password: new Secret('wrong') });
  expect(wrong.notGreen).toEqual(['red reachability', 'amber clock', 'red onvif']);
  // The stream of a camera that refused the password is not tried.
  expect(wrong.facts.stream).toBeUndefined();
  expect(JSON.stringify([facts, findings, wrong])).not.toContain('canary');
});

test('a host is asked at the ports that cameras use, and its main stream is checked', async ({ expect }) => {
  const host = ownAddress(1);
  // A camera that is a process of its own may take its time; looking at it is as short as ever.
  const after = (ms: number, callback: () => void) => systemClock.after(4 * ms, callback);
  const patient = { clock: { ...systemClock, after } };
  await using _camera = await start(['--listen', host, '--port', '8554', '--onvif', '8080', '--sub-stream']);
  const { facts, notGreen } = await examined({ kind: 'host', host }, patient);
  expect(notGreen).toEqual([]);
  expect(facts).toMatchObject({ host, onvif: { profiles: [{ role: 'main', checked: true }, { role: 'sub' }] } });
  const nobody = await examined({ kind: 'host', host: ownAddress(2) });
  expect(nobody.levels).toEqual(['red reachability']);
});

test('who asks for the check and leaves ends it at once', async ({ expect }) => {
  await using camera = await start();
  const leaving = new AbortController();
  const check = examined(camera.url, { signal: leaving.signal });
  await expect.poll(() => camera.events.some(({ event }) => event === 'client-connected'), waiting).toBe(true);
  leaving.abort(new Error('left'));
  await expect(check).rejects.toThrow('left');
  await expect.poll(() => camera.events.some(({ event }) => event === 'client-left'), waiting).toBe(true);
});

test.for<[url: string, code: string]>([
  ['rtsp://127.0.0.1:1/stream1', 'camera-unreachable'],
  ['rtsp://camera.invalid/stream1', 'camera-host-unknown'],
])('nobody at %s: one red row', async ([url, code], { expect }) => {
  const { facts, levels } = await examined(url);
  expect(levels).toEqual(['red reachability']);
  expect(facts.stream?.problem?.code).toBe(code);
});

function onvifHost(events: readonly object[]): string {
  const ready = events.find(event => 'onvifUrl' in event);
  return new URL(String(ready && 'onvifUrl' in ready ? ready.onvifUrl : '')).host;
}
