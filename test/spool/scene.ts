// A spool in a folder of its own, with the facts it published, and numbers that are random but the same in every run.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Fact, type FactOf, Facts } from '../../agent/facts.ts';
import { Spool } from '../../agent/spool/spool.ts';
import type { SpoolOptions } from '../../agent/spool/spool-options.ts';
import { SimulatedClock } from '../simulated-clock.ts';

export class Scene implements AsyncDisposable {
  readonly root: string;
  readonly dir: string;
  readonly clock = new SimulatedClock();
  readonly published: Fact[] = [];
  readonly facts = new Facts(error => {
    throw error;
  });

  private constructor(root: string) {
    this.root = root;
    this.dir = join(root, 'spool');
    this.facts.subscribe(fact => this.published.push(fact));
  }

  static async make(): Promise<Scene> {
    return new Scene(await mkdtemp(join(tmpdir(), 'spool-')));
  }

  open(options: Partial<SpoolOptions> = {}): Promise<Spool> {
    return Spool.open({ dir: this.dir, maxBytes: 1e9, clock: this.clock, facts: this.facts, ...options });
  }

  factsOf<T extends Fact['type']>(type: T): FactOf<T>[] {
    return this.published.filter((fact): fact is FactOf<T> => fact.type === type);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.root, { recursive: true, force: true });
  }
}

/** mulberry32: in [0, 1), the same row for the same seed. */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
