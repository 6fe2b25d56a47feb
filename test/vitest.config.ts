import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { ConformanceTable } from './conformance/table.ts';
import { LongestFirst } from './longest-first.ts';

const root = join(import.meta.dirname, '..');
// As scripts/kvs-edge does: the agents that tests start do not compile the same files again and again.
process.env.NODE_COMPILE_CACHE ??= join(root, '.tools/compile-cache');

// CI has two cores. The tests start real cameras, servers and browsers, and then wait for them half of the time: four workers
// keep two cores busy.
export default defineConfig({
  root,
  test: {
    include: ['test/**/*.test.ts'],
    maxWorkers: 4,
    reporters: ['default', new ConformanceTable()],
    sequence: { sequencer: LongestFirst },
    // Nothing fails because the machine is busy: these end what hangs, and say nothing of how long anything may take.
    testTimeout: 180_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 60_000 } },
    execArgv: ['--disable-warning=ExperimentalWarning'],
  },
});
