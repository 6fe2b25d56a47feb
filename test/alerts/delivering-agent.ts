// The part of the agent that raises and delivers alerts, as a process of its own that a test can kill at any moment.
//   node delivering-agent.ts FILE URL raise|drain EPOCH_MS
// `raise` raises an alert every few milliseconds and prints its id once the outbox has it; `drain` only delivers, and ends when
// nothing waits. Its time runs a hundred times as fast from EPOCH_MS on, so that pauses between attempts fit into a test.
import { randomUUID } from 'node:crypto';
import { writeSync } from 'node:fs';
import { runDeliveries } from '../../agent/alerts/deliver.ts';
import { Outbox } from '../../agent/alerts/outbox.ts';
import { webhookDestination, webhookSink } from '../../agent/alerts/sinks/webhook.ts';
import { type Clock, systemClock } from '../../agent/clock.ts';
import { Facts } from '../../agent/facts.ts';
import { Secret } from '../../agent/secret.ts';

const speed = 100;

const [file = '', url = '', mode = '', epochMs = ''] = process.argv.slice(2);
const clock: Clock = {
  nowMs: () => Math.round(Number(epochMs) + (systemClock.nowMs() - Number(epochMs)) * speed),
  monotonicMs: () => systemClock.monotonicMs() * speed,
  sleep: (ms, signal) => systemClock.sleep(ms / speed, signal),
  after: (ms, callback) => systemClock.after(ms / speed, callback),
};
const facts = new Facts(error => {
  throw error;
});
const outbox = new Outbox({ file, clock, facts, newId: randomUUID });
const destination = webhookDestination(url);
const context = { streamOf: () => 'front-door' };
const sink = webhookSink({
  ...{ url, secret: new Secret('s'), destination, context, clock: systemClock },
  allow: ['127.0.0.1'],
});
const stop = new AbortController();

const delivered = runDeliveries({ outbox, sinks: [sink], clock, random: Math.random, facts, signal: stop.signal });
const raising = setInterval(() => {
  if (mode === 'raise') {
    const firing = { kind: 'test', ruleId: 'r', cameraId: 'c', atMs: Date.now(), why: '', sightings: [] } as const;
    const alert = outbox.raise({ ...firing, sightings: [] }, [destination]);
    writeSync(1, `${alert.id}\n`);
  } else if (outbox.waiting(destination, 1).length === 0) {
    clearInterval(raising);
    stop.abort();
  }
}, 8);
await delivered;
