// `kvs-edge encoder`: what a camera encodes, and what it encodes after somebody agreed to a change.
import { expect, test } from 'vitest';
import { runCli } from '../agent/running-agent.ts';
import { shortClip, startCamera } from '../pretend-camera/running-camera.ts';

const canary = `p@ss:w/rd#%&+ü "'`;

async function onvifCamera(options: string[] = []) {
  const camera = await startCamera(
    ['--video', await shortClip(), '--gop', '3', '--user', 'admin', '--onvif', '0', '--sub-stream', ...options],
    canary,
  );
  const { host } = new URL(camera.onvifUrl ?? '');
  const encoder = (...args: string[]) =>
    runCli(['encoder', host, '--user', 'admin', '--password-env', 'PASSWORD', ...args], { PASSWORD: canary });
  return { encoder, [Symbol.asyncDispose]: () => camera[Symbol.asyncDispose]() };
}

test('the encoders are shown, changed when told to, and what came of it is what the camera says', async () => {
  await using camera = await onvifCamera();
  const before = await camera.encoder();
  expect(before.code).toBe(0);
  expect(before.output).toMatch(/^main .*main .*h264.* 160x120 .*30 pictures, 3\.0 s$/m);
  expect(before.output).toMatch(/^sub .*sub /m);
  const refused = await camera.encoder('--gop-seconds', '1');
  expect(refused.code).toBe(2);
  expect(refused.output).toContain('say --yes');
  expect((await camera.encoder()).output).toBe(before.output);
  const done = await camera.encoder('--gop-seconds', '1', '--yes');
  expect(done.output).toContain('key frame every (pictures)  30  →  10');
  expect(done.output).toContain('Changed, and the camera says so.');
  expect(done.code).toBe(0);
  expect((await camera.encoder()).output).toMatch(/^main .*10 pictures, 1\.0 s$/m);
  for (const { output } of [before, refused, done]) expect(output).not.toContain(canary);
});

test('what a camera refuses, and what nobody can ask for, is said', async () => {
  await using camera = await onvifCamera();
  const tooSlow = await camera.encoder('--fps', '1', '--yes');
  expect(tooSlow.code).toBe(1);
  expect(tooSlow.output).toMatch(/\[camera-/);
  expect((await camera.encoder('--profile', 'third', '--kbps', '500', '--yes')).output).toContain('one of main, sub');
  expect((await camera.encoder('--h264-profile', 'Best')).output).toContain('Baseline, Main, Extended, High');
  expect((await runCli(['encoder', 'http://u:p@127.0.0.1/'])).output).toContain('must not hold a user or password');
});
