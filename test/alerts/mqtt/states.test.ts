// What a real mosquitto is told to keep: states, the last will, Home Assistant's discovery; and commands that come back.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Deliveries } from '../../../agent/alerts/deliveries.ts';
import { systemClock } from '../../../agent/clock.ts';
import { Secret } from '../../../agent/secret.ts';
import { destinationSchema } from '../../../shared/destination-settings.ts';
import { isMosquittoMissing, type Mosquitto, startMosquitto } from '../../brokers/mosquitto.ts';
import { type MqttObserver, observeMqtt, publishMqtt } from '../../brokers/mqtt-observer.ts';
import { factsOf, firing, scene, temporaryFolder } from '../scene.ts';
import { camera, hurriedClock, quickly, ruleHome, sinkScene } from './mqtt-scene.ts';

const cameras = [camera('hall', { groups: ['inside'] }), camera('yard')];
const rules = [
  ruleHome('person', { when: { labels: ['Person'] } }),
  ruleHome('parcel', { when: { labels: ['Package'], cameras: ['yard'] } }),
  ruleHome('disk', { when: { health: { diskFreePercent: 10 } } }),
  // biome-ignore lint/suspicious/noThenProperty: the settings' own word
  ruleHome('elsewhere', { then: [{ to: 'other' }] }),
];

function urlOf({ port }: Mosquitto): string {
  return `mqtt://127.0.0.1:${port}`;
}

/** The last payload of each topic. */
function lastOf(observer: MqttObserver): Record<string, string> {
  return Object.fromEntries(observer.messages.map(({ topic, payload }) => [topic, payload.toString()]));
}

/** What the broker keeps now, for an observer that has been there all the time. */
function leftOf(observer: MqttObserver): Record<string, string> {
  return Object.fromEntries(Object.entries(lastOf(observer)).filter(([, payload]) => payload !== ''));
}

/** What the broker keeps: what a client that comes now is given. */
async function keptBy(broker: Mosquitto, filter: string): Promise<Record<string, string>> {
  await using observer = await observeMqtt(broker.access, filter, 'end');
  await publishMqtt(broker.access, { topic: 'end', payload: 'end' });
  await expect.poll(() => observer.texts.at(-1), quickly).toBe('end');
  const { end: _, ...kept } = lastOf(observer);
  return kept;
}

