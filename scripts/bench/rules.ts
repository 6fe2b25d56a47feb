// What rules cost: things that are seen, so many a minute, through so many rules of all kinds, with the outbox, the reasons and
// the frames on disk as the agent keeps them. Once in real time (latency, share of a core), once as fast as it goes.
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Outbox } from '../../agent/alerts/outbox.ts';
import { RuleMemoryStore } from '../../agent/alerts/rule-memory/rule-memory.ts';
import { systemClock } from '../../agent/clock.ts';
import { Facts } from '../../agent/facts.ts';
import { RaiseAlerts } from '../../agent/raise-alerts.ts';
import type { RuleBookSettings } from '../../agent/rules/rule-book.ts';
import { RuleRun } from '../../agent/rules/rule-run.ts';
import { quantileOf, rounded } from './quantiles.ts';
import { cameraIds, frames, settingsOf } from './rules-scene.ts';

export type RulesOptions = { sightings: number; rules: number; seconds: number };

const minuteMs = 60_000;

/** `sightings` a minute. Works in the folder it is started from: the system's folder for temporary files is often no disk. */
export async function benchRules({ sightings, rules, seconds }: RulesOptions): Promise<Record<string, unknown>> {
  const settings = settingsOf(rules);
  const dir = await mkdtemp(join(process.cwd(), 'bench-'));
  try {
    const paced = await inRealTime(dir, settings, { sightings, seconds });
    return {
      input: { sightingsPerMinute: sightings, rules, cameras: cameraIds.length, seconds },
      inRealTime: paced,
      decisionsOnly: decisionsOnly(settings, sightings),
    };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** Frames come when they are due. Latency: from then until what follows from the frame is decided and its alerts are on disk. */
async function inRealTime(dir: string, settings: RuleBookSettings, pace: { sightings: number; seconds: number }) {
  const told = { evaluated: 0, alerts: 0, failed: 0 };
  const facts = new Facts(error => {
    throw error;
  });
  facts.subscribe(fact => {
    if (fact.type === 'rule.evaluated') told.evaluated++;
    if (fact.type === 'alert.raised') told.alerts++;
    if (fact.type === 'alerts.failed') told.failed++;
  });
  using memory = new RuleMemoryStore({ dataDir: dir, clock: systemClock });
  using outbox = new Outbox({ file: join(dir, 'alerts.sqlite'), clock: systemClock, facts, newId: randomUUID });
  let outboxMs = 0;
  const timed = {
    raise: (...given: Parameters<Outbox['raise']>) => {
      const beginMs = performance.now();
      const alert = outbox.raise(...given);
      outboxMs += performance.now() - beginMs;
      return alert;
    },
    lastFiredMs: outbox.lastFiredMs.bind(outbox),
  };
  const options = { settings, outbox: timed, memory, destinationsOf: () => ['bench'], clock: systemClock, facts };
  const alerts = new RaiseAlerts(options);
  const stop = new AbortController();
  const running = alerts.run(stop.signal);
  // What is compiled while it runs is not what a day costs.
  warmUp(settings);

  const latencyMs: number[] = [];
  const decidingMs: number[] = [];
  let seen = 0;
  const startMs = performance.now();
  const cpu = process.cpuUsage();
  for (const { dueMs, frame } of frames(pace, systemClock.nowMs())) {
    const waitMs = startMs + dueMs - performance.now();
    if (waitMs > 0) await delay(waitMs);
    const [beginMs, before] = [performance.now(), outboxMs];
    alerts.see(frame);
    seen += frame.seen.length;
    latencyMs.push(performance.now() - startMs - dueMs);
    decidingMs.push(performance.now() - beginMs - (outboxMs - before));
  }
  const elapsedMs = performance.now() - startMs;
  const { user, system } = process.cpuUsage(cpu);
  stop.abort();
  await running;
  return {
    ...{ sightings: seen, frames: latencyMs.length, ...told },
    cpuPercentOfOneCore: rounded(((user + system) / 1000 / elapsedMs) * 100),
    latencyMs: spread(latencyMs),
    /** Without what the outbox takes to sync an alert, and without waiting for the frame before. */
    decidingMs: spread(decidingMs),
    outboxMsPerAlert: rounded(outboxMs / told.alerts),
  };
}

function spread(ms: readonly number[]): Record<string, number> {
  return { p50: rounded(quantileOf(ms, 0.5)), p99: rounded(quantileOf(ms, 0.99)), worst: rounded(Math.max(...ms)) };
}

/** As fast as it goes, without a disk: an hour's frames. */
function decisionsOnly(settings: RuleBookSettings, sightings: number) {
  const hour = [...frames({ sightings, seconds: 600 }, systemClock.nowMs())];
  const run = runOf(settings);
  const eachMs: number[] = [];
  let [seen, evaluations] = [0, 0];
  const startMs = performance.now();
  for (const { frame } of hour) {
    const beginMs = performance.now();
    const decisions = run.see(frame);
    eachMs.push(performance.now() - beginMs);
    for (const firing of decisions.firings) run.raised(firing);
    seen += frame.seen.length;
    evaluations += decisions.evaluations.length;
  }
  const elapsedMs = performance.now() - startMs;
  return {
    ...{ sightings: seen, evaluations },
    sightingsPerSecond: rounded((seen / elapsedMs) * 1000),
    microsecondsPerSighting: rounded((elapsedMs / seen) * 1000),
    frameMs: { p50: rounded(quantileOf(eachMs, 0.5)), p99: rounded(quantileOf(eachMs, 0.99)) },
    percentOfOneCoreAtThatRate: rounded((((elapsedMs / seen) * sightings) / minuteMs) * 100),
  };
}

function warmUp(settings: RuleBookSettings): void {
  const run = runOf(settings);
  for (const { frame } of frames({ sightings: 10_000, seconds: 60 }, 0)) run.see(frame);
}

function runOf(settings: RuleBookSettings): RuleRun {
  return new RuleRun(settings, { lastSentMs: () => undefined, snoozed: () => false, hasRaised: () => false });
}
