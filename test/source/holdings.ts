// What this process holds: when it is the same before and after a hundred mishaps, none of them has left anything behind.
import { readdir } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { childrenOf, privateBytes } from '../../scripts/bench/process-cost.ts';

export type Holdings = {
  processes: number;
  descriptors: number;
  timers: number;
  /** Of JavaScript and of its buffers. */
  heapMegabytes: number;
  /** What the process has from the system. */
  privateMegabytes: number;
};

const looks = 10;
const lookEveryMs = 50;

/**
 * The most of each that was seen within half a second; of memory what is left after the garbage is collected.
 * @param clock with timers of its own
 */
export async function holdings(clock: { waiting?: number } = {}): Promise<Holdings> {
  const most = { processes: 0, descriptors: 0, timers: 0 };
  for (let look = 0; look < looks; look++) {
    const now = {
      processes: (await childrenOf(process.pid)).length,
      descriptors: (await readdir('/proc/self/fd')).length,
      timers: process.getActiveResourcesInfo().filter(name => name === 'Timeout').length + (clock.waiting ?? 0),
    };
    for (const key of ['processes', 'descriptors', 'timers'] as const) most[key] = Math.max(most[key], now[key]);
    await delay(lookEveryMs);
  }
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  const heapMegabytes = megabytes(heapUsed + external);
  return { ...most, heapMegabytes, privateMegabytes: megabytes(await privateBytes(process.pid)) };
}

function megabytes(bytes: number): number {
  return Number((bytes / 1_000_000).toFixed(1));
}

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  collect();
  collect();
}
