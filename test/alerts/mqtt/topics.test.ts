// Names of topics and of Home Assistant's entities, and payloads of commands, without any broker.
import { expect, test } from 'vitest';
import { snoozeMinutes } from '../../../agent/alerts/mqtt/commands.ts';
import { discovery, nodeOf } from '../../../agent/alerts/mqtt/home-assistant.ts';
import { StateTopics, topicLevel, topicOf } from '../../../agent/alerts/mqtt/topics.ts';
import { watchedCameras } from '../../../agent/alerts/site-state.ts';
import { camera, ruleHome } from './mqtt-scene.ts';

test.each([
  ['Harbour', 'Harbour'],
  ['My cameras', 'My-cameras'],
  ['a/b+c#d', 'a-b-c-d'],
  ['Straße 7 – Süd', 'Straße-7-–-Süd'],
  ['$SYS', '-SYS'],
  ['\u0000\u001f\u009f', '-'],
  ['', '-'],
  ['\ud800x', '-x'],
  ['🏠', '🏠'],
])('the name %j is the level %j of a topic', (name, level) => {
  expect(topicLevel(name)).toBe(level);
});

test('no name, whatever it is, adds a level, a wildcard or a control character to a topic', () => {
  const signs = ['+', '#', '/', '\0', ' ', 'a', 'ü', '$', '{site}', '\u2028', '\ud83d', '-', '\ufeff'];
  for (let seed = 1, round = 0; round < 2000; round++) {
    const name = Array.from({ length: round % 6 }, () => {
      seed = (seed * 48_271) % 2_147_483_647;
      return signs[seed % signs.length];
    }).join('');
    const topic = topicOf('kvs-edge/{site}/{camera}/{rule}/alert', { site: name, camera: name, rule: name });
    expect(topic.split('/')).toHaveLength(5);
    expect(topic).not.toMatch(/[+#\p{Cc}\p{Cs}]|\/\//u);
    expect(topicOf('{camera}', { site: name })).toBe('device');
  }
});

test('states and commands never share a topic, and a command is read back from its topic', () => {
  const ids = ['a', 'command', 'state', 'snooze', 'snoozed', 'label', 'availability'];
  const topics = new StateTopics('kvs-edge/{site}', 'x');
  const targets = [
    {},
    ...ids.map(cameraId => ({ cameraId })),
    ...ids.flatMap(cameraId => ids.map(ruleId => ({ cameraId, ruleId }))),
  ];
  const all = [
    topics.availability,
    ...targets.flatMap(target => [topics.snoozed(target), topics.snoozeCommand(target)]),
    ...ids.flatMap(id => [topics.camera(id), topics.label(id), ...ids.map(rule => topics.rule(id, rule))]),
  ];
  expect(new Set(all).size).toBe(all.length);
  for (const target of targets) expect(topics.commandTarget(topics.snoozeCommand(target))).toEqual(target);
  const matches = (filter: string, topic: string) => new RegExp(`^${filter.replaceAll('+', '[^/]*')}$`).test(topic);
  for (const topic of all) {
    const isCommand = topic.endsWith('/command/snooze');
    expect([topic, topics.commandFilters.filter(filter => matches(filter, topic)).length]).toEqual([
      topic,
      isCommand ? 1 : 0,
    ]);
    const isKept = !isCommand && topic !== topics.availability;
    expect([topic, topics.stateFilters.filter(filter => matches(filter, topic)).length]).toEqual([
      topic,
      isKept ? 1 : 0,
    ]);
  }
  for (const other of ['kvs-edge/x/a/b/c/command/snooze', 'kvs-edge/xy/command/snooze', 'command/snooze'])
    expect(topics.commandTarget(other)).toBeUndefined();
});

test('entities of Home Assistant keep names of their own, however cameras, rules and sites are named', () => {
  const ids = ['a', 'a_', 'a_b', 'b', 'b_video', 'a__b', 'snooze', 'rule', 'label'];
  const sites = ['a', 'a_b', 'a-b', 'a b', 'Müller', 'Möller', '東京', '大阪'];
  const names = sites.flatMap(site => {
    const watches = ids.flatMap(cameraId => ids.map(id => ({ cameraId, rule: ruleHome(id) })));
    return discovery({
      ...{ prefix: 'homeassistant', node: nodeOf(site), topics: new StateTopics('{site}', site), commands: true },
      ...{ site: { site: { siteName: site } }, cameraIds: ids, watches },
    }).map(([topic, payload]) => ({
      topic,
      id: JSON.parse(payload).unique_id,
      device: JSON.parse(payload).device.identifiers[0],
    }));
  });
  expect(new Set(names.map(({ topic }) => topic)).size).toBe(names.length);
  expect(new Set(names.map(({ id }) => id)).size).toBe(names.length);
  expect(new Set(names.map(({ device }) => device)).size).toBe(sites.length * (ids.length + 1));
  for (const { topic } of names)
    expect(topic).toMatch(/^homeassistant\/[a-z_]+\/[a-zA-Z0-9_-]+\/[a-zA-Z0-9_-]+\/config$/);
});

test.each([
  ['30', 30],
  [' 0.5\n', 0.5],
  ['0', 0],
  ['ON', 60],
  ['off', 0],
  ['{"minutes":10080}', 10_080],
  ['10081', undefined],
  ['-1', undefined],
  ['1e999', undefined],
  ['NaN', undefined],
  ['"5"', undefined],
  ['{"minutes":null}', undefined],
  ['[5]', undefined],
  ['{', undefined],
  ['', undefined],
  [`${' '.repeat(300)}5`, undefined],
])('the command %j asks for %j minutes', (payload, minutes) => {
  expect(snoozeMinutes(Buffer.from(payload))).toBe(minutes);
});

test('a rule is watched on the cameras it names, by group and by place, and on no other', () => {
  const zone = {
    name: 'door',
    polygon: [
      [0, 0],
      [1, 0],
      [1, 1],
    ],
  };
  const cameras = [
    camera('hall', { groups: ['inside'], zones: [zone] }),
    camera('yard', { groups: ['outside'], lines: [{ name: 'gate', from: [0, 0], to: [1, 1] }] }),
    camera('roof', { groups: ['outside'] }),
  ];
  const watched = (when: object) =>
    watchedCameras(ruleHome('r', { when: { labels: ['Person'], ...when } }), { cameras });
  expect(watched({})).toEqual(['hall', 'yard', 'roof']);
  expect(watched({ cameras: ['roof'] })).toEqual(['roof']);
  expect(watched({ groups: ['outside'] })).toEqual(['yard', 'roof']);
  expect(watched({ groups: ['inside'], cameras: ['roof'] })).toEqual(['hall', 'roof']);
  expect(watched({ zones: ['door', 'attic'] })).toEqual(['hall']);
  expect(watched({ line: { name: 'gate' } })).toEqual(['yard']);
  expect(watched({ groups: ['outside'], zones: ['door'] })).toEqual([]);
});
