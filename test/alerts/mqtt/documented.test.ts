// docs/destinations.md: its examples are settings that hold, and what it says of topics is what is published.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { StateTopics } from '../../../agent/alerts/mqtt/topics.ts';
import { parseSettings } from '../../../agent/settings/load.ts';

const text = readFileSync(join(import.meta.dirname, '../../../docs/destinations.md'), 'utf8');
const section = text.slice(text.indexOf('\n## MQTT\n')).split(/\n## /)[1] ?? '';
const examples = [...section.matchAll(/```yaml\n(.*?)```/gs)].map(([, yaml = '']) => yaml);

describe('the examples for MQTT', () => {
  test.each(examples.map(yaml => ({ yaml, name: /url: (\S+)/.exec(yaml)?.[1] })))('$name', ({ yaml }) => {
    const { destinations } = parseSettings('/etc/kvs-edge/site.yaml', yaml);
    expect(destinations.map(({ mqtt }) => mqtt?.url)).toEqual([expect.stringMatching(/^(mqtts?|wss?):/)]);
  });

  test('show every broker that the page names', () => {
    expect(examples).toHaveLength(9);
  });
});

test('the examples of all other kinds are settings that hold', () => {
  const others = [...text.matchAll(/```yaml\n(.*?)```/gs)].slice(examples.length).map(([, yaml = '']) => yaml);
  const kinds = others.flatMap(yaml =>
    parseSettings('/etc/kvs-edge/site.yaml', yaml).destinations.flatMap(Object.keys),
  );
  expect(new Set(kinds)).toEqual(new Set(['id', 'amqp', 'stomp', 'sns', 'sqs', 'kinesis', 'firehose']));
});

test('the topics are those that the page names', () => {
  const topics = new StateTopics('kvs-edge/{site}', '{site}');
  const rule = { cameraId: '{camera}', ruleId: '{rule}' };
  const named = [
    ...[topics.availability, topics.camera('{camera}'), topics.label('{camera}'), topics.rule('{camera}', '{rule}')],
    ...[{}, { cameraId: '{camera}' }, rule].map(target => topics.snoozeCommand(target)),
    topics.snoozed({}),
  ];
  for (const topic of named) expect(section).toContain(`\`${topic}\``);
});

test('the policy for AWS IoT Core allows each topic and filter of the agent, and is JSON', () => {
  const [, policy = ''] = /```json\n(.*?)```/s.exec(section) ?? [];
  const { Statement: statements } = JSON.parse(policy) as {
    Statement: { Action: string | string[]; Resource: string }[];
  };
  const allows = (action: string, name: string) =>
    statements.some(({ Action: actions, Resource: resource }) => {
      const pattern = resource.replaceAll(/\$\{[^}]+\}/g, 'harbour-7').replace(/[.+^${}()|[\]\\]/g, '\\$&');
      const arn = `arn:aws:iot:us-west-2:123456789012:${name}`;
      return [actions].flat().includes(action) && new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(arn);
    });
  const topics = new StateTopics('kvs-edge/{site}', 'harbour-7');
  expect(allows('iot:Connect', 'client/harbour-7')).toBe(true);
  expect(allows('iot:Publish', 'topic/kvs-edge/harbour-7/hall/person/alert')).toBe(true);
  for (const topic of [topics.availability, topics.camera('hall'), topics.rule('hall', 'person')])
    expect([topic, allows('iot:RetainPublish', `topic/${topic}`)]).toEqual([topic, true]);
  for (const filter of [...topics.stateFilters, ...topics.commandFilters])
    expect([filter, allows('iot:Subscribe', `topicfilter/${filter}`)]).toEqual([filter, true]);
  expect(allows('iot:Receive', `topic/${topics.snoozeCommand({ cameraId: 'hall' })}`)).toBe(true);
  expect(allows('iot:Publish', 'topic/kvs-edge/elsewhere/availability')).toBe(false);
  // Limits of AWS IoT: filters in one request, slashes in a topic.
  expect(topics.stateFilters.length + 1).toBeLessThanOrEqual(8);
  expect(topics.snoozeCommand({ cameraId: 'c', ruleId: 'r' }).split('/').length - 1).toBeLessThanOrEqual(7);
});
