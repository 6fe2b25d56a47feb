// The client against the pretend camera, whose ONVIF side was written by the standard and not after this client.
import { expect, test } from 'vitest';
import { shortClip, startCamera } from '../pretend-camera/running-camera.ts';
import { open, problemOf } from './open.ts';

const user = { username: 'admin', password: 'p@ss:w/rd#%&+ü "\'' };

async function pretendCamera(options: string[]) {
  const all = ['--video', await shortClip(), '--onvif', '0', '--user', user.username, ...options];
  const running = await startCamera(all, user.password);
  const stop = () => running[Symbol.asyncDispose]();
  return { address: running.onvifUrl, url: running.url, [Symbol.asyncDispose]: stop };
}

test('its streams, picture and motion are read, and its key frames set, with its clock ten days behind', async () => {
  await using pretend = await pretendCamera(['--sub-stream', '--onvif-auth', 'wsse', '--clock-offset', '-864000']);
  const camera = await open(pretend, user);
  expect(await camera.information()).toMatchObject({ manufacturer: 'Pretend' });
  expect(Math.abs(((await camera.time())?.offsetMs ?? 0) + 864_000_000)).toBeLessThan(60_000);
  const profiles = await camera.profiles();
  expect(profiles.map(({ role, video }) => [role, video?.codec, video?.width])).toEqual([
    ['main', 'h264', 160],
    ['sub', 'h264', 80],
  ]);
  expect(await camera.streamUri('main')).toEqual({ url: pretend.url });
  expect([...(await camera.snapshot('sub')).subarray(0, 2)]).toEqual([0xff, 0xd8]);
  const { before, after } = await camera.setEncoder('main', { gopLength: 5 });
  expect([before.gopLength, after]).toEqual([20, { ...before, gopLength: 5 }]);
  for await (const item of camera.events(new AbortController().signal)) {
    if (item.type !== 'motion') continue;
    expect(Math.abs(item.atMs - Date.now())).toBeLessThan(60_000);
    break;
  }
});

test('by https it is refused until its fingerprint is confirmed, as the refusal names it', async () => {
  await using pretend = await pretendCamera(['--onvif-tls', '--onvif-auth', 'digest', '--h265']);
  const problem = await problemOf(open(pretend, user));
  expect(problem).toMatchObject({ code: 'camera-certificate' });
  const tlsFingerprint = /(?:[0-9A-F]{2}:){31}[0-9A-F]{2}/.exec(String(problem))?.[0];
  const camera = await open(pretend, { ...user, tlsFingerprint });
  expect((await camera.profiles())[0]).toMatchObject({ media: 'media2', video: { codec: 'h265' } });
  expect((await camera.snapshot('main')).length).toBeGreaterThan(500);
});
