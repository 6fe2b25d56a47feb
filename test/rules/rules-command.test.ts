// `kvs-edge rules` as its own process, over what an agent kept on disk.

import { mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RuleMemoryStore } from '../../agent/alerts/rule-memory/rule-memory.ts';
import { systemClock } from '../../agent/clock.ts';
import { rulesCommand } from '../../agent/commands/rules-command.ts';
import { runCli } from '../agent/running-agent.ts';
import { seen, standingAt } from './scene.ts';

const folder = mkdtempSync(join(tmpdir(), 'rules-command-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const config = join(folder, 'kvs-edge.yaml');
const nowMs = systemClock.nowMs();

beforeAll(async () => {
  await writeFile(
    config,
    `cameras:
  - id: front-door
    url: rtsp://10.0.0.20/
    zones: [{ name: door, polygon: [[0, 0], [0.5, 0], [0.5, 1], [0, 1]] }]
rules:
  - { id: door, when: { labels: [Person], zones: [door], minSeconds: 3 }, then: [{ to: ops }] }
  - { id: dogs, when: { labels: [Dog] }, then: [{ to: ops }] }
  - { id: ill, when: { health: { diskFreePercent: 5 } }, then: [{ to: ops }] }
destinations: [{ id: ops, webhook: { url: 'https://example.com/', secret: { env: HOOK } } }]
`,
  );
  using memory = new RuleMemoryStore({ dataDir: join(folder, 'data'), clock: systemClock });
  for (let second = 0; second < 10; second++) {
    const atMs = nowMs - 600_000 + second * 1000;
    memory.frames.add({
      ...{ cameraId: 'front-door', atMs },
      seen: [
        seen({ id: 'stays', box: standingAt(0.2, 0.9) }, atMs),
        ...(second < 2 ? [seen({ id: 'passes', box: standingAt(0.3, 0.9) }, atMs)] : []),
        seen({ id: 'beyond', box: standingAt(0.8, 0.9) }, atMs),
      ],
    });
  }
  const told = { ruleId: 'door', cameraId: 'front-door', label: 'Person', atMs: nowMs - 600_000 };
  memory.whys.note({ ...told, sightingId: 'beyond', outcome: 'zone' });
});

async function rules(...args: string[]): Promise<string> {
  let output = '';
  await rulesCommand(args, text => {
    output += text;
  });
  return output;
}

describe('replay', () => {
  test('tells how often each rule would have fired, and why it would have been silent', async () => {
    const output = await rules('replay', '--config', config);
    expect(output).toMatch(/^door: 1 alert, of 3 sightings\.$/m);
    expect(output).toMatch(/front-door {2}Person 94 % for 3 s in zone door\.$/m);
    expect(output).toMatch(/^ {2}1 × {2}no alert: not there for long enough/m);
    expect(output).toMatch(/^ {2}1 × {2}no alert: in none of the zones/m);
    expect(output).toMatch(/^dogs: 0 alerts, of 3 sightings\.$/m);
    expect(output).not.toContain('ill:');
  });

  test('tries a rule that is not in the settings', async () => {
    const file = join(folder, 'rule.yaml');
    await writeFile(file, 'when: { labels: [person], zones: [door] }\ncooldownSeconds: 0\n');
    const [answer] = JSON.parse(await rules('replay', '--config', config, '--file', file, '--json'));
    expect(answer).toMatchObject({ ruleId: 'draft', fired: 1, silent: { zone: 1 }, frames: 10, sightings: 3 });
    expect(answer.firings[0].sightingIds).toEqual(['stays', 'passes']);
    await writeFile(file, 'when: { labels: [person], zones: [gate] }\n');
    await expect(rules('replay', '--config', config, '--file', file)).rejects.toMatchObject({
      code: 'settings-invalid',
    });
  });

  test('of a camera that saw nothing there is nothing, and a rule that is not there is told', async () => {
    const [answer] = JSON.parse(
      await rules('replay', '--config', config, '--rule', 'door', '--camera', 'yard', '--json'),
    );
    expect(answer).toMatchObject({ fired: 0, frames: 0 });
    await expect(rules('replay', '--config', config, '--rule', 'cats')).rejects.toMatchObject({ code: 'rule-unknown' });
  });
});

describe('test', () => {
  test('says of each sighting of the last day what each rule says', async () => {
    const output = await rules('test', '--config', config, '--rule', 'door');
    expect(output).toMatch(/Person {2}door {2}raises an alert: Person 94 % for 3 s in zone door\.$/m);
    expect(output.split('\n').filter(line => line.includes('no alert'))).toHaveLength(2);
  });

  test('takes JSON with paths and CSV', async () => {
    const json = join(folder, 'seen.json');
    const box = standingAt(0.2, 0.9);
    const path = [{ atMs: nowMs, untilMs: nowMs + 5000, confidence: 90, box }];
    const sighting = {
      id: 'a',
      cameraId: 'front-door',
      atMs: nowMs,
      untilMs: nowMs + 5000,
      label: 'Person',
      confidence: 90,
    };
    await writeFile(json, JSON.stringify({ sightings: [{ ...sighting, path }] }));
    const [verdict] = JSON.parse(await rules('test', json, '--config', config, '--rule', 'door', '--json'));
    expect(verdict).toMatchObject({ sightingId: 'a', outcome: 'fired', ruleId: 'door' });
    const csv = join(folder, 'seen.csv');
    await writeFile(
      csv,
      'camera,label,at,until,confidence,left,top,width,height\n' +
        'front-door,Person,2026-11-23T07:41:12Z,2026-11-23T07:41:18Z,90,0.1,0.5,0.1,0.4\n' +
        'front-door,Dog,2026-11-23T07:41:12Z,,80,,,,\n',
    );
    const verdicts = JSON.parse(await rules('test', csv, '--config', config, '--json'));
    expect(verdicts.map(({ label, ruleId, outcome }: Record<string, string>) => [label, ruleId, outcome])).toEqual([
      ['Person', 'door', 'fired'],
      ['Person', 'dogs', 'label'],
      ['Dog', 'door', 'label'],
      ['Dog', 'dogs', 'fired'],
    ]);
  });

  test.each([
    ['{"sightings": 3}', 'sightings is not as it should be'],
    ['[1', 'neither JSON nor CSV'],
    ['[{"id": "a"}]', 'cameraId'],
    ['camera,label,at\nyard,Person,yesterday\n', 'must be a time'],
  ])('a file that is not right is refused: %s', async (text, words) => {
    const file = join(folder, 'bad');
    await writeFile(file, text);
    const refused = rules('test', file, '--config', config);
    await expect(refused).rejects.toMatchObject({ code: 'file-unreadable' });
    await expect(refused).rejects.toThrow(new RegExp(words));
  });
});

test('why: what was said of a sighting, and that other rules ask for something else', async () => {
  const output = await rules('why', 'beyond', '--config', config);
  expect(output).toMatch(/^Person on front-door$/m);
  expect(output).toMatch(/^door +no alert: in none of the zones of the rule +\d{4}-.*Z {2}1$/m);
  expect(output).toMatch(/^dogs +the rule asks for other labels$/m);
  await expect(rules('why', 'nobody', '--config', config)).rejects.toMatchObject({ code: 'sighting-unknown' });
});

test('the command line: sets, wrong usage, and a data folder in which nothing was kept yet', async () => {
  const sets = await runCli(['rules', 'sets']);
  expect(sets).toMatchObject({ code: 0, output: expect.stringMatching(/^home {2}/m) });
  const home = await runCli(['rules', 'sets', 'home']);
  expect(home).toMatchObject({ code: 0, output: expect.stringContaining('id: person-at-door') });
  expect(await runCli(['rules', 'sets', '../home'])).toMatchObject({ code: 2 });
  const empty = join(folder, 'empty.yaml');
  await writeFile(empty, 'siteName: Empty\ndataDir: ./nothing\n');
  const replayed = await runCli(['rules', 'replay', '--config', empty]);
  expect(replayed.code).toBe(1);
  expect(replayed.output).toContain('the agent has not run with these settings. [file-unreadable]');
});
