// POST /api/camera-check: who may ask, what may be looked at, and that one check runs at a time.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ConfiguredCamera, ConsoleChecks } from '../../agent/camera-check/console-checks.ts';
import { systemClock } from '../../agent/clock.ts';
import { VideoEncoders } from '../../agent/repair/video-encoders.ts';
import { createStillDecoder } from '../../agent/sampler/decode.ts';
import { jpegSize } from '../../agent/sampler/jpeg-size.ts';
import { Secret } from '../../agent/secret.ts';
import { cameraCheckSchema } from '../../shared/camera-check.ts';
import { shortClip, startCamera } from '../pretend-camera/running-camera.ts';
import { ask, serveConsole, signIn } from './served-console.ts';

const canary = 'canary-9c2';

function checks(cameras: ConfiguredCamera[] = []): ConsoleChecks {
  return new ConsoleChecks({
    ...{ cameras: () => cameras, clock: systemClock, random: Math.random },
    encoders: new VideoEncoders({ clock: systemClock }),
    decoder: createStillDecoder({ clock: systemClock, maxSidePixels: 640 }),
  });
}

function configured(camera: Partial<ConfiguredCamera> & { url: string }): ConfiguredCamera {
  return { id: 'yard', transport: 'auto', video: 'copy', audio: 'aac', ...camera };
}

const signal = () => new AbortController().signal;

describe('which addresses may be looked at', () => {
  const refused = { refused: 'address' };

  test.each([
    { url: 'rtsp://192.0.2.7/stream1' },
    { url: 'rtsp://8.8.8.8/' },
    { host: '8.8.8.8' },
    { host: '[2001:db8::7]:80' },
    { url: 'http://169.254.169.254/latest/meta-data' },
    { url: 'rtsp://[::ffff:8.8.8.8]/' },
    { url: 'rtsp://0.0.0.0/' },
    { url: 'rtsp://camera.invalid/' },
  ])('not one elsewhere: %o', async asked => {
    expect(await checks().check(asked, signal())).toEqual(refused);
  });

  test('private ones, and those the settings name, are looked at', async () => {
    const known = configured({ url: 'rtsp://camera.invalid/stream1' });
    const outcomes = await Promise.all([
      checks().check({ url: 'rtsp://127.0.0.1:1/stream1' }, signal()),
      checks().check({ url: 'rtsp://localhost:1/stream1' }, signal()),
      checks([known]).check({ url: 'rtsp://camera.invalid/stream2' }, signal()),
      checks([known]).check({ cameraId: 'yard' }, signal()),
    ]);
    const codes = outcomes.map(outcome => 'check' in outcome && outcome.check.facts.stream?.problem?.code);
    expect(codes).toEqual(['camera-unreachable', 'camera-unreachable', 'camera-host-unknown', 'camera-host-unknown']);
  });

  test('no camera of the settings that is not read over the network', async () => {
    expect(await checks([configured({ url: 'v4l2:/dev/video0' })]).check({ cameraId: 'yard' }, signal())).toEqual(
      refused,
    );
  });
});

test('the stored password goes to its own camera only', async () => {
  await using camera = await startCamera(['--video', await shortClip(), '--gop', '1', '--user', 'admin'], canary);
  const known = configured({ url: camera.url, username: 'admin', password: new Secret(canary) });
  const own = await checks([known]).check({ cameraId: 'yard' }, signal());
  expect('check' in own && own.check.findings.some(({ level }) => level === 'red')).toBe(false);
  expect(JSON.stringify(own)).not.toContain('canary');
  const elsewhere = { cameraId: 'yard', url: 'rtsp://127.0.0.2:1/' };
  expect(await checks([known]).check(elsewhere, signal())).toEqual({ refused: 'password' });
});

describe('over the console’s API', () => {
  let served: Awaited<ReturnType<typeof serveConsole>>;
  let cookie: string;
  const post = (body: unknown) => ask(served.url, '/api/camera-check', { method: 'POST', body, cookie });

  beforeEach(async () => {
    served = await serveConsole({ checker: checks() });
    cookie = await signIn(served.url, served.password);
  });
  afterEach(() => served[Symbol.asyncDispose]());

  test('needs a session', async () => {
    const { status } = await ask(served.url, '/api/camera-check', { method: 'POST', body: { host: '10.0.0.20' } });
    expect(status).toBe(401);
  });

  test.each([
    [{}, 400],
    [{ url: 'rtsp://a:canary@10.0.0.20/' }, 400],
    [{ url: 'file:///etc/passwd' }, 400],
    [{ url: 'rtsp://10.0.0.20/', host: '10.0.0.20' }, 400],
    [{ host: 'a/b' }, 400],
    [{ cameraId: 'attic' }, 404],
    [{ url: 'rtsp://8.8.8.8/' }, 403],
  ])('%o is refused with %i, and nothing of it is repeated', async (body, status) => {
    const answer = await post(body);
    expect(answer.status).toBe(status);
    expect(answer.text).not.toContain('canary');
    expect(served.unexpected).toEqual([]);
  });

  test('answers findings and a picture; a second check at the same time is refused', async () => {
    await using camera = await startCamera(['--video', await shortClip(), '--gop', '1']);
    const both = await Promise.all([post({ url: camera.url }), post({ url: camera.url })]);
    const [checked, refused] = both.toSorted((a, b) => a.status - b.status);
    expect([checked?.status, refused?.status]).toEqual([200, 409]);
    const { findings, still } = cameraCheckSchema.parse(checked?.json());
    expect(findings.filter(({ level }) => level === 'red')).toEqual([]);
    expect(jpegSize(Buffer.from(still ?? '', 'base64'))).toEqual({ width: 160, height: 120 });
  });

  test('a browser that leaves ends the check, and another can begin', async () => {
    await using camera = await startCamera(['--video', await shortClip(), '--gop', '1']);
    const browser = new AbortController();
    const request = fetch(`${served.url}/api/camera-check`, {
      method: 'POST',
      headers: { cookie, 'content-type': 'application/json' },
      body: JSON.stringify({ url: camera.url }),
      signal: browser.signal,
    }).catch(() => 'left');
    await expect.poll(() => camera.events.some(({ event }) => event === 'client-connected')).toBe(true);
    browser.abort();
    expect(await request).toBe('left');
    await expect.poll(() => camera.events.some(({ event }) => event === 'client-left')).toBe(true);
    await expect.poll(async () => (await post({ url: 'rtsp://127.0.0.1:1/' })).status).toBe(200);
    expect(served.unexpected).toEqual([]);
  });
});
