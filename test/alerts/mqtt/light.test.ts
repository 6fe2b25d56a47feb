// A light that rules switch through a real mosquitto: on, off after a time, after an outage and after a kill of the agent.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Light } from '../../../agent/alerts/mqtt/light.ts';
import type { Message, Session } from '../../../agent/alerts/mqtt/session.ts';
import type { Sink } from '../../../agent/alerts/sink.ts';
import type { Alert } from '../../../shared/alert.ts';
import { isMosquittoMissing, startMosquitto } from '../../brokers/mosquitto.ts';
import { observeMqtt, publishMqtt } from '../../brokers/mqtt-observer.ts';
import { SimulatedClock } from '../../simulated-clock.ts';
import { firing, temporaryFolder } from '../scene.ts';
import { camera, hurriedClock, quickly, ruleHome, sinkScene } from './mqtt-scene.ts';

const never = new AbortController().signal;
const site = { cameras: [camera('hall')], rules: [ruleHome('person'), ruleHome('cat')] };
const topic = 'zigbee2mqtt/hall/set';

function active(ruleId: string, isActive: boolean) {
  return { type: 'rule.active', ruleId, cameraId: 'hall', active: isActive, atMs: 0 } as const;
}

function taken(sink: Sink, alert: Alert): Promise<boolean> {
  return sink.deliver(alert, never).then(
    () => true,
    () => false,
  );
}

