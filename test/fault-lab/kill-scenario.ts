// kill -9 of the agent at random moments, again and again: what counted before each kill is in the cloud exactly once.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { systemClock } from '../../agent/clock.ts';
import type { LabSize, Outcome, Scenario } from './scenario.ts';
import { nowMs, Site } from './site.ts';

const kills = { short: 6, long: 100 } as const;
const longestLifeMs = 2500;
/** Pictures of one life cannot be taken for those of another. */
const ordinalsPerLife = 100_000;

export const killScenario: Scenario = { name: 'kill -9 of the agent at random moments', run: runKills };

async function runKills(size: LabSize): Promise<Outcome> {
  await using site = await Site.open(size);
  const beganMs = nowMs();
  for (let life = 0; life < kills[size]; life++) {
    const child = spawnAgent(site, life * ordinalsPerLife);
    // The first line says that it lives; then it dies at any moment of its work.
    await firstLine(child);
    await systemClock.sleep(Math.random() * longestLifeMs);
    child.kill('SIGKILL');
    await once(child, 'close');
  }
  const overMs = nowMs();
  const attempts = site.putMediaRequests;
  await using pipeline = await site.start({ camera: { firstOrdinal: kills[size] * ordinalsPerLife } });
  const recoveryMs = await site.recovery(pipeline, overMs);
  await site.drain(pipeline);
  return { ...(await site.balance()), faultMs: overMs - beganMs, attempts, recoveryMs };
}

function spawnAgent(site: Site, firstOrdinal: number): ChildProcess {
  const file = join(import.meta.dirname, 'recording-agent.ts');
  const args = ['--disable-warning=ExperimentalWarning', file, site.dir, site.cloud.url, `${firstOrdinal}`];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
  createInterface({ input: child.stdout ?? process.stdin }).on('line', line => {
    const ordinals: number[] = JSON.parse(line);
    for (const ordinal of ordinals) site.ledger.gave(ordinal);
  });
  return child;
}

async function firstLine({ stdout }: ChildProcess): Promise<void> {
  if (stdout) await once(stdout, 'data');
}
