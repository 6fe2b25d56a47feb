import { describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../agent/clock.ts';
import type { EventFeedItem, OnvifDevice } from '../../agent/onvif/onvif-device.ts';
import { SimulatedClock } from '../simulated-clock.ts';
import { eventDevice } from './event-device.ts';
import { misbehaviours } from './misbehaviour.ts';
import { open, problemOf } from './open.ts';
import * as fixtures from './soap-fixtures.ts';

const motion = (active: boolean, atMs = Date.now()) =>
  fixtures.notification({
    topic: 'tns1:RuleEngine/CellMotionDetector/Motion',
    atMs,
    data: `<tt:SimpleItem Name="IsMotion" Value="${active}"/>`,
  });

/** Reads events until the test ends. */
function listen(camera: OnvifDevice) {
  const stop = new AbortController();
  const items: EventFeedItem[] = [];
  const ended = (async () => {
    for await (const item of camera.events(stop.signal)) items.push(item);
  })();
  ended.catch(() => undefined);
  onTestFinished(async () => {
    stop.abort();
    await ended.catch(() => undefined);
  });
  const types = () => items.map(({ type }) => type);
  return { items, types, ended, stop: () => stop.abort() };
}

test('motion is told when it begins and ends, at the time on our clock', async () => {
  const offsetMs = -3 * 86_400_000 - 420_000;
  const device = await eventDevice({ offsetMs });
  const heard = listen(await open(device));
  await expect.poll(heard.types).toEqual(['subscribed']);
  const nowMs = Date.now();
  device.happen(motion(true, nowMs + offsetMs));
  await expect.poll(heard.types).toHaveLength(2);
  device.happen(motion(false, nowMs + offsetMs + 400));
  await expect.poll(heard.types).toHaveLength(3);
  const source = [
    { name: 'VideoSourceConfigurationToken', value: 'vsc0' },
    { name: 'Rule', value: 'MyMotion' },
  ];
  const topic = 'RuleEngine/CellMotionDetector/Motion';
  expect(heard.items.slice(1)).toMatchObject([
    { type: 'motion', active: true, initial: false, topic, source },
    { type: 'motion', active: false, topic, source },
  ]);
  const [began, ended] = heard.items.slice(1).map(item => ('atMs' in item ? item.atMs : Number.NaN));
  // Whole seconds, and what the question for the time takes: less than the seven minutes beside the days.
  expect(Math.abs((began ?? 0) - nowMs)).toBeLessThan(60_000);
  expect((ended ?? 0) - (began ?? 0)).toBe(400);
});

test('a clock that is set while motion is listened for is seen in the answers', async () => {
  const device = await eventDevice();
  const heard = listen(await open(device));
  await expect.poll(heard.types).toEqual(['subscribed']);
  device.setClock(-7_200_000);
  device.happen(motion(true, Date.now() - 7_200_000));
  await expect.poll(heard.types).toHaveLength(2);
  const atMs = heard.items[1] && 'atMs' in heard.items[1] ? heard.items[1].atMs : Number.NaN;
  expect(Math.abs(atMs - Date.now())).toBeLessThan(60_000);
});

test('a subscription is reached on the device itself, with what it wants repeated, and is ended with the listening', async () => {
  const device = await eventDevice();
  const heard = listen(await open(device));
  await expect.poll(() => device.operations()).toContain('PullMessages');
  heard.stop();
  await heard.ended;
  const asked = device.asked.filter(({ path }) => path === '/onvif/sub?id=1');
  expect(asked.map(({ operation }) => operation)).toEqual(['SetSynchronizationPoint', 'PullMessages', 'Unsubscribe']);
  for (const { body } of asked) {
    expect(body).toContain('<a:To s:mustUnderstand="1">http://10.9.8.7/onvif/sub?id=1</a:To>');
    expect(body).toMatch(
      /<s:Header>.*<dom0:SubscriptionId [^>]*xmlns:dom0="http:\/\/www\.example\.org\/2009\/event"[^>]*>1&amp;7<\/dom0:SubscriptionId>/,
    );
  }
});

test('who stops reading ends the subscription', async () => {
  const device = await eventDevice();
  for await (const item of (await open(device)).events(new AbortController().signal)) {
    expect(item).toEqual({ type: 'subscribed' });
    break;
  }
  expect(device.operations().at(-1)).toBe('Unsubscribe');
});

test('a subscription is renewed at half its life', async () => {
  const device = await eventDevice({ lifeMs: 2_000 });
  const heard = listen(await open(device));
  await expect.poll(() => device.operations().filter(name => name === 'Renew').length).toBeGreaterThanOrEqual(2);
  expect(device.operations().filter(name => name === 'CreatePullPointSubscription')).toHaveLength(1);
  expect(heard.types()).toEqual(['subscribed']);
});

test('where renewing is not known, a new subscription is made before the old one ends', async () => {
  const device = await eventDevice({ lifeMs: 2_000, answers: { Renew: fixtures.fault('ter:ActionNotSupported') } });
  const heard = listen(await open(device));
  await expect.poll(() => heard.types().slice(0, 2)).toEqual(['subscribed', 'subscribed']);
  const kept = device.operations().filter(name => name === 'CreatePullPointSubscription' || name === 'Renew');
  expect(kept.slice(0, 3)).toEqual(['CreatePullPointSubscription', 'Renew', 'CreatePullPointSubscription']);
});

test('a camera that answers at once that nothing happened is not asked all the time', async () => {
  const device = await eventDevice({ answers: { PullMessages: fixtures.messages(Date.now()) } });
  const heard = listen(await open(device));
  const pulls = () => device.operations().filter(name => name === 'PullMessages').length;
  await expect.poll(pulls).toBe(1);
  const startMs = systemClock.monotonicMs();
  await systemClock.sleep(1_500);
  heard.stop();
  await heard.ended;
  // Once a second, in however many seconds these were.
  expect(pulls()).toBeLessThanOrEqual(2 + (systemClock.monotonicMs() - startMs) / 1000);
});

test('a camera without events is asked once and remembered', async () => {
  const device = await eventDevice({
    answers: { CreatePullPointSubscription: fixtures.fault('ter:ActionNotSupported') },
  });
  const camera = await open(device);
  for (let times = 0; times < 2; times++) {
    const problem = await problemOf(listen(camera).ended);
    expect(problem).toMatchObject({ code: 'camera-no-onvif', retry: 'never' });
    expect(String(problem)).toContain('does not offer events by pull point');
  }
  expect(device.operations().filter(name => name === 'CreatePullPointSubscription')).toHaveLength(1);
});

test('a wrong password ends the listening', async () => {
  const device = await eventDevice({ wants: 'ws-security', user: { username: 'a', password: 'b' } });
  const camera = await open(device, { username: 'a', password: 'c' });
  expect(await problemOf(listen(camera).ended)).toMatchObject({ code: 'camera-denied' });
});

test('a lost subscription is told and made anew', async () => {
  const answers = {
    PullMessages: [misbehaviours['closes in the middle of its answer'], fixtures.messages(Date.now(), motion(true))],
  };
  const heard = listen(await open(await eventDevice({ answers })));
  await expect.poll(() => heard.types().slice(0, 4)).toEqual(['subscribed', 'lost', 'subscribed', 'motion']);
  expect(heard.items[1]).toMatchObject({ error: { code: 'camera-ended' } });
});

class CountingClock extends SimulatedClock {
  readonly pausesMs: number[] = [];
  asleep = false;

  override async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    this.pausesMs.push(ms);
    this.asleep = true;
    await super.sleep(ms, signal).finally(() => {
      this.asleep = false;
    });
  }
}

