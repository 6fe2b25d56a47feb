// What a process costs, as Linux counts it: processor time from /proc/PID/stat, memory that is its own from smaps_rollup.
import { readdir, readFile } from 'node:fs/promises';

/** Linux counts processor time in hundredths of a second, whatever the kernel's own clock. */
const tickMs = 10;

export type ProcessorTime = {
  /** Of the process itself. */
  ownMs: number;
  /** Of its children that have ended. */
  endedChildrenMs: number;
};

/** Rejects when the process is gone. */
export async function processorTime(pid: number): Promise<ProcessorTime> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The name in brackets may hold blanks: fields are counted from behind it, where the third one is.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = (field: number) => Number(fields[field - 3]);
  return { ownMs: (ticks(14) + ticks(15)) * tickMs, endedChildrenMs: (ticks(16) + ticks(17)) * tickMs };
}

/** Memory that nobody shares: what would be free if the process ended. Rejects when it is gone. */
export async function privateBytes(pid: number): Promise<number> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
  return [...rollup.matchAll(/^Private_\w+:\s+(\d+) kB$/gm)].reduce((sum, [, kb]) => sum + Number(kb) * 1024, 0);
}

/** Memory it has written to: also alone on the machine, what another of its kind would take. Rejects when it is gone. */
export async function writtenBytes(pid: number): Promise<number> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
  return Number(/^Private_Dirty:\s+(\d+) kB$/m.exec(rollup)?.[1]) * 1024;
}

/** Memory it has resident now, shared libraries included. Rejects when it is gone. */
export async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

/** Most memory it ever had resident, shared libraries included. */
export async function peakResidentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

/** Its living children, of all its threads. */
export async function childrenOf(pid: number): Promise<number[]> {
  const tasks = await readdir(`/proc/${pid}/task`);
  const lists = await Promise.all(
    tasks.map(task => readFile(`/proc/${pid}/task/${task}/children`, 'utf8').catch(() => '')),
  );
  return lists.flatMap(list => list.trim().split(' ').filter(Boolean).map(Number));
}
