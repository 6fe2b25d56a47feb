// What cameras cost: the agent as it is shipped, with N cameras of 1080p25, labels off, nobody at the console, uploading to the
// embedded server. Node's share and ffmpeg's are counted apart, and so are whatever else the agent starts and the cameras.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { stringify } from 'yaml';
import type { SettingsInput } from '../../shared/settings.ts';
import { type CameraCosts, cameraCosts } from './camera-costs.ts';
import { Child, localCloud, node } from './child.ts';
import { rounded } from './quantiles.ts';
import { countStoredPictures, type StoredPictures } from './stored-pictures.ts';

const connectPatienceMs = 120_000;
const settleMs = 20_000;
const megabyte = 1_000_000;
const load = join(import.meta.dirname, 'camera-load.ts');

export type CameraOptions = { cameras: number[]; seconds: number; megabits: number; reader: 'native' | 'ffmpeg' };

export async function benchCameras({ cameras, ...options }: CameraOptions): Promise<Record<string, unknown>> {
  const dir = await mkdtemp(join(tmpdir(), 'kvs-edge-bench-'));
  try {
    const runs: Run[] = [];
    for (const count of cameras) {
      const runDir = join(dir, `${count}`);
      runs.push(await measure({ ...options, count, dir: runDir }));
      await rm(runDir, { recursive: true, force: true });
    }
    return { ...options, runs, perFurtherCamera: slopes(runs), goal };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

const goal = {
  nodePercentOfCorePerCamera: 0.8,
  privateMegabytesPerFurtherCamera: 2,
  processorTimePerCameraAgainstRunBefore: 1.15,
  lost: 0,
};

type Run = {
  cameras: number;
  megabitsPerSecondPerCamera: number;
  node: { percentOfCore: number; percentOfCorePerCamera: number; privateMegabytes: number };
  ffmpeg: { processes: number; percentOfCorePerCamera: number; privateMegabytesPerProcess: number };
  endedProcesses: { percentOfCorePerCamera: number };
  theCamerasThemselves: { percentOfCore: number; picturesDropped: number };
  pictures: StoredPictures;
};
type Stage = Omit<CameraOptions, 'cameras'> & { count: number; dir: string };
type LoadReport = { viewers: number; sent: number; dropped: number };

async function measure(stage: Stage): Promise<Run> {
  const { count, dir, seconds } = stage;
  await mkdir(dir);
  const cloudDir = join(dir, 'cloud');
  await using cloud = await localCloud(cloudDir);
  let report: LoadReport = { viewers: 0, sent: 0, dropped: 0 };
  await using cameras = await Child.start({
    command: process.execPath,
    args: ['--disable-warning=ExperimentalWarning', load, '--cameras', `${count}`, '--megabits', `${stage.megabits}`],
    ready: /^\{"urls":(.*)\}$/,
    onLine(line) {
      const parsed: Partial<LoadReport> = JSON.parse(line);
      if ('sent' in parsed) report = { ...report, ...parsed };
    },
  });
  const urls: string[] = JSON.parse(cameras.readyText);
  const measured = { cloudDir, loadPid: cameras.pid };
  let before: CameraCosts;
  let after: CameraCosts;
  {
    await using agent = await startAgent(stage, urls, cloud.readyText);
    await allWatched(() => report.viewers, count);
    await delay(settleMs);
    before = await cameraCosts({ ...measured, agentPid: agent.pid });
    await delay(seconds * 1000);
    after = await cameraCosts({ ...measured, agentPid: agent.pid });
    if (report.viewers !== count) throw new Error(`Only ${report.viewers} of ${count} cameras are still connected`);
  }
  return { ...figures(before, after, count), ...(await losses(cloudDir, report, before, after)) };
}

async function startAgent(stage: Stage, urls: string[], endpoint: string): Promise<Child> {
  const settingsFile = join(stage.dir, 'kvs-edge.yaml');
  await writeFile(settingsFile, stringify(settings(stage, urls, endpoint)));
  return await node('agent/cli.ts', ['run', '--config', settingsFile], {
    ready: /^Console: (\S+)/,
    env: { KVS_EDGE_CONSOLE_PASSWORD: 'a password for the bench' },
  });
}

async function allWatched(viewers: () => number, cameras: number): Promise<void> {
  const deadlineMs = performance.now() + connectPatienceMs;
  while (viewers() < cameras) {
    if (performance.now() > deadlineMs) throw new Error(`Only ${viewers()} of ${cameras} cameras are connected`);
    await delay(500);
  }
}

function figures(before: CameraCosts, after: CameraCosts, count: number) {
  const elapsedMs = after.atMs - before.atMs;
  const percent = (of: 'nodeMs' | 'ffmpegMs' | 'endedMs') => ((after[of] - before[of]) / elapsedMs) * 100;
  const nodePercent = percent('nodeMs');
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
      percentOfCorePerCamera: rounded(percent('ffmpegMs') / count),
      privateMegabytesPerProcess: after.ffmpegs === 0 ? 0 : rounded(after.ffmpegBytes / after.ffmpegs / megabyte),
    },
    endedProcesses: { percentOfCorePerCamera: rounded(percent('endedMs') / count) },
  };
}

async function losses(cloudDir: string, { dropped }: LoadReport, before: CameraCosts, after: CameraCosts) {
  const percentOfCore = rounded(((after.loadMs - before.loadMs) / (after.atMs - before.atMs)) * 100);
  return {
    theCamerasThemselves: { percentOfCore, picturesDropped: dropped },
    pictures: await countStoredPictures(cloudDir),
  };
}

/** From each run to the next, and from the first to the last: what one camera more costs, and whether each costs what it did. */
function slopes(runs: readonly Run[]): Record<string, unknown>[] {
  const steps = runs.slice(1).map((run, index): (Run | undefined)[] => [runs[index], run]);
  if (runs.length > 2) steps.push([runs[0], runs.at(-1)]);
  return steps.flatMap(([before, run]) => {
    if (!before || !run) return [];
    const added = run.cameras - before.cameras;
    const perCamera = ({ node, ffmpeg }: Run) => node.percentOfCorePerCamera + ffmpeg.percentOfCorePerCamera;
    return {
      from: before.cameras,
      to: run.cameras,
      nodePercentOfCore: rounded((run.node.percentOfCore - before.node.percentOfCore) / added),
      nodePrivateMegabytes: rounded((run.node.privateMegabytes - before.node.privateMegabytes) / added),
      processorTimePerCameraAgainstRunBefore: rounded(perCamera(run) / perCamera(before)),
    };
  });
}

function settings({ dir, reader }: Stage, urls: string[], endpoint: string): SettingsInput {
  return {
    siteName: 'Bench',
    dataDir: join(dir, 'agent'),
    aws: { region: 'us-west-2', endpoint },
    cameras: urls.map((url, index) => ({ id: `camera-${index}`, url, reader, retentionHours: 1 })),
    web: { listen: '127.0.0.1:0' },
  };
}
