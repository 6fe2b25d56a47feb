// What the check says of cameras that behave oddly, each scripted to do one thing wrong.
import { afterAll, test as sequentialTest } from 'vitest';
import { Secret } from '../../agent/secret.ts';
import { type FootageOptions, makeFootage } from '../../scripts/scripted-camera/footage.ts';
import { ScriptedCamera, type ScriptedCameraOptions } from '../../scripts/scripted-camera/scripted-camera.ts';
import { makeSound } from '../../scripts/scripted-camera/sound.ts';
import { UnhurriedClock } from '../unhurried-clock.ts';
import { examined as examinedBy } from './examined.ts';

// Nearly all of their time is waiting for pictures.
const test = sequentialTest.concurrent;

/** Cameras and check live by it. */
const time = new UnhurriedClock();
afterAll(() => time[Symbol.dispose]());

const second = 90_000;
const slow: FootageOptions = { picturesPerSecond: 10, seconds: 12, gop: 120 };

async function start(options: Partial<ScriptedCameraOptions> = {}, film: FootageOptions = {}): Promise<ScriptedCamera> {
  return await ScriptedCamera.start({ footage: await makeFootage(film), time, ...options });
}

function examined(url: string, options: Parameters<typeof examinedBy>[1] = {}) {
  return examinedBy(url, { clock: time, ...options });
}

test('a camera without oddities is green in everything', async ({ expect }) => {
  await using camera = await start({ sound: await makeSound('aac') });
  const { notGreen, of } = await examined(camera.url);
  expect(notGreen).toEqual([]);
  expect(of('frame-rate')?.sentence).toMatch(/^25 pictures/);
});

test.for<[name: string, options: Partial<ScriptedCameraOptions>, expected: string, value: RegExp]>([
  ['stand still', { ticks: () => 1234 }, 'red timestamps', /^missing$/],
  ['run at half the pace', { ticks: usual => Math.round(usual / 2) }, 'red timestamps', /^pace 0\.(49|50|51)$/],
  ['run 10 % fast', { ticks: usual => Math.round(usual * 1.1) }, 'amber timestamps', /^pace 1\.(0[89]|1\d)$/],
  ['jump ahead', { ticks: (usual, at) => usual + (at >= 40 ? 60 * second : 0) }, 'amber timestamps', /^jump$/],
  ['go back once', { ticks: (usual, at) => usual - (at >= 40 ? 60 * second : 0) }, 'amber timestamps', /^go back$/],
  [
    'go back again and again',
    { ticks: (usual, at) => usual - (Math.floor(at / 10) % 2) * 10 * second },
    'red timestamps',
    /^go back$/,
  ],
  ['wrap around', { firstTicks: 2 ** 32 - second }, 'green timestamps', /^steady$/],
  ['jitter', { ticks: (usual, at) => usual + (at % 5 === 4 ? -0.8 : 0) * 3600 }, 'amber timestamps', /^uneven$/],
])('timestamps that %s', async ([, options, expected, value], { expect }) => {
  await using camera = await start({ reportEveryMs: 0, ...options });
  const { levels, of } = await examined(camera.url);
  expect(levels).toContain(expected);
  expect(of('timestamps')?.value).toMatch(value);
});

test('a camera with a key frame every 12 s is red, and amber when looking ends before the second one', async ({
  expect,
}) => {
  await using camera = await start({}, slow);
  await using same = await start({}, slow);
  const [whole, short] = await Promise.all([
    examined(camera.url, { longestMs: 22_000 }),
    examined(same.url, { longestMs: 3_000 }),
  ]);
  expect(whole.of('key-frames')).toMatchObject({ level: 'red', value: 'every 12 s' });
  // Looking ends with the second key frame, not with the time.
  expect(whole.facts.stream?.video?.seconds).toBeLessThan(18);
  expect(short.of('key-frames')).toMatchObject({ level: 'amber', value: expect.stringMatching(/^over \d(\.\d)? s$/) });
});

