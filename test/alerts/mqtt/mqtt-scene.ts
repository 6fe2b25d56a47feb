// What the MQTT tests share: a sink with settings as the file gives them, on a clock that is in a hurry, beside real brokers.
import { onTestFinished } from 'vitest';
import { RuleMemoryStore } from '../../../agent/alerts/rule-memory/rule-memory.ts';
import { mqttSink } from '../../../agent/alerts/sinks/mqtt.ts';
import { type Site, SiteState } from '../../../agent/alerts/site-state.ts';
import { type Clock, systemClock } from '../../../agent/clock.ts';
import { type Fact, Facts } from '../../../agent/facts.ts';
import { Secret } from '../../../agent/secret.ts';
import { cameraSchema } from '../../../shared/camera-settings.ts';
import { mqttSchema } from '../../../shared/destinations/mqtt.ts';
import type { RuleSettings } from '../../../shared/rule-settings.ts';
import { rule as aRule } from '../../rules/rule.ts';
import { sinkParts, temporaryFolder } from '../scene.ts';

/** Looks often. */
export const quickly = { interval: 10 };

const startMs = systemClock.nowMs();

/** For a broker's answer or a session, for a goodbye, for a delivery. */
const patiencesMs = [10_000, 2_000, 120_000];

/** The machine's time, but with more patience with a broker, which may have to wait for a processor. */
export const patientClock: Clock = {
  ...systemClock,
  after: (ms, callback) => systemClock.after(patiencesMs.includes(ms) ? ms * 6 : ms, callback),
};

/** Everything takes a tenth of its time, but for the patience with a broker. */
export const hurriedClock: Clock = {
  nowMs: () => startMs + (systemClock.nowMs() - startMs) * 10,
  monotonicMs: () => systemClock.monotonicMs() * 10,
  sleep: (ms, signal) => systemClock.sleep(ms / 10, signal),
  after: (ms, callback) =>
    patiencesMs.includes(ms) ? patientClock.after(ms, callback) : systemClock.after(ms / 10, callback),
};

export type SinkScene = ReturnType<typeof sinkScene>;

type SceneChange = {
  mqtt: Parameters<typeof mqttSchema.parse>[0];
  destination?: string;
  password?: string;
  clock?: Clock;
  site?: Partial<Site>;
  dataDir?: string;
};

/** A sink that is closed when the test ends. */
export function sinkScene({
  mqtt,
  destination = 'home',
  password = 'p',
  clock = patientClock,
  ...change
}: SceneChange) {
  const published: Fact[] = [];
  const facts = new Facts(error => {
    throw error;
  });
  facts.subscribe(fact => published.push(fact));
  const site = new SiteState({ siteName: 'Harbour', cameras: [], rules: [], ...change.site }, facts);
  const dataDir = change.dataDir ?? temporaryFolder();
  const memory = new RuleMemoryStore({ dataDir, clock });
  onTestFinished(() => memory[Symbol.dispose]());
  const { snoozes } = memory;
  const parts = sinkParts({ clock, facts, site, snoozes, dataDir, secretOf: () => new Secret(password) });
  const sink = mqttSink({ ...parts, settings: mqttSchema.parse(mqtt), destination });
  onTestFinished(() => sink.close?.());
  return { sink, facts, published, site, snoozes, dataDir, parts };
}

export function camera(id: string, change: object = {}) {
  return cameraSchema.parse({ id, url: 'rtsp://127.0.0.1/', ...change });
}

/** A rule whose alerts go to the destination `home`. */
export function ruleHome(id: string, change: object = {}): RuleSettings {
  // biome-ignore lint/suspicious/noThenProperty: the settings' own word
  return aRule({ id, then: [{ to: 'home' }], ...change });
}
