// kill -9 of every process in turn while the demo runs: it recovers by itself, and whatever was complete before each kill is
// in the cloud exactly once afterwards.
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCli } from '../agent/running-agent.ts';
import { longestWaitMs, RunningDemo } from './running-demo.ts';
import { StoredVideo } from './stored-video.ts';

let demo: RunningDemo;
let stored: StoredVideo;

beforeAll(async () => {
  demo = await RunningDemo.start();
  stored = new StoredVideo(demo.cloudUrl, 'front-door');
  await demo.line(/first fragment is in the cloud/);
}, 2 * longestWaitMs);

afterAll(async () => {
  await demo?.[Symbol.asyncDispose]();
});

const ffmpeg = 'ffmpeg .*-i pipe:0 .*-f matroska';
/** `prepare` is done while the demo runs. */
const victims: { name: string; pattern: string; prepare?: () => Promise<unknown> }[] = [
  { name: 'the agent', pattern: 'cli.ts run --config DATA' },
  { name: 'the cloud', pattern: 'cli.ts local-cloud .*DATA' },
  { name: 'the camera', pattern: 'pretend-camera .*DATA' },
  { name: 'the ffmpeg that reads the camera', pattern: ffmpeg, prepare: readByFfmpeg },
];

for (const { name, pattern, prepare } of victims) {
  test(`kill -9 of ${name}: it recovers, and every complete fragment is in the cloud exactly once`, async () => {
    await prepare?.();
    await expect.poll(() => matching(pattern), { message: pattern }).toHaveLength(1);
    const complete = completeFragments();
    const killedMs = Date.now();
    const [pid = Number.NaN] = matching(pattern);
    process.kill(pid, 'SIGKILL');
    await expect
      .poll(async () => newest(await fragmentsIfAny()), { timeout: longestWaitMs, interval: 500 })
      .toBeGreaterThan(killedMs + 1_000);
    // Everything that was on disk at the kill goes out before anything newer.
    const starts = (await stored.fragments()).map(fragment => fragment.producerMs);
    expect(starts).toEqual([...new Set(starts)]);
    expect(complete.filter(startMs => !starts.includes(startMs))).toEqual([]);
    process.stdout.write(`${name}: fragments flow again ${Date.now() - killedMs} ms after the kill\n`);
  }, 540_000);
}

/** The camera of the demo is read by the agent itself unless it is told otherwise. */
async function readByFfmpeg(): Promise<void> {
  const settings = join(demo.data, 'kvs-edge.yaml');
  await runCli(['camera', 'edit', 'front-door', '--set', 'reader=ffmpeg', '--config', settings]);
  await expect.poll(() => matching(ffmpeg), { timeout: longestWaitMs }).toHaveLength(1);
  const changedMs = Date.now();
  await expect
    .poll(async () => newest(await stored.fragments()), { timeout: longestWaitMs, interval: 500 })
    .toBeGreaterThan(changedMs + 2_000);
}

/** Producer timestamps of the fragments that are whole in the agent's spool. */
function completeFragments(): number[] {
  return readdirSync(join(demo.data, 'agent/spool/front-door'))
    .filter(name => name.endsWith('.mkv'))
    .map(name => Number.parseInt(name, 10));
}

/** Pids of this demo only: others may run on this machine. All seen at the same moment, since processes come and go. */
function matching(pattern: string): number[] {
  const listed = execFileSync('ps', ['-eo', 'pid=,ppid=,args='], { encoding: 'utf8', maxBuffer: 2 ** 24 });
  const running = [...listed.matchAll(/^ *(\d+) +(\d+) (.*)$/gm)].map(([, pid, parent, command = '']) => {
    return { pid: Number(pid), parent: Number(parent), command, isOurs: command.includes(demo.data) };
  });
  const ours = new Set(running.filter(({ isOurs }) => isOurs).map(({ pid }) => pid));
  const wanted = new RegExp(pattern.replace('DATA', demo.data));
  return running
    .filter(({ pid, parent, command }) => wanted.test(command) && (ours.has(pid) || ours.has(parent)))
    .map(({ pid }) => pid);
}

async function fragmentsIfAny() {
  try {
    return await stored.fragments();
  } catch {
    // The cloud itself is down for a moment.
    return [];
  }
}

function newest(fragments: { producerMs: number }[]): number {
  return fragments.at(-1)?.producerMs ?? 0;
}
