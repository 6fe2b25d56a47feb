// What goes wrong at people's homes, done to the whole agent: each is one clear sentence, with an exit code when it cannot
// start and as the camera's state when it runs; nothing crashes, and the cameras that are well go on.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type LocalCloud, startLocalCloud } from '../../agent/local-cloud/main.ts';
import { Secret } from '../../agent/secret.ts';
import { type RunningCamera, startCamera } from '../pretend-camera/running-camera.ts';
import { RunningAgent, runCli } from './running-agent.ts';

const cameraPassword = 'p@ss:w/rd#%&+ü';
const canary = 'canary-5f2e81';

let dir: string;
let cloud: LocalCloud;
let camera: RunningCamera;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'kvs-edge-bad-'));
  const secretAccessKey = new Secret('local-secret');
  cloud = await startLocalCloud({ port: 0, dataDir: join(dir, 'cloud'), accessKeyId: 'local', secretAccessKey });
  camera = await startCamera(['--user', 'admin'], cameraPassword);
});

afterAll(async () => {
  await camera?.stop();
  await cloud?.close();
  await rm(dir, { recursive: true, force: true });
});

function goodCamera(id: string) {
  return { id, url: camera.url, username: 'admin', password: { env: 'CAMERA_PASSWORD' } };
}

async function settingsFile(name: string, text: string): Promise<string> {
  const file = join(dir, name);
  await writeFile(file, text);
  return file;
}

describe('the agent does not start, and says why', () => {
  test('settings with typos: every one is named with its line, rule and example', async () => {
    const file = await settingsFile(
      'typo.yaml',
      'cameras:\n  - id: Front Door\n    url: rtsp://10.0.0.20/1\n    retentionHour: 24\n    labels: { everySeconds: often }\n',
    );
    const { code, output } = await runCli(['run', '--config', file]);
    expect(code).toBe(1);
    expect(output).toMatch(/typo\.yaml:2 .*cameras\[0\]\.id .*front-door/);
    expect(output).toMatch(/typo\.yaml:4 .*retentionHour.*retentionHours/);
    expect(output).toMatch(/typo\.yaml:5 .*everySeconds/);
  });

  test('a secret that is not set is named with its setting', async () => {
    const file = await settingsFile('secret.yaml', JSON.stringify({ cameras: [goodCamera('a')] }));
    const { code, output } = await runCli(['run', '--config', file]);
    expect(code).toBe(1);
    expect(output).toMatch(/cameras\[0\]\.password.*CAMERA_PASSWORD.*not set/);
  });

  test('a port in use is named with what to change', async () => {
    const busy = createServer().listen(0, '127.0.0.1');
    await once(busy, 'listening');
    const address = busy.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const settings = {
      dataDir: join(dir, 'busy'),
      cameras: [{ id: 'a', url: camera.url }],
      web: { listen: `127.0.0.1:${port}` },
    };
    const file = await settingsFile('port.yaml', JSON.stringify(settings));
    const { code, output } = await runCli(['run', '--config', file]);
    busy.close();
    expect(code).toBe(1);
    expect(output).toContain(`another program uses port ${port}`);
    expect(output).toContain('web.listen');
    expect((await runCli(['local-cloud', '--port', `${cloud.port}`, '--data', join(dir, 'other')])).code).toBe(1);
  });

  test('a wrong command line shows the usage, with exit code 2', async () => {
    for (const args of [
      ['record'],
      ['run'],
      ['run', '--konfig', 'x'],
      ['local-cloud', '--port', 'many', '--data', dir],
    ]) {
      const { code, output } = await runCli(args);
      expect({ args, code }).toEqual({ args, code: 2 });
      expect(output).toContain('kvs-edge run --config FILE');
    }
  });
});