test('a camera whose clock is 400 s ahead by its sender reports is red', async ({ expect }) => {
  await using camera = await start({ clockOffsetMs: 400_000 });
  const { notGreen, of } = await examined(camera.url);
  expect(notGreen).toEqual(['red clock']);
  expect(of('clock')?.value).toBe('6 min 40 s fast');
});

test.for(['tcp', 'udp'] as const)('a camera that loses each twentieth picture by %s', async (transport, { expect }) => {
  const packets = (usual: Buffer[], ordinal: number) => (ordinal % 20 === 19 ? [] : usual);
  await using camera = await start({ packets }, { size: '320x240', megabits: 1 });
  const { of } = await examined(camera.url, { transport });
  expect(of('packet-loss')).toMatchObject({ level: 'red', value: expect.stringMatching(/^[3-7]\.\d %$/) });
  expect(of('packet-loss')?.setting).toContain(transport === 'udp' ? 'transport: tcp' : 'cable');
});

test('parameter sets: only in the stream, or others from some picture on', async ({ expect }) => {
  await using inBand = await start({ parameterSets: 'stream' });
  const other = await makeFootage({ size: '320x240' });
  const moments = [{ atPicture: 30, act: (camera: ScriptedCamera) => camera.show(other) }];
  await using changing = await start({ parameterSets: 'stream', moments });
  const [first, second] = await Promise.all([examined(inBand.url), examined(changing.url)]);
  expect(first.of('codec-data')).toMatchObject({ level: 'green', value: 'in the stream' });
  expect(second.of('codec-data')).toMatchObject({ level: 'amber', value: 'change' });
});

test('a camera that hangs up, and one that falls silent, while they are looked at', async ({ expect }) => {
  await using leaving = await start({ moments: [{ atPicture: 30, act: camera => camera.hangUp() }] });
  const { levels, facts } = await examined(leaving.url);
  expect(levels).toContain('red reachability');
  expect(facts.stream?.problem?.code).toBe('camera-ended');
  // What was seen before is told all the same.
  expect(levels).toContain('green codec');
});

test('a camera with room for one viewer', async ({ expect }) => {
  let viewers = 0;
  await using camera = await start({
    answer: ({ method }, usual) => (method === 'SETUP' && viewers++ > 0 ? { status: 453, headers: {} } : usual),
  });
  const { levels, facts } = await examined(camera.url, { sessions: true, longestMs: 2_000 });
  expect(levels).toContain('amber sessions');
  expect(facts.stream?.secondSession).toMatchObject({ code: 'camera-busy' });
});

test('MJPEG is red, or green where the settings have it transcoded; another codec is red', async ({ expect }) => {
  const sdp = (format: string) => (usual: string[]) =>
    usual.flatMap(line => {
      if (/^a=fmtp/.test(line)) return [];
      return [line.replace(/H264\/90000/, format)];
    });
  await using mjpeg = await start({ sdp: sdp('JPEG/90000') });
  await using vp8 = await start({ sdp: sdp('VP8/90000') });
  const [still, unknown] = await Promise.all([
    examined(mjpeg.url, { longestMs: 2_000 }),
    examined(vp8.url, { longestMs: 2_000 }),
  ]);
  expect(still.of('codec')).toMatchObject({ level: 'red', value: 'MJPEG' });
  expect(unknown.of('codec')).toMatchObject({ level: 'red', value: 'VP8' });
});

test.for(['basic', 'digest'] as const)('a wrong password is offered once, by %s', async (scheme, { expect }) => {
  await using camera = await start({ signIn: { user: 'admin', password: 'right', schemes: [scheme] } });
  const { levels } = await examined(camera.url, { username: 'admin', password: new Secret('wrong') });
  expect(levels).toContain('red sign-in');
  expect(camera.requests.filter(({ headers }) => headers.has('authorization'))).toHaveLength(1);
});