describe.skipIf(isMosquittoMissing)('a light at a mosquitto', () => {
  test('is on while any rule is active, and off some time later; nothing else is published', async () => {
    await using broker = await startMosquitto();
    await using observer = await observeMqtt(broker.access);
    const light = { topic, on: '{"state":"ON"}', off: '{"state":"OFF"}', offAfterSeconds: 6 };
    const { sink, facts, dataDir } = sinkScene({
      clock: hurriedClock,
      mqtt: { url: `mqtt://127.0.0.1:${broker.port}`, light },
      site,
    });
    sink.open?.();
    facts.publish(active('person', true));
    facts.publish(active('cat', true));
    await expect.poll(() => observer.texts, quickly).toEqual(['{"state":"ON"}']);
    expect(existsSync(join(dataDir, 'lights', 'home'))).toBe(true);
    facts.publish(active('person', false));
    const alert = { id: 'a', ...firing({ atMs: hurriedClock.nowMs() }), deliveries: [] };
    await expect.poll(() => taken(sink, alert), quickly).toBe(true);
    facts.publish(active('cat', false));
    facts.publish(active('cat', true));
    await hurriedClock.sleep(9_000);
    // Whatever was published by now comes before this.
    await publishMqtt(broker.access, { topic: 'now', payload: '' });
    await expect.poll(() => observer.messages.at(-1)?.topic, quickly).toBe('now');
    expect(observer.texts).toEqual(['{"state":"ON"}', '']);
    facts.publish(active('cat', false));
    await expect.poll(() => observer.texts, quickly).toEqual(['{"state":"ON"}', '', '{"state":"OFF"}']);
    expect(observer.messages.map(message => [message.topic, message.retained])).toEqual([
      [topic, false],
      ['now', false],
      [topic, false],
    ]);
    await expect.poll(() => existsSync(join(dataDir, 'lights', 'home')), quickly).toBe(false);
  });

  test('that changed while the broker was away is as it is to be when the broker is back', async () => {
    await using broker = await startMosquitto();
    await using observer = await observeMqtt(broker.access);
    const light = { topic, offAfterSeconds: 1 };
    const { sink, facts } = sinkScene({
      clock: hurriedClock,
      mqtt: { url: `mqtt://127.0.0.1:${broker.port}`, light },
      site,
    });
    sink.open?.();
    facts.publish(active('person', true));
    await expect.poll(() => observer.texts, quickly).toEqual(['ON']);
    await broker.stop();
    facts.publish(active('person', false));
    for (const isActive of [true, false, true, false]) facts.publish(active('cat', isActive));
    await broker.start();
    await expect.poll(() => observer.texts, quickly).toEqual(['ON', 'OFF']);
  });

  test('that an agent left on when it was killed is switched off by the next one', async () => {
    await using broker = await startMosquitto();
    await using observer = await observeMqtt(broker.access);
    const [url, dataDir] = [`mqtt://127.0.0.1:${broker.port}`, temporaryFolder()];
    const agent = join(import.meta.dirname, 'stateful-agent.ts');
    const child = spawn(process.execPath, [agent, url, dataDir, topic], { stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    await expect.poll(() => said, quickly).toBe('connected\ntold\n');
    child.kill('SIGKILL');
    await once(child, 'close');
    // That the broker has it does not mean that the observer has.
    await expect.poll(() => observer.texts, quickly).toEqual(['ON']);
    const { sink } = sinkScene({
      clock: hurriedClock,
      mqtt: { url, light: { topic, offAfterSeconds: 2 } },
      site,
      dataDir,
    });
    sink.open?.();
    await expect.poll(() => observer.texts, quickly).toEqual(['ON', 'OFF']);
  });

  test('without its broker fails an alert’s delivery, which is tried again', async () => {
    await using broker = await startMosquitto();
    await using observer = await observeMqtt(broker.access);
    const light = { topic, offAfterSeconds: 600 };
    const { sink } = sinkScene({ clock: hurriedClock, mqtt: { url: `mqtt://127.0.0.1:${broker.port}`, light }, site });
    await broker.stop();
    sink.open?.();
    const alert = { id: 'a', ...firing({ kind: 'test', atMs: hurriedClock.nowMs() }), deliveries: [] };
    await expect(sink.deliver(alert, never)).rejects.toMatchObject({ code: 'delivery-failed' });
    await broker.start();
    await expect.poll(() => taken(sink, alert), quickly).toBe(true);
    await expect.poll(() => observer.texts, quickly).toEqual(['ON']);
  });
});

describe('a light', () => {
  /** A broker that takes everything, or nothing, on simulated time. */
  function lit({ offAfterSeconds = 60, markFile = join(temporaryFolder(), 'lights', 'hall') } = {}) {
    const clock = new SimulatedClock();
    const told: string[] = [];
    const state = { isActive: false, isAway: false };
    const session = {
      publish: async ({ payload }: Message) => void told.push(payload),
    };
    const light = new Light({
      settings: { topic, on: 'ON', off: 'OFF', offAfterSeconds },
      ...{ markFile, clock, isActive: () => state.isActive },
      session: async () => {
        if (state.isAway) throw new Error('away');
        // Only what a light uses of a session.
        return session as unknown as Session;
      },
    });
    const set = async (isActive: boolean) => {
      state.isActive = isActive;
      light.changed();
      await light.publish().catch(() => undefined);
    };
    return { clock, told, state, light, set, markFile };
  }

  test('stays on for exactly its time after the last rule', async () => {
    const { clock, told, set } = lit();
    await set(true);
    await clock.advance(1_000_000);
    await set(false);
    await clock.advance(59_999);
    expect(told).toEqual(['ON']);
    await clock.advance(2);
    await expect.poll(() => told, quickly).toEqual(['ON', 'OFF']);
  });

  test('that nobody switched on is left alone, also when the agent starts', async () => {
    const { clock, told, light } = lit();
    await light.begin();
    await clock.advance(1_000_000);
    expect(told).toEqual([]);
  });

  test('does nothing for an alert that comes too late', async () => {
    const { clock, told, light } = lit();
    await light.alerted({ atMs: clock.nowMs() - 61_000 });
    expect(told).toEqual([]);
    await light.alerted({ atMs: clock.nowMs() - 50_000 });
    expect(told).toEqual(['ON']);
    await clock.advance(10_002);
    await expect.poll(() => told, quickly).toEqual(['ON', 'OFF']);
  });

  test('whose rule is active again in the next run stays on', async () => {
    const first = lit();
    await first.set(true);
    first.light.close();
    const second = lit({ markFile: first.markFile });
    await second.light.begin();
    await second.clock.advance(30_000);
    await second.set(true);
    await second.clock.advance(120_000);
    expect(second.told).toEqual([]);
    await second.set(false);
    await second.clock.advance(60_002);
    await expect.poll(() => second.told, quickly).toEqual(['OFF']);
    await expect.poll(() => existsSync(first.markFile), quickly).toBe(false);
  });

  test('is switched on again with a new session while its rule is active, but not in its last minute', async () => {
    const { told, set, light } = lit();
    await set(true);
    await light.begin();
    expect(told).toEqual(['ON', 'ON']);
    await set(false);
    await light.begin();
    expect(told).toEqual(['ON', 'ON']);
  });

  test('whose off was not taken is switched off as soon as it can be', async () => {
    const { clock, told, set, state, light, markFile } = lit();
    await set(true);
    state.isAway = true;
    await set(false);
    await clock.advance(60_002);
    expect(told).toEqual(['ON']);
    expect(existsSync(markFile)).toBe(true);
    state.isAway = false;
    await light.begin();
    expect(told).toEqual(['ON', 'OFF']);
  });
});
