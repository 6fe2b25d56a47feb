// What the processes of the camera bench have cost so far: the agent's own, the ffmpegs that copy cameras, whatever else the
// agent started, the cameras themselves.
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { childrenOf, privateBytes, processorTime } from './process-cost.ts';

export type CameraCosts = {
  atMs: number;
  nodeMs: number;
  nodeBytes: number;
  ffmpegs: number;
  ffmpegMs: number;
  ffmpegBytes: number;
  /** Processor time of processes that have come and gone, such as the ffmpeg that decodes a still. */
  endedMs: number;
  /** Of the process that is all the cameras. */
  loadMs: number;
  storedBytes: number;
};

export type Measured = { agentPid: number; loadPid: number; cloudDir: string };

export async function cameraCosts({ agentPid, loadPid, cloudDir }: Measured): Promise<CameraCosts> {
  const { ownMs, endedChildrenMs } = await processorTime(agentPid);
  const copying = await copyingProcesses(agentPid);
  const times = await Promise.all(copying.map(processorTime));
  const bytes = await Promise.all(copying.map(privateBytes));
  return {
    atMs: performance.now(),
    nodeMs: ownMs,
    nodeBytes: await privateBytes(agentPid),
    ffmpegs: copying.length,
    ffmpegMs: sum(times.map(time => time.ownMs)),
    ffmpegBytes: sum(bytes),
    endedMs: endedChildrenMs,
    loadMs: (await processorTime(loadPid)).ownMs,
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

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