test('cameras that are wrong say so in the console, while the one that is well records', async () => {
  const page = createServer((_request, response) => response.end('<html>a router’s page</html>')).listen(
    0,
    '127.0.0.1',
  );
  await once(page, 'listening');
  const address = page.address();
  const pagePort = typeof address === 'object' ? address?.port : 0;
  await using bFrames = await startCamera(['--b-frames']);
  await using agent = await RunningAgent.start(
    {
      aws: { endpoint: cloud.url },
      cameras: [
        goodCamera('well'),
        { ...goodCamera('wrong-password'), password: { env: 'WRONG_PASSWORD' } },
        { id: 'no-such-host', url: 'rtsp://camera.invalid/stream1' },
        { id: 'web-page', url: `rtsp://127.0.0.1:${pagePort}/stream1` },
        { id: 'b-frames', url: bFrames.url },
      ],
    },
    { CAMERA_PASSWORD: cameraPassword, WRONG_PASSWORD: canary },
  );
  const states = {
    'wrong-password': { state: 'refused', code: 'camera-denied', message: /password/ },
    'no-such-host': { state: 'offline', code: 'camera-host-unknown', message: /camera\.invalid/ },
    'web-page': { state: 'refused', code: 'camera-not-rtsp', message: /RTSP/ },
    'b-frames': { state: 'refused', code: 'camera-b-frames', message: /B-frames/ },
  };
  for (const [id, { state, code, message }] of Object.entries(states)) {
    await expect.poll(async () => (await agent.camera(id)).state, { message: id }).toBe(state);
    const { problem, retryAtMs } = await agent.camera(id);
    expect(problem?.code, id).toBe(code);
    expect(problem?.message, id).toMatch(message);
    // It is tried again: at a time to come, or just now.
    expect(retryAtMs, id).toBeGreaterThan(Date.now() - 120_000);
  }
  await expect.poll(async () => (await agent.camera('well')).upload.lastPersistedAckMs).toBeDefined();
  for (const path of ['/api/cameras', '/api/alerts', '/api/sightings']) {
    expect(await agent.text(path)).not.toMatch(new RegExp(`${canary}|p@ss|p%40ss`));
  }
  expect(agent.output).not.toMatch(new RegExp(`${canary}|p@ss|p%40ss`));
  expect(execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })).not.toMatch(new RegExp(`${canary}|p%40ss`));
  page.close();
});

test('a wrong AWS key is said in words, video is kept on disk, and nothing crashes', async () => {
  await using agent = await RunningAgent.start(
    { aws: { endpoint: cloud.url }, cameras: [{ ...goodCamera('front'), stream: 'wrong-key' }] },
    { CAMERA_PASSWORD: cameraPassword, AWS_SECRET_ACCESS_KEY: canary },
  );
  await expect.poll(async () => (await agent.camera('front')).upload.problem?.code).toBe('service-denied');
  expect((await agent.camera('front')).upload.problem?.message).toMatch(/key/i);
  await expect.poll(async () => (await agent.camera('front')).state).toBe('live');
  await expect.poll(async () => (await agent.camera('front')).upload.waitingFragments).toBeGreaterThan(1);
  expect(agent.output).not.toContain(canary);
});

// A small disk of its own needs the right to mount, which an ordinary user does not have.
test.runIf(process.getuid?.() === 0)(
  'a full data folder is said in words, and recording goes on when there is room again',
  async () => {
    const disk = join(dir, 'small-disk');
    await mkdir(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', disk]);
    try {
      await using agent = await RunningAgent.start(
        // No cloud to send to: nothing on the disk may be given up while it waits.
        {
          aws: { endpoint: 'http://127.0.0.1:9' },
          cameras: [goodCamera('front')],
          spool: { dir: join(disk, 'spool'), minFreeBytes: '1 MiB' },
        },
        { CAMERA_PASSWORD: cameraPassword },
      );
      await expect.poll(async () => (await agent.camera('front')).upload.waitingFragments).toBeGreaterThan(0);
      const filler = join(disk, 'filler');
      execFileSync('sh', ['-c', `cat /dev/zero > ${filler} || true`], { stdio: 'ignore' });
      await expect.poll(async () => (await agent.camera('front')).diskProblem?.code).toBe('disk-full');
      expect((await agent.camera('front')).diskProblem?.message).toContain(join(disk, 'spool'));
      await rm(filler);
      await expect.poll(async () => (await agent.camera('front')).diskProblem).toBeUndefined();
      await expect.poll(async () => (await agent.camera('front')).lostSeconds).toBeGreaterThan(0);
      await expect.poll(async () => (await agent.camera('front')).state).toBe('live');
      expect(agent.isRunning).toBe(true);
    } finally {
      execFileSync('umount', ['-l', disk]);
    }
  },
);
