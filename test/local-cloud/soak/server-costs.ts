// What the server costs while a soak runs: its processor time and its memory, read from /proc every few seconds.
import { setTimeout as delay } from 'node:timers/promises';
import { privateBytes, processorTime, residentBytes } from '../../../scripts/bench/process-cost.ts';
import { medianOf, rounded } from '../../../scripts/bench/quantiles.ts';

const megabyte = 1_000_000;

type Sample = { atMs: number; processorMs: number; residentBytes: number; privateBytes: number };

/** Megabytes: the median of the first fifth of the samples, the most, the median of the last fifth. */
export type MemoryFigures = { start: number; peak: number; end: number };

export type ServerFigures = {
  seconds: number;
  percentOfCore: number;
  residentMegabytes: MemoryFigures;
  privateMegabytes: MemoryFigures;
};

export class ServerCosts {
  readonly #pid: number;
  readonly #samples: Sample[] = [];
  readonly #stop = new AbortController();
  readonly #sampling: Promise<void>;

  constructor(pid: number, everyMs: number) {
    this.#pid = pid;
    this.#sampling = this.#sample(everyMs);
  }

  /** Ends the sampling. */
  async figures(): Promise<ServerFigures> {
    this.#stop.abort();
    await this.#sampling;
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    if (!first || !last) throw new Error('The server was never looked at');
    return {
      seconds: rounded((last.atMs - first.atMs) / 1000),
      percentOfCore: rounded(((last.processorMs - first.processorMs) / (last.atMs - first.atMs)) * 100),
      residentMegabytes: memory(this.#samples.map(sample => sample.residentBytes)),
      privateMegabytes: memory(this.#samples.map(sample => sample.privateBytes)),
    };
  }

  async #sample(everyMs: number): Promise<void> {
    for (;;) {
      const { ownMs } = await processorTime(this.#pid);
      this.#samples.push({
        ...{ atMs: performance.now(), processorMs: ownMs },
        ...{ residentBytes: await residentBytes(this.#pid), privateBytes: await privateBytes(this.#pid) },
      });
      const stopped = await delay(everyMs, false, { signal: this.#stop.signal }).catch(() => true);
      if (stopped) return;
    }
  }
}

function memory(bytes: readonly number[]): MemoryFigures {
  const fifth = Math.max(1, Math.floor(bytes.length / 5));
  const figure = (value: number) => rounded(value / megabyte);
  return {
    start: figure(medianOf(bytes.slice(0, fifth))),
    peak: figure(Math.max(...bytes)),
    end: figure(medianOf(bytes.slice(-fifth))),
  };
}
