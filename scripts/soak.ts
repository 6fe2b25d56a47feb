// npm run soak -- --minutes N [--faults] | --outage N [--cameras 4]
// One agent with several cameras against the embedded server, for real: with faults in a loop, or with one long outage of the
// uplink. Prints one JSON object: what was lost, came twice or late, and how fast the backlog was caught up.
// npm run soak -- --camera-restarts N --network-cuts N [--cameras 10]
// Cameras that restart or whose network is cut, N times in all: how soon they are recorded again, and what is left behind.
// npm run soak -- --alert-kills N
// An agent that is killed N times while it delivers alerts to a receiver that misbehaves: what was lost, came twice or late.
// npm run soak -- --ingest N --minutes N [--viewers 4] [--megabits 4]
// N cameras into the embedded server while viewers play HLS: what was lost, how soon it was safe, and what the server costs.
// Works in the folder it is started from: the system's folder for temporary files is often no disk.
// npm run soak -- --ingest-kills N
// The embedded server, killed N times while it takes in, plays and deletes: what it promised and did not keep.
// Its memory is the product's: the young generation is as small as scripts/kvs-edge makes it.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '../agent/clock.ts';
import { defaultTimings } from '../agent/source/rtsp-camera.ts';
import { breachesOf, soakKills } from '../test/alerts/kill-soak.ts';
import { AgentParts } from '../test/fault-lab/agent-parts.ts';
import { LabCloud } from '../test/fault-lab/lab-cloud.ts';
import { Ledger } from '../test/fault-lab/ledger.ts';
import { Pipeline } from '../test/fault-lab/pipeline.ts';
import { until } from '../test/fault-lab/scenario.ts';
import { serviceFaults } from '../test/fault-lab/service-faults.ts';
import { catchUp, countLate, isCovered, longestPauseMs } from '../test/fault-lab/soak-figures.ts';
import { breachesOf as killBreachesOf, soakIngestKills } from '../test/local-cloud/kill-soak.ts';
import { breachesOf as breachesOfIngest, soakIngest } from '../test/local-cloud/soak/ingest-soak.ts';
import { type Breaks, soakCameras } from '../test/source/camera-soak.ts';
import { matroskaRecording } from './bench/footage.ts';

type Camera = { id: string; ledger: Ledger; pipeline: Pipeline };

const minuteMs = 60_000;
/** A fault lasts, then the upload has time to recover: as much again and more. */
const faultMs = 5_000;
const quietMs = 10_000;
const drainMs = 10 * minuteMs;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    outage: { type: 'string' },
    faults: { type: 'boolean', default: false },
    cameras: { type: 'string' },
    'camera-restarts': { type: 'string', default: '0' },
    'network-cuts': { type: 'string', default: '0' },
    'alert-kills': { type: 'string', default: '0' },
    ingest: { type: 'string', default: '0' },
    viewers: { type: 'string', default: '4' },
    megabits: { type: 'string', default: '4' },
    'ingest-kills': { type: 'string', default: '0' },
  },
});
const restarts = Number(values['camera-restarts']);
const cuts = Number(values['network-cuts']);
const kills = Number(values['alert-kills']);
const streams = Number(values.ingest);
const ingestKills = Number(values['ingest-kills']);
await (streams > 0
  ? fillCloud()
  : ingestKills > 0
    ? killIngest()
    : kills > 0
      ? killDeliveries()
      : restarts + cuts > 0
        ? breakCameras()
        : troubleService());