describe.skipIf(isMosquittoMissing)('mosquitto', () => {
  test.each(['3.1.1', 5] as const)('keeps what holds, and what changes meanwhile, MQTT version %s', async version => {
    await using broker = await startMosquitto();
    const { sink, facts, site } = sinkScene({ mqtt: { url: urlOf(broker), version }, site: { cameras, rules } });
    facts.publish({ type: 'camera.state', cameraId: 'hall', state: 'live' });
    await using observer = await observeMqtt(broker.access, 'kvs-edge/#');
    sink.open?.();
    const base = 'kvs-edge/Harbour';
    const atFirst = {
      [`${base}/availability`]: 'online',
      [`${base}/hall/state`]: 'online',
      [`${base}/yard/state`]: 'offline',
      [`${base}/hall/person/state`]: 'OFF',
      [`${base}/yard/person/state`]: 'OFF',
      [`${base}/yard/parcel/state`]: 'OFF',
    };
    await expect.poll(() => lastOf(observer), quickly).toEqual(atFirst);
    // Whoever sees it online finds the rest there.
    expect(observer.messages.at(-1)).toMatchObject({ topic: `${base}/availability` });

    facts.publish({ type: 'rule.active', ruleId: 'parcel', cameraId: 'yard', active: true, atMs: 0 });
    facts.publish({ type: 'camera.state', cameraId: 'hall', state: 'offline' });
    const sighting = { id: 's', cameraId: 'yard', atMs: Date.UTC(2026, 0, 1), label: 'Package', confidence: 88 };
    facts.publish({ type: 'sighting.seen', sighting });
    const label = { label: 'Package', confidence: 88, atMs: sighting.atMs, at: '2026-01-01T00:00:00.000Z' };
    const changed = { ...atFirst, [`${base}/hall/state`]: 'offline', [`${base}/yard/parcel/state`]: 'ON' };
    const before = observer.messages.length;
    await expect
      .poll(() => lastOf(observer), quickly)
      .toEqual({ ...changed, [`${base}/yard/label`]: JSON.stringify(label) });
    expect(observer.messages.length - before).toBe(3);
    expect(await keptBy(broker, 'kvs-edge/#')).toEqual(lastOf(observer));

    site.follow({ siteName: 'Harbour', cameras: [camera('hall')], rules: rules.slice(0, 1) });
    const left = { [`${base}/hall/state`]: 'offline', [`${base}/hall/person/state`]: 'OFF' };
    await expect.poll(() => leftOf(observer), quickly).toEqual({ ...left, [`${base}/availability`]: 'online' });
    await sink.close?.();
    expect(await keptBy(broker, 'kvs-edge/#')).toEqual({ ...left, [`${base}/availability`]: 'offline' });
  });

  test.each(['3.1.1', 5] as const)(
    'forgets what an agent that came back has no longer, and keeps what was seen last, version %s',
    async version => {
      await using broker = await startMosquitto();
      const mqtt = { url: urlOf(broker), version, homeAssistant: {} };
      await using observer = await observeMqtt(broker.access);
      const first = sinkScene({ mqtt, site: { cameras, rules } });
      const sighting = { id: 's', cameraId: 'hall', atMs: 0, label: 'Cat', confidence: 88 };
      first.facts.publish({ type: 'sighting.seen', sighting });
      first.sink.open?.();
      await expect.poll(() => Object.keys(leftOf(observer)).length, quickly).toBe(15);
      await first.sink.close?.();
      const foreign = { 'homeassistant/sensor/other/x/config': '{}', 'kvs-edge/Elsewhere/hall/state': 'online' };
      for (const [topic, payload] of Object.entries(foreign))
        await publishMqtt(broker.access, { topic, payload, retain: true });
      const second = sinkScene({ mqtt, site: { cameras: cameras.slice(0, 1), rules: rules.slice(0, 1) } });
      second.sink.open?.();
      const names = [
        ...['binary_sensor', 'agent', 'binary_sensor', 'hall_person_rule', 'binary_sensor', 'hall_video'],
        ...['sensor', 'hall_label'],
      ];
      const entities = Array.from({ length: 4 }, (_, at) => {
        const [component, id] = names.slice(2 * at);
        return `homeassistant/${component}/kvs-edge-Harbour/${id}/config`;
      });
      const states = ['availability', 'hall/label', 'hall/person/state', 'hall/state'];
      await expect
        .poll(() => Object.keys(leftOf(observer)).sort(), quickly)
        .toEqual([...Object.keys(foreign), ...entities, ...states.map(end => `kvs-edge/Harbour/${end}`)].sort());
    },
  );

  test('has everything again after it lost all it kept', async () => {
    await using broker = await startMosquitto();
    const { sink, published } = sinkScene({
      clock: hurriedClock,
      mqtt: { url: urlOf(broker) },
      site: { cameras, rules },
    });
    sink.open?.();
    await using observer = await observeMqtt(broker.access, 'kvs-edge/#');
    await expect.poll(() => Object.keys(leftOf(observer)).length, quickly).toBe(6);
    const kept = await keptBy(broker, 'kvs-edge/#');
    for (const topic of Object.keys(kept)) await publishMqtt(broker.access, { topic, payload: '', retain: true });
    expect(await keptBy(broker, 'kvs-edge/#')).toEqual({});
    // Else the observer still shows what was there before.
    await expect.poll(() => leftOf(observer), quickly).toEqual({});
    await broker.kill();
    await broker.start();
    await expect.poll(() => leftOf(observer), quickly).toEqual(kept);
    expect(await keptBy(broker, 'kvs-edge/#')).toEqual(kept);
    expect(factsOf(published, 'destination.state').at(-1)).toMatchObject({ state: 'connected' });
  });

  test('says offline for an agent that was killed', async () => {
    await using broker = await startMosquitto();
    await using observer = await observeMqtt(broker.access, 'kvs-edge/+/availability');
    const agent = join(import.meta.dirname, 'stateful-agent.ts');
    const child = spawn(process.execPath, [agent, urlOf(broker), temporaryFolder()], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    await expect.poll(() => observer.texts, quickly).toEqual(['online']);
    child.kill('SIGKILL');
    await once(child, 'close');
    await expect.poll(() => observer.texts, quickly).toEqual(['online', 'offline']);
    expect(await keptBy(broker, 'kvs-edge/+/availability')).toEqual({ 'kvs-edge/Harbour/availability': 'offline' });
  });

  test('gives commands: a camera, a rule or everything is snoozed, and bad ones are told and ignored', async () => {
    await using broker = await startMosquitto();
    await using observer = await observeMqtt(broker.access, 'kvs-edge/+/#');
    const { sink, snoozes, published } = sinkScene({
      mqtt: { url: urlOf(broker), commands: true },
      site: { cameras, rules },
    });
    sink.open?.();
    const base = 'kvs-edge/Harbour';
    await expect.poll(() => lastOf(observer)[`${base}/availability`], quickly).toBe('online');
    expect(lastOf(observer)).toMatchObject({ [`${base}/snoozed`]: 'OFF', [`${base}/hall/person/snoozed`]: 'OFF' });
    const command = (target: string, payload: string, retain = false) =>
      publishMqtt(broker.access, { topic: `${base}${target}/command/snooze`, payload, retain });
    const fromMs = Date.now();
    await command('/hall', '30');
    await command('/hall/person', '{"minutes": 5}');
    await command('', 'ON');
    const snoozed = () => snoozes.list().map(({ untilMs: _, ...target }) => target);
    await expect.poll(snoozed, quickly).toEqual([{ cameraId: 'hall' }, { ruleId: 'person', cameraId: 'hall' }, {}]);
    for (const [at, minutes] of [30, 5, 60].entries()) {
      const beganMs = (snoozes.list()[at]?.untilMs ?? 0) - minutes * 60_000;
      expect(beganMs).toBeGreaterThanOrEqual(fromMs);
      expect(beganMs).toBeLessThanOrEqual(Date.now());
    }
    const shown = () =>
      ['', '/hall', '/hall/person', '/yard'].map(target => lastOf(observer)[`${base}${target}/snoozed`]);
    await expect.poll(shown, quickly).toEqual(['ON', 'ON', 'ON', 'OFF']);
    await command('', 'OFF');
    await command('/hall', '0');
    await expect.poll(shown, quickly).toEqual(['OFF', 'OFF', 'ON', 'OFF']);

    const told = factsOf(published, 'command.received').length;
    const bad = [
      ...(['-1', '1e9', '{"minutes":"5"}', '[]', 'soon', '', '\u0000', 'x'.repeat(60_000)] as const).map(payload => [
        '/hall',
        payload,
      ]),
      ...[
        ['/cellar', '5'],
        ['/hall/parcel', '5'],
        ['/hall/elsewhere', '5'],
        ['/hall/disk', '5'],
      ],
    ];
    for (const [target = '', payload = ''] of bad) await command(target, payload);
    await expect.poll(() => factsOf(published, 'command.received').length - told, quickly).toBe(bad.length);
    const errors = factsOf(published, 'command.received').slice(told);
    expect(errors.map(({ error }) => error?.code)).toEqual(bad.map(() => 'command-refused'));
    expect(snoozed()).toEqual([{ ruleId: 'person', cameraId: 'hall' }]);
  });

  test('gives no command that it kept, and none at all unless the settings say so', async () => {
    await using broker = await startMosquitto();
    const topic = 'kvs-edge/Harbour/hall/command/snooze';
    await publishMqtt(broker.access, { topic, payload: '30', retain: true });
    const obeying = sinkScene({ mqtt: { url: urlOf(broker), commands: true }, site: { cameras, rules } });
    const deaf = sinkScene({ mqtt: { url: urlOf(broker) }, site: { cameras, rules }, destination: 'deaf' });
    for (const { sink } of [obeying, deaf]) sink.open?.();
    await expect
      .poll(() => factsOf(obeying.published, 'command.received'), quickly)
      .toMatchObject([{ error: { message: expect.stringContaining('send commands without retain') } }]);
    // Both have told the broker by now what they want to hear of.
    const subscribers = () => new Set(broker.log.match(/Sending SUBACK to kvsedge\w+/g)).size;
    await expect.poll(subscribers, quickly).toBe(2);
    await publishMqtt(broker.access, { topic, payload: '30' });
    await expect.poll(() => obeying.snoozes.list().length, quickly).toBe(1);
    // What the broker had for it before it took this has come by now.
    await deaf.sink.deliver({ id: 'a', ...firing(), deliveries: [] }, new AbortController().signal);
    expect(deaf.snoozes.list().length).toBe(0);
    expect(factsOf(deaf.published, 'command.received')).toEqual([]);
  });

  test('is told when a snooze is over', async () => {
    await using broker = await startMosquitto();
    await using observer = await observeMqtt(broker.access, 'kvs-edge/Harbour/snoozed');
    const { sink, snoozes } = sinkScene({ clock: hurriedClock, mqtt: { url: urlOf(broker), commands: true } });
    snoozes.snooze({}, hurriedClock.nowMs() + 86_400_000);
    sink.open?.();
    await expect.poll(() => observer.texts, quickly).toEqual(['ON']);
    snoozes.snooze({}, hurriedClock.nowMs() + 8_000);
    await expect.poll(() => observer.texts, quickly).toEqual(['ON', 'OFF']);
  });

  test('gets what Home Assistant needs to show cameras and rules by itself', async () => {
    await using broker = await startMosquitto();
    const { sink, parts } = sinkScene({
      mqtt: { url: urlOf(broker), site: 'harbour_7', commands: true, homeAssistant: { prefix: 'ha' } },
      site: { cameras: cameras.slice(0, 1), rules: rules.slice(0, 1) },
    });
    expect(parts.context).toEqual({ streamOf: expect.any(Function) });
    sink.open?.();
    await using observer = await observeMqtt(broker.access, 'ha/#', 'kvs-edge/#');
    await expect.poll(() => lastOf(observer)['kvs-edge/harbour_7/availability'], quickly).toBe('online');
    const kept = Object.entries(await keptBy(broker, 'ha/#')).map(([topic, text]) => ({ topic, ...JSON.parse(text) }));
    expect(kept).toHaveLength(7);
    const node = kept[0]?.topic.split('/')[2];
    expect(node).toMatch(/^kvs-edge-harbour-7-[0-9a-f]{6}$/);
    const device = { identifiers: [`${node}_hall`], name: 'hall', model: 'Camera', via_device: node };
    expect(kept.find(({ topic }) => topic === `ha/binary_sensor/${node}/hall_person_rule/config`)).toEqual({
      topic: `ha/binary_sensor/${node}/hall_person_rule/config`,
      ...{ name: 'person', device_class: 'motion', state_topic: 'kvs-edge/harbour_7/hall/person/state' },
      unique_id: `${node}_hall_person_rule`,
      availability_topic: 'kvs-edge/harbour_7/availability',
      device,
      origin: { name: 'kvs-edge' },
    });
    const snooze = kept.find(({ topic }) => topic === `ha/switch/${node}/hall_person_snooze/config`);
    expect(snooze).toMatchObject({
      command_topic: 'kvs-edge/harbour_7/hall/person/command/snooze',
      state_topic: 'kvs-edge/harbour_7/hall/person/snoozed',
      device,
    });
    // Each state that is announced is there.
    const states = await keptBy(broker, 'kvs-edge/#');
    const withoutState = kept.filter(({ state_topic: topic }) => states[topic] === undefined);
    expect(withoutState.map(({ state_topic: topic }) => topic)).toEqual(['kvs-edge/harbour_7/hall/label']);
    // Pressing the switch does what it says.
    await publishMqtt(broker.access, { topic: snooze?.command_topic, payload: 'ON' });
    await expect.poll(() => lastOf(observer)[snooze?.state_topic], quickly).toBe('ON');
  });

  test('has one connection of an agent whose destinations change, the old one’s end before the new one’s beginning', async () => {
    await using broker = await startMosquitto();
    await using observer = await observeMqtt(broker.access, 'kvs-edge/#');
    const { outbox, stop } = scene({ clock: systemClock });
    const { parts, site, dataDir, facts } = sinkScene({ mqtt: { url: urlOf(broker) } });
    const secretOf = () => new Secret('none');
    const destinations = [destinationSchema.parse({ id: 'home', mqtt: { url: urlOf(broker) } })];
    const routing = { destinations, rules: rules.slice(0, 1), secretOf };
    const options = { ...parts, outbox, dataDir, facts, site, signal: stop.signal };
    const deliveries = await Deliveries.open(options, routing);
    const done = deliveries.run();
    const alertIds = () =>
      observer.messages
        .filter(({ topic }) => topic.endsWith('/alert'))
        .map(({ payload }) => JSON.parse(String(payload)).data.alertId);
    outbox.raise(firing({ ruleId: 'person' }), deliveries.of('person'));
    await expect.poll(alertIds, quickly).toEqual(['alert-1']);
    // Not only there, but known to be: else it is sent once more.
    await expect.poll(() => outbox.waiting('home', 1), quickly).toEqual([]);
    await deliveries.follow({ ...routing, rules: rules.slice(0, 2) });
    outbox.raise(firing({ ruleId: 'person' }), deliveries.of('person'));
    await expect.poll(alertIds, quickly).toEqual(['alert-1', 'alert-2']);
    stop.abort();
    await done;
    const availability = () =>
      observer.messages.filter(({ topic }) => topic.endsWith('/availability')).map(({ payload }) => String(payload));
    await expect.poll(availability, quickly).toEqual(['online', 'offline', 'online', 'offline']);
    expect(broker.log).not.toMatch(/already connected/);
  });
});
