// ffmpeg processes: they are replaced when they die, and none is left behind, whoever ends and however.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../agent/clock.ts';
import { Facts } from '../../agent/facts.ts';
import { openFfmpegRtspSource } from '../../agent/source/ffmpeg-rtsp-source.ts';
import { type RunningCamera, shortClip, startCamera } from '../pretend-camera/running-camera.ts';
import { Following } from './following.ts';

const waiting = { timeout: 50_000, interval: 50 };
let camera: RunningCamera;

beforeAll(async () => {
  camera = await startCamera(['--video', await shortClip(), '--gop', '1']);
  return () => camera.stop('SIGKILL');
});

/** ffmpeg processes that `parent` started and that are not gone. */
async function ffmpegsOf(parent: number): Promise<number[]> {
  const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name));
  const stats = await Promise.all(pids.map(pid => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')));
  return stats.flatMap(stat => {
    const [, pid, name, state, ppid] = /^(\d+) \((.*)\) (\w) (\d+)/.exec(stat) ?? [];
    return name === 'ffmpeg' && state !== 'Z' && Number(ppid) === parent ? [Number(pid)] : [];
  });
}

function alive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test('an ffmpeg that is killed is replaced within seconds', async () => {
  await using following = new Following({ reader: 'ffmpeg', url: camera.url });
  await expect.poll(() => following.ordinals.length, waiting).toBeGreaterThan(5);
  const [pid] = await ffmpegsOf(process.pid);
  if (pid === undefined) throw new Error('There is no ffmpeg');
  process.kill(pid, 'SIGKILL');
  await expect.poll(() => following.stateNames, waiting).toEqual(['starting', 'live', 'offline', 'live']);
  expect(following.problems[0]).toMatchObject({ code: 'camera-failed' });
  expect(following.problems[0]?.message).toContain('ended from outside (SIGKILL)');
  expect(following.tracks.length).toBe(2);
});

test('stopping leaves no ffmpeg, at whatever moment it comes', async () => {
  for (const ms of [0, 30, 120, 300, 700, 2_500]) {
    const following = new Following({ reader: 'ffmpeg', url: camera.url });
    await delay(ms);
    await following.stop();
    expect(await ffmpegsOf(process.pid), `stopped after ${ms} ms`).toEqual([]);
    expect(following.problems).toEqual([]);
  }
});

test('a hanging camera does not keep its ffmpeg alive when the agent stops', async () => {
  const following = new Following({ reader: 'ffmpeg', url: camera.url });
  await expect.poll(() => following.ordinals.length, waiting).toBeGreaterThan(2);
  camera.signal('SIGSTOP');
  onTestFinished(() => camera.signal('SIGCONT'));
  await delay(300);
  const stoppedAtMs = Date.now();
  await following.stop();
  // Far sooner than ffmpeg itself would give the camera up.
  expect(Date.now() - stoppedAtMs).toBeLessThan(20_000);
  expect(await ffmpegsOf(process.pid)).toEqual([]);
});

test('a consumer that stops reading, or throws, leaves no ffmpeg', async () => {
  const facts = new Facts(() => undefined);
  const source = openFfmpegRtspSource({
    camera: { id: 'door', url: camera.url, audio: 'aac' },
    clock: systemClock,
    facts,
    random: () => 0,
  });
  const consume = async () => {
    for await (const item of source.items(new AbortController().signal))
      if (item.type === 'frame') throw new Error('the disk is full');
  };
  await expect(consume()).rejects.toThrow('the disk is full');
  expect(await ffmpegsOf(process.pid)).toEqual([]);
});

test.each(['runs', 'hangs'])('kill -9 of the agent ends its ffmpeg while the camera %s', async how => {
  const program = new URL('watch-camera.ts', import.meta.url).pathname;
  const agent = spawn(process.execPath, [program, camera.url], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void agent.kill('SIGKILL'));
  let output = '';
  agent.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  await expect.poll(() => output, waiting).toContain('"live"');
  let ffmpegs: number[] = [];
  const count = async () => {
    ffmpegs = await ffmpegsOf(agent.pid ?? 0);
    return ffmpegs.length;
  };
  await expect.poll(count, waiting).toBe(1);
  const [ffmpeg = 0] = ffmpegs;
  if (how === 'hangs') {
    camera.signal('SIGSTOP');
    onTestFinished(() => camera.signal('SIGCONT'));
  }
  agent.kill('SIGKILL');
  await once(agent, 'exit');
  await expect.poll(() => alive(ffmpeg), waiting).toBe(false);
});