async function troubleService(): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'soak-'));
  try {
    await using cloud = await LabCloud.start();
    await using parts = await AgentParts.open({ dir, endpoint: cloud.url });
    const names = Array.from({ length: Number(values.cameras ?? 4) }, (_, index) => `cam-${index + 1}`);
    const cameras = names.map(name => startCamera(parts, name));
    const { outage: minutes } = values;
    const figures = minutes === undefined ? await soak(cloud) : await outage(cloud, cameras, Number(minutes));
    const result = { cameras: cameras.length, ...figures, ...(await account(cloud, cameras)) };
    print(result, result.lost + result.twice === 0);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** With the timings of the product, but that a camera which filmed for a while has its earlier failures forgiven. */
async function breakCameras(): Promise<void> {
  const cameras = Number(values.cameras ?? 10);
  const plans: Breaks[] = [
    { kind: 'restart', times: restarts, cameras, awayMs: 2_000 },
    { kind: 'cut', times: cuts, cameras, awayMs: 15_000 },
  ];
  const breaks = plans.filter(({ times }) => times > 0);
  const figures = await soakCameras({ breaks, timings: { ...defaultTimings, steadyMs: 2_000 }, undisturbedMs: 4_000 });
  const missing = figures.breaks.reduce((sum, { pictures }) => sum + pictures.missingOutsideBreaks + pictures.twice, 0);
  const { before, after } = figures;
  const leaked = (['processes', 'descriptors', 'timers'] as const).filter(key => after[key] > before[key]);
  print({ ...figures, leaked }, missing + leaked.length === 0);
}

async function killDeliveries(): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'soak-'));
  try {
    const figures = await soakKills({ kills, dir });
    print({ ...figures, breaches: breachesOf(figures) }, breachesOf(figures).length === 0);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** Five fragments of two seconds, over and over. */
async function fillCloud(): Promise<void> {
  const recording = await matroskaRecording({ seconds: 10, megabits: Number(values.megabits) });
  const dir = await mkdtemp(join(process.cwd(), 'soak-'));
  try {
    const seconds = Number(values.minutes) * 60;
    const figures = await soakIngest({ streams, viewers: Number(values.viewers), seconds, recording, dir });
    print({ ...figures, breaches: breachesOfIngest(figures) }, breachesOfIngest(figures).length === 0);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function killIngest(): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'soak-'));
  try {
    const figures = await soakIngestKills({ kills: ingestKills, dir });
    print({ ...figures, breaches: killBreachesOf(figures) }, killBreachesOf(figures).length === 0);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

function print(result: object, isGood: boolean): void {
  process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
  process.exitCode = isGood ? 0 : 1;
}

/** 10 pictures a second of 25 kB: 2 Mbit/s, as a small camera has. */
function startCamera(parts: AgentParts, id: string): Camera {
  const ledger = new Ledger();
  const camera = { picturesPerSecond: 10, pictureBytes: 25_000 };
  return { id, ledger, pipeline: new Pipeline(parts, { cameraId: id, ledger, camera }) };
}

async function soak(cloud: LabCloud): Promise<object> {
  const endMs = systemClock.monotonicMs() + Number(values.minutes) * minuteMs;
  const met: Record<string, number> = {};
  for (let round = 0; systemClock.monotonicMs() < endMs; round++) {
    const row = values.faults ? serviceFaults[round % serviceFaults.length] : undefined;
    if (row) cloud.faults.put(row.faults(faultMs));
    await systemClock.sleep(Math.min(faultMs, Math.max(0, endMs - systemClock.monotonicMs())));
    if (row) met[row.name] = (met[row.name] ?? 0) + 1;
    cloud.faults.clear();
    await systemClock.sleep(Math.min(quietMs, Math.max(0, endMs - systemClock.monotonicMs())));
  }
  return { minutes: Number(values.minutes), faults: Object.keys(met).length, rounds: met };
}

async function outage(cloud: LabCloud, cameras: Camera[], minutes: number): Promise<object> {
  for (const { pipeline } of cameras)
    await until('the upload runs', () => pipeline.persistedAtMs.length >= 10, minuteMs);
  const beganMs = systemClock.monotonicMs();
  const beganWallMs = systemClock.nowMs();
  cloud.faults.put([{ fault: 'refuse' }]);
  await systemClock.sleep(minutes * minuteMs);
  const attempts = cameras.reduce((sum, { pipeline }) => sum + pipeline.connectsSince(beganMs), 0);
  cloud.faults.clear();
  const overMs = systemClock.monotonicMs();
  const overWallMs = systemClock.nowMs();
  await until('the backlog is caught up', () => cameras.every(({ pipeline }) => pipeline.waiting <= 1), drainMs);
  const figures = catchUp(
    cameras.map(({ pipeline }) => pipeline.published),
    { overMs, fromWallMs: beganWallMs, toWallMs: overWallMs },
  );
  return {
    outageMinutes: minutes,
    attemptsPerSecond: Number((attempts / ((overMs - beganMs) / 1000)).toFixed(2)),
    ...figures,
  };
}

async function account(cloud: LabCloud, cameras: Camera[]) {
  const total = { pictures: 0, lost: 0, dropped: 0, twice: 0, superseded: 0, late: 0 };
  let inOrder = true;
  let coverageComplete = true;
  let longestRecordingPauseMs = 0;
  for (const { id, ledger, pipeline } of cameras) {
    await pipeline.stopCamera();
    await until(`${id} is uploaded`, () => pipeline.waiting === 0, drainMs);
    const spans = pipeline.spans();
    const balance = ledger.balance(await cloud.fragments(id), spans);
    for (const key of ['pictures', 'lost', 'dropped', 'twice', 'superseded'] as const) total[key] += balance[key];
    total.late += countLate(pipeline.published);
    inOrder &&= balance.inOrder;
    coverageComplete &&= isCovered(spans);
    longestRecordingPauseMs = Math.max(longestRecordingPauseMs, longestPauseMs(pipeline.published));
    await pipeline[Symbol.asyncDispose]();
  }
  return { ...total, inOrder, coverageComplete, longestRecordingPauseMs: Math.round(longestRecordingPauseMs) };
}
