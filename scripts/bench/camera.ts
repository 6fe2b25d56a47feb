// What cameras cost: the agent as it is shipped, with N cameras of 1080p25 and 4 Mbit/s, labels off, nobody at the console,
// uploading to the embedded server. Node's share and ffmpeg's are counted apart, and so is whatever else the agent starts.
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { stringify } from 'yaml';
import type { SettingsInput } from '../../shared/settings.ts';
import { Child, localCloud, node } from './child.ts';
import { encodedClip } from './footage.ts';
import { childrenOf, privateBytes, processorTime } from './process-cost.ts';
import { rounded } from './quantiles.ts';

const connectPatienceMs = 60_000;
const settleMs = 20_000;
/** One pretend camera falls behind with many viewers, as a real one does. */
const viewersEach = 4;
const megabyte = 1_000_000;

export type CameraOptions = { cameras: number[]; seconds: number };

export async function benchCameras({ cameras, seconds }: CameraOptions): Promise<Record<string, unknown>> {
  const dir = await mkdtemp(join(tmpdir(), 'kvs-edge-bench-'));
  try {
    await using stack = new AsyncDisposableStack();
    const urls: string[] = [];
    for (let served = 0; served < Math.max(...cameras); served += viewersEach) {
      urls.push(stack.use(await pretendCamera(join(dir, 'camera'))).readyText);
    }
    const runs: Run[] = [];
    for (const count of cameras) {
      const runDir = join(dir, `${count}`);
      runs.push(await measure({ count, seconds, urls, dir: runDir }));
      await rm(runDir, { recursive: true, force: true });
    }
    return { seconds, runs, perFurtherCamera: slopes(runs), goal };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

const goal = { nodePercentOfCorePerCamera: 0.6, privateMegabytesPerFurtherCamera: 2 };

type Run = {
  cameras: number;
  megabitsPerSecondPerCamera: number;
  node: { percentOfCore: number; percentOfCorePerCamera: number; privateMegabytes: number };
  ffmpeg: { processes: number; percentOfCorePerCamera: number; privateMegabytesPerProcess: number };
  endedProcesses: { percentOfCorePerCamera: number };
};
type Stage = { count: number; seconds: number; urls: string[]; dir: string };

async function pretendCamera(cache: string): Promise<Child> {
  const clip = ['--video', await encodedClip(), '--cache', cache];
  return await Child.start({
    command: join(import.meta.dirname, '../pretend-camera'),
    args: [...clip, '--port', '0', '--no-audio', '--no-stamp'],
    ready: /"url": "([^"]+)"/,
  });
}

async function measure({ count, seconds, urls, dir }: Stage): Promise<Run> {
  await mkdir(dir);
  await using cloud = await localCloud(join(dir, 'cloud'));
  const settingsFile = join(dir, 'kvs-edge.yaml');
  await writeFile(settingsFile, stringify(settings({ count, urls, dir }, cloud.readyText)));
  await using agent = await node('agent/cli.ts', ['run', '--config', settingsFile], {
    ready: /^Console: (\S+)/,
    env: { KVS_EDGE_CONSOLE_PASSWORD: 'a password for the bench' },
  });
  await allConnected(agent.pid, count);
  await delay(settleMs);
  const before = await costs(agent.pid, join(dir, 'cloud'), count);
  await delay(seconds * 1000);
  const after = await costs(agent.pid, join(dir, 'cloud'), count);
  const elapsedMs = after.atMs - before.atMs;
  const percent = (from: number, to: number) => ((to - from) / elapsedMs) * 100;
  const nodePercent = percent(before.nodeMs, after.nodeMs);
  return {
    cameras: count,
    megabitsPerSecondPerCamera: rounded(((after.storedBytes - before.storedBytes) * 8) / 1000 / elapsedMs / count),
    node: {
      percentOfCore: rounded(nodePercent),
      percentOfCorePerCamera: rounded(nodePercent / count),
      privateMegabytes: rounded(after.nodeBytes / megabyte),
    },
    ffmpeg: {
      processes: after.ffmpegs,
      percentOfCorePerCamera: rounded(percent(before.ffmpegMs, after.ffmpegMs) / count),
      privateMegabytesPerProcess: rounded(after.ffmpegBytes / after.ffmpegs / megabyte),
    },
    endedProcesses: { percentOfCorePerCamera: rounded(percent(before.endedMs, after.endedMs) / count) },
  };
}

async function allConnected(pid: number, cameras: number): Promise<void> {
  const deadlineMs = performance.now() + connectPatienceMs;
  while ((await copyingProcesses(pid)).length < cameras && performance.now() < deadlineMs) await delay(500);
}

type Costs = {
  atMs: number;
  nodeMs: number;
  nodeBytes: number;
  ffmpegs: number;
  ffmpegMs: number;
  ffmpegBytes: number;
  /** Processor time of processes that have come and gone, such as the ffmpeg that decodes a still. */
  endedMs: number;
  storedBytes: number;
};

/** Rejects when not every camera has its ffmpeg: then the figures would be of something else. */
async function costs(pid: number, cloudDir: string, cameras: number): Promise<Costs> {
  const { ownMs, endedChildrenMs } = await processorTime(pid);
  const copying = await copyingProcesses(pid);
  if (copying.length < cameras) throw new Error(`Only ${copying.length} of ${cameras} cameras are connected`);
  const times = await Promise.all(copying.map(processorTime));
  const bytes = await Promise.all(copying.map(privateBytes));
  return {
    atMs: performance.now(),
    nodeMs: ownMs,
    nodeBytes: await privateBytes(pid),
    ffmpegs: copying.length,
    ffmpegMs: sum(times.map(time => time.ownMs)),
    ffmpegBytes: sum(bytes),
    endedMs: endedChildrenMs,
    storedBytes: await storedBytes(cloudDir),
  };
}

/** The ffmpegs that copy cameras: their input is a script, that of a still is video. */
async function copyingProcesses(pid: number): Promise<number[]> {
  const children = await childrenOf(pid);
  const commands = await Promise.all(children.map(child => readFile(`/proc/${child}/cmdline`, 'utf8').catch(() => '')));
  return children.filter((_, index) => commands[index]?.split('\0').includes('concat'));
}

async function storedBytes(dir: string): Promise<number> {
  const files = (await readdir(dir, { recursive: true })).filter(name => name.endsWith('.mkv'));
  return sum(await Promise.all(files.map(async name => (await stat(join(dir, name))).size)));
}

/** From each run to the next: what one camera more costs. */
function slopes(runs: readonly Run[]): Record<string, unknown>[] {
  return runs.slice(1).flatMap((run, index) => {
    const before = runs[index];
    if (!before) return [];
    const added = run.cameras - before.cameras;
    return {
      from: before.cameras,
      to: run.cameras,
      nodePercentOfCore: rounded((run.node.percentOfCore - before.node.percentOfCore) / added),
      nodePrivateMegabytes: rounded((run.node.privateMegabytes - before.node.privateMegabytes) / added),
    };
  });
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function settings({ count, urls, dir }: Omit<Stage, 'seconds'>, endpoint: string): SettingsInput {
  return {
    siteName: 'Bench',
    dataDir: join(dir, 'agent'),
    aws: { region: 'us-west-2', endpoint },
    cameras: Array.from({ length: count }, (_, index) => {
      return { id: `camera-${index}`, url: urls[index % urls.length] ?? '', retentionHours: 1 };
    }),
    web: { listen: '127.0.0.1:0' },
  };
}
