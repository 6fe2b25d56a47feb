// What the alert tests share: an alert to raise, an outbox in a folder of its own, and a sink that follows a script.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { Outbox, type OutboxOptions } from '../../agent/alerts/outbox.ts';
import type { Sink, SinkParts } from '../../agent/alerts/sink.ts';
import { SiteState } from '../../agent/alerts/site-state.ts';
import { connectAws } from '../../agent/aws/aws.ts';
import { AgentError } from '../../agent/errors.ts';
import { type Fact, type FactOf, Facts } from '../../agent/facts.ts';
import type { Firing } from '../../agent/rules/evaluate.ts';
import { Secret } from '../../agent/secret.ts';
import { SimulatedClock } from '../simulated-clock.ts';

export const frameMs = Date.UTC(2026, 10, 23, 7, 41, 12, 345);

export function firing(change: Partial<Firing> = {}): Firing {
  const { cameraId = 'front-door', atMs = frameMs } = change;
  const box = { left: 0.25, top: 0.1, width: 0.2, height: 0.7 };
  return {
    kind: 'sighting',
    ruleId: 'person-at-door',
    cameraId,
    atMs,
    sightings: [{ id: `${cameraId}-${atMs}`, cameraId, atMs, label: 'Person', confidence: 94.2, box }],
    why: 'Person 94 %.',
    ...change,
  };
}

/** What sinks need beside their settings; there is no AWS, and every secret is the same. */
export function sinkParts(change: Partial<SinkParts> = {}): SinkParts {
  const facts = new Facts(error => {
    throw error;
  });
  return {
    clock: new SimulatedClock(),
    random: () => 0.5,
    facts,
    site: new SiteState({ siteName: 'Harbour', cameras: [], rules: [] }, change.facts ?? facts),
    snoozes: { snooze: () => {}, snoozedUntilMs: () => undefined, onChange: () => () => {} },
    dataDir: '/nowhere',
    context: { streamOf: () => undefined },
    aws: connectAws(
      { region: 'us-west-2', endpoint: 'http://127.0.0.1:9' },
      { clock: new SimulatedClock(), random: () => 0.5 },
    ),
    secretOf: () => new Secret('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'),
    stillOf: async () => undefined,
    ...change,
  };
}

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'alerts-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export type Scene = ReturnType<typeof scene>;

/** An outbox on a simulated clock, and every fact it or the deliveries publish. */
export function scene(change: Partial<OutboxOptions> = {}) {
  const published: Fact[] = [];
  const facts = new Facts(error => {
    throw error;
  });
  facts.subscribe(fact => published.push(fact));
  const clock = new SimulatedClock();
  let ids = 0;
  const options = {
    file: join(temporaryFolder(), 'alerts.sqlite'),
    clock,
    facts,
    newId: () => `alert-${++ids}`,
    ...change,
  };
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const open = () => {
    const outbox = new Outbox(options);
    onTestFinished(() => outbox[Symbol.dispose]());
    return outbox;
  };
  return { clock, facts, published, options, open, outbox: open(), stop };
}

export function factsOf<T extends Fact['type']>(facts: Fact[], type: T): FactOf<T>[] {
  return facts.filter((fact): fact is FactOf<T> => fact.type === type);
}

export type ScriptedSink = Sink & { taken: string[]; attempts: number };

/** Answers each attempt with the next problem of the script (undefined: takes it), and takes everything after its end. */
export function scriptedSink(destination: string, script: (AgentError | undefined)[]): ScriptedSink {
  const sink: ScriptedSink = {
    destination,
    taken: [],
    attempts: 0,
    async deliver(alert) {
      const problem = script[sink.attempts++];
      if (problem) throw problem;
      sink.taken.push(alert.id);
    },
  };
  return sink;
}

export const serverTrouble = new AgentError({
  code: 'delivery-failed',
  kind: 'unavailable',
  retry: 'later',
  message: 'The receiver has trouble of its own (500).',
});

/** What a destination says that is there, but does not take this alert. */
export const notAsExpected = new AgentError({
  code: 'delivery-refused',
  kind: 'invalid',
  retry: 'later',
  message: 'The receiver refuses the alert (422).',
});

export const goneForGood = new AgentError({
  code: 'delivery-refused',
  kind: 'invalid',
  retry: 'never',
  message: 'The receiver is gone for good (410).',
});
