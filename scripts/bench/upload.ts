// Two figures of the way up, on loopback, with the embedded server in a process of its own: how a recording of 90 MB is
// pushed (wall, processor, memory), and how long after a live picture came its fragment is stored.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { localCloud, node } from './child.ts';
import { matroskaFootage } from './footage.ts';
import type { Journey } from './live-uploader.ts';
import { peakResidentBytes, privateBytes, processorTime } from './process-cost.ts';
import { medianOf, quantileOf, rounded } from './quantiles.ts';

const megabyte = 1_000_000;
const sampleEveryMs = 5;
const pushRounds = 3;

export type UploadOptions = { megabytes: number; fragments: number };

export async function benchUpload({ megabytes, fragments }: UploadOptions): Promise<Record<string, unknown>> {
  const file = await matroskaFootage(megabytes);
  const dir = await mkdtemp(join(tmpdir(), 'kvs-edge-bench-'));
  try {
    await using cloud = await localCloud(join(dir, 'cloud'));
    const pushes: Push[] = [];
    for (let round = 0; round < pushRounds; round++) pushes.push(await push(file, cloud.readyText, round));
    return {
      push: { rounds: pushRounds, ...medians(pushes), goal: { sendingSeconds: 0.5, peakPrivateMegabytes: 120 } },
      live: await live({ dir: join(dir, 'spool'), endpoint: cloud.readyText, fragments }),
    };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

type Push = {
  megabytes: number;
  /** From the start of the process to its end. */
  wallSeconds: number;
  /** By the command's own clock, from its first line of code on. */
  commandSeconds: number;
  processorSeconds: number;
  peakResidentMegabytes: number;
  peakPrivateMegabytes: number;
};

async function push(file: string, endpoint: string, round: number): Promise<Push> {
  let summary: { sentBytes: number; tookMs: number } | undefined;
  // A stream of its own: what a stream has already is not sent again.
  const args = ['push', file, '--stream', `bench-${round}`, '--start', '2026-01-01T00:00:00Z', '--json'];
  const startMs = performance.now();
  const started = node('agent/cli.ts', args, {
    env: { AWS_ENDPOINT_URL: endpoint },
    // It never says that it is ready: it is over when it tells what it did.
    ready: /^(\{.*\})$/,
    onLine: line => {
      summary = JSON.parse(line);
    },
    onSpawn: pid => void watch(pid),
  });
  const peak = { privateBytes: 0, residentBytes: 0, processorMs: 0 };
  const watch = async (pid: number) => {
    try {
      for (;;) {
        peak.privateBytes = Math.max(peak.privateBytes, await privateBytes(pid));
        peak.residentBytes = Math.max(peak.residentBytes, await peakResidentBytes(pid));
        const { ownMs, endedChildrenMs } = await processorTime(pid);
        peak.processorMs = Math.max(peak.processorMs, ownMs + endedChildrenMs);
        await delay(sampleEveryMs);
      }
    } catch {
      // The process is over, and its files in /proc are gone.
    }
  };
  await using child = await started;
  await child.ended();
  const wallMs = performance.now() - startMs;
  if (!summary) throw new Error('push did not say what it did');
  return {
    megabytes: summary.sentBytes / megabyte,
    wallSeconds: wallMs / 1000,
    commandSeconds: summary.tookMs / 1000,
    processorSeconds: peak.processorMs / 1000,
    peakResidentMegabytes: peak.residentBytes / megabyte,
    peakPrivateMegabytes: peak.privateBytes / megabyte,
  };
}

function medians(pushes: readonly Push[]): Push {
  const median = (of: keyof Push) => rounded(medianOf(pushes.map(push => push[of])));
  return {
    megabytes: median('megabytes'),
    wallSeconds: median('wallSeconds'),
    commandSeconds: median('commandSeconds'),
    processorSeconds: median('processorSeconds'),
    peakResidentMegabytes: median('peakResidentMegabytes'),
    peakPrivateMegabytes: median('peakPrivateMegabytes'),
  };
}

async function live(stage: { dir: string; endpoint: string; fragments: number }): Promise<Record<string, unknown>> {
  const args = [stage.dir, stage.endpoint, String(stage.fragments)];
  await using child = await node('scripts/bench/live-uploader.ts', args, { ready: /^journeys (.*)$/ });
  const journeys: Journey[] = JSON.parse(child.readyText);
  const toPersisted = (from: 'lastFrameMs' | 'endKnownMs') => {
    const ms = journeys.map(journey => journey.persistedMs - journey[from]);
    return { p50Ms: rounded(quantileOf(ms, 0.5)), p99Ms: rounded(quantileOf(ms, 0.99)) };
  };
  return {
    fragments: journeys.length,
    lastFrameToPersisted: toPersisted('lastFrameMs'),
    // Only the next key frame, one frame interval later, shows that a picture was its fragment's last.
    endKnownToPersisted: toPersisted('endKnownMs'),
    goal: { lastFrameToPersistedP99Ms: 50 },
  };
}
