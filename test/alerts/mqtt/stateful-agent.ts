// The part of the agent that keeps states at a broker, as a process of its own that a test can kill at any moment.
//   node stateful-agent.ts URL FOLDER [LIGHT-TOPIC]
// It says `connected`; with a light, a rule that sends to it becomes active then, and it says `told` when the broker knows.
import { writeSync } from 'node:fs';
import { RuleMemoryStore } from '../../../agent/alerts/rule-memory/rule-memory.ts';
import { mqttSink } from '../../../agent/alerts/sinks/mqtt.ts';
import { SiteState } from '../../../agent/alerts/site-state.ts';
import { connectAws } from '../../../agent/aws/aws.ts';
import { systemClock } from '../../../agent/clock.ts';
import { Facts } from '../../../agent/facts.ts';
import { Secret } from '../../../agent/secret.ts';
import { cameraSchema } from '../../../shared/camera-settings.ts';
import { mqttSchema } from '../../../shared/destinations/mqtt.ts';
import { ruleSchema } from '../../../shared/rule-settings.ts';

const [url = '', dataDir = '', topic = ''] = process.argv.slice(2);
const facts = new Facts(error => {
  throw error;
});
const rule = ruleSchema.parse({
  id: 'person',
  when: { labels: ['Person'] },
  // biome-ignore lint/suspicious/noThenProperty: the settings' own word
  then: [{ to: 'home' }],
});
const camera = cameraSchema.parse({ id: 'hall', url: 'rtsp://127.0.0.1/' });
const site = new SiteState({ siteName: 'Harbour', cameras: [camera], rules: [rule] }, facts);
const { snoozes } = new RuleMemoryStore({ dataDir, clock: systemClock });
const parts = { clock: systemClock, random: Math.random, facts, site, snoozes, dataDir };
const aws = connectAws({ region: 'us-west-2', endpoint: 'http://127.0.0.1:9' }, parts);
const sink = mqttSink({
  ...{ ...parts, aws, destination: 'home' },
  context: { streamOf: () => undefined },
  secretOf: () => new Secret('none'),
  stillOf: async () => undefined,
  settings: mqttSchema.parse({ url, ...(topic ? { light: { topic, offAfterSeconds: 2 } } : {}) }),
});
facts.subscribe(fact => {
  if (fact.type === 'destination.state' && fact.state === 'connected') writeSync(1, 'connected\n');
});
sink.open?.();
if (topic) {
  facts.publish({ type: 'rule.active', ruleId: 'person', cameraId: 'hall', active: true, atMs: Date.now() });
  const test = { kind: 'test', ruleId: 'person', cameraId: 'hall', atMs: Date.now(), why: '' } as const;
  await sink.deliver({ ...test, id: 'a', sightings: [], deliveries: [] }, new AbortController().signal);
  writeSync(1, 'told\n');
}
setInterval(() => {}, 1000);
