// The ready sets are settings files that hold, and their rules do what their comments say.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ruleSet, ruleSetNames } from '../../agent/commands/rule-sets.ts';
import { parseSettings } from '../../agent/settings/load.ts';
import { readRuleDraft } from '../../agent/settings/rule-draft.ts';
import { outcomesByReach } from '../../shared/rule-outcome.ts';
import { stage, standingAt } from './scene.ts';

const names = readdirSync(join(import.meta.dirname, '../../agent/commands/rule-sets')).map(
  file => file.split('.')[0] ?? '',
);

async function settingsOf(name: string) {
  return parseSettings(`${name}.yaml`, (await ruleSet(name)) ?? '');
}

test('all of them are found', () => {
  expect(names.sort()).toEqual(['city', 'home', 'industry', 'lighting']);
});

test.each(names)('%s holds', async name => {
  const { rules, cameras } = await settingsOf(name);
  expect(rules.length).toBeGreaterThan(0);
  // Each rule looks at a camera, and in zones and lines of that camera.
  for (const { when } of rules) {
    const looked = cameras.filter(
      ({ id, groups }) =>
        (!when.cameras && !when.groups) ||
        when.cameras?.includes(id) ||
        groups.some(group => when.groups?.includes(group)),
    );
    expect(looked.length).toBeGreaterThan(0);
    for (const { zones, lines } of looked) {
      for (const zone of when.zones ?? []) expect(zones.map(({ name }) => name)).toContain(zone);
      if (when.line) expect(lines.map(({ name }) => name)).toContain(when.line.name);
    }
  }
});

test('each set says in one sentence what it is for', async () => {
  for (const [name, words] of await ruleSetNames())
    expect([name, words]).toEqual([name, expect.stringMatching(/^.{30,110}\.$/)]);
});

test('at home: who stays at the door is told, who passes is not; the child on the floor is told at night only', async () => {
  const { rules, cameras } = await settingsOf('home');
  const { show } = stage({ rules, cameras, timeZone: 'UTC' });
  const noon = Date.UTC(2026, 5, 1, 12);
  const night = Date.UTC(2026, 5, 1, 23);
  const at = (atMs: number, cameraId: string, x: number, y: number, label = 'Person') =>
    show(
      [{ id: `${cameraId} ${label} ${atMs > night - 1}`, label, box: standingAt(x, y) }],
      atMs,
      cameraId,
    ).firings.map(({ ruleId }) => ruleId);
  const told = [0, 2, 4, 6].flatMap(second => [
    ...at(noon + second * 1000, 'front-door', 0.5, 0.9),
    ...at(noon + second * 1000, 'nursery', 0.5, 0.9, 'Child'),
  ]);
  expect(told).toEqual(['person-at-door']);
  expect([0, 3, 6].flatMap(second => at(night + second * 1000, 'nursery', 0.5, 0.9, 'Child'))).toEqual([
    'child-out-of-bed',
  ]);
  expect([0, 3, 6].flatMap(second => at(night + second * 1000, 'nursery', 0.5, 0.4, 'Baby'))).toEqual([]);
});

test('in the city: a car against the one-way street is told, one along it is not', async () => {
  const { rules, cameras } = await settingsOf('city');
  const { show } = stage({ rules, cameras, timeZone: 'UTC' });
  const at = Date.UTC(2026, 5, 1, 12);
  const drive = (id: string, ways: number[], from: number) =>
    ways.flatMap((x, step) =>
      show([{ id, label: 'Car', box: standingAt(x, 0.5) }], from + step * 500, 'main-street').firings.map(
        ({ ruleId }) => ruleId,
      ),
    );
  expect(drive('right', [0.8, 0.6, 0.4], at)).toEqual([]);
  expect(drive('wrong', [0.2, 0.4, 0.6], at + 60_000)).toEqual(['wrong-way']);
});

test('the example in the documentation holds, and every reason is explained there', () => {
  const text = readFileSync(join(import.meta.dirname, '../../docs/rules.md'), 'utf8');
  const [, yaml = ''] = /```yaml\n(.*?)```/s.exec(text) ?? [];
  expect(parseSettings('rules.md', yaml).rules.map(({ id }) => id)).toEqual(['person-at-door']);
  for (const outcome of outcomesByReach) expect(text).toContain(`\`${outcome}\``);
  for (const name of names) expect(text).toContain(`- **${name}**: `);
});

test('a draft that is wrong is refused with every field', async () => {
  const settings = await settingsOf('home');
  expect(() => readRuleDraft({ when: { labels: ['Dog'], zones: ['nowhere'], minSeconds: -1 } }, settings)).toThrow(
    /when\.minSeconds .*when\.zones\[0\] must be the name of a zone/,
  );
  expect(readRuleDraft({ when: { labels: ['Dog'], zones: ['sofa'] } }, settings)).toMatchObject({
    id: 'draft',
    cooldownSeconds: 60,
  });
});