test('a camera that is away is asked ever more rarely, once a minute in the end', async () => {
  const device = await eventDevice({ answers: { CreatePullPointSubscription: { status: 500, body: '' } } });
  const clock = new CountingClock(Date.now());
  const camera = await open(device, { clock, random: () => 0.5 });
  const heard = listen(camera);
  await clock.advanceUntil(
    () => clock.pausesMs.length === 9,
    () => !clock.asleep,
  );
  heard.stop();
  await heard.ended;
  expect(clock.pausesMs).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60].map(seconds => seconds * 1000));
  expect(new Set(heard.types())).toEqual(new Set(['lost']));
});

describe('what is told of an event', () => {
  const cases = [
    {
      topic: 'tns1:RuleEngine/CellMotionDetector/Motion',
      item: 'IsMotion',
      value: 'true',
      told: { type: 'motion', active: true },
    },
    { topic: 'tns1:VideoSource/MotionAlarm', item: 'State', value: '0', told: { type: 'motion', active: false } },
    {
      topic: 'tns1:VideoSource/tnsx:MotionAlarm//.',
      item: 'State',
      value: 'TRUE',
      told: { type: 'motion', active: true, topic: 'VideoSource/MotionAlarm' },
    },
    {
      topic: 'tns1:RuleEngine/MotionRegionDetector/Motion',
      item: 'State',
      value: '1',
      told: { type: 'motion', active: true },
    },
    {
      topic: 'tns1:VideoSource/MotionAlarm',
      item: 'Level',
      value: '5',
      told: { type: 'other', items: [{ name: 'Level', value: '5' }] },
    },
    {
      topic: 'tns1:RuleEngine/LineDetector/Crossed',
      item: 'ObjectId',
      value: '7',
      told: { type: 'other', topic: 'RuleEngine/LineDetector/Crossed' },
    },
    {
      topic: '__proto__/constructor',
      item: '__proto__',
      value: 'x',
      told: { type: 'other', items: [{ name: '__proto__', value: 'x' }] },
    },
  ];

  test.each(cases)('$topic $item=$value', async ({ topic, item, value, told }) => {
    const device = await eventDevice();
    const heard = listen(await open(device));
    const data = `<tt:SimpleItem Name="${item}" Value="${value}"/>`;
    device.happen(fixtures.notification({ topic, atMs: Date.now() - 30 * 86_400_000, data, operation: 'Initialized' }));
    await expect.poll(heard.types).toHaveLength(2);
    expect(heard.items[1]).toMatchObject({ ...told, initial: true });
    // A clock as wrong as this says nothing about when.
    expect(
      Math.abs(Number(heard.items[1] && 'atMs' in heard.items[1] ? heard.items[1].atMs : 0) - Date.now()),
    ).toBeLessThan(3_600_000);
  });
});
