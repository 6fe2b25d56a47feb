// The repository's own invariants: which folder may import which, no import cycles, file sizes, names, no machine's paths.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';
import { longest } from './longest-first.ts';

const root = join(import.meta.dirname, '..');
const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter(file => file !== '');
const sources = tracked.filter(file => /\.tsx?$/.test(file) && /^(agent|shared|console|scripts)\//.test(file));

type Import = { from: string; to: string; typeOnly: boolean };

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8');
  const found: Import[] = [];
  for (const match of text.matchAll(/^(import|export)\s+(type\s)?[^;]*?from\s+'(\.[^']+)'|\bimport\('(\.[^']+)'\)/gm)) {
    const specifier = match[3] ?? match[4];
    if (specifier === undefined) continue;
    found.push({ from: file, to: normalize(join(dirname(file), specifier)), typeOnly: match[2] !== undefined });
  }
  return found;
}

const imports = sources.flatMap(importsOf);

// Lower layers never import higher ones. Within a layer the folders do not know each other, but for types along the data's way.
const layers: Record<string, number> = {
  shared: 0,
  'agent/aborted.ts': 0,
  'agent/clock.ts': 0,
  'agent/errors.ts': 0,
  'agent/facts.ts': 0,
  'agent/folders.ts': 0,
  'agent/secret.ts': 0,
  'agent/matroska': 1,
  'agent/mp4': 1,
  'agent/mpegts': 1,
  'agent/codec': 1,
  'agent/ffmpeg': 1,
  'agent/sign-in': 1,
  'agent/sqlite': 1,
  'agent/aws': 1,
  'agent/settings': 1,
  'agent/time': 1,
  'agent/onvif': 2,
  'agent/rtp': 2,
  'agent/rtsp': 2,
  'agent/discovery': 3,
  'agent/source': 3,
  'agent/repair': 3,
  'agent/fragmenter': 3,
  'agent/spool': 3,
  'agent/rules': 3,
  'agent/uploader': 4,
  'agent/sampler': 4,
  'agent/labels': 4,
  'agent/alerts': 4,
  'agent/playback': 4,
  'agent/health': 4,
  'agent/control': 4,
  'agent/camera-check': 4,
  'agent/push': 5,
  'agent/web': 5,
  'agent/local-cloud': 5,
  'agent/main.ts': 6,
  'agent/alerting.ts': 6,
  'agent/camera-events.ts': 6,
  'agent/camera-input.ts': 6,
  'agent/camera-lines.ts': 6,
  'agent/parts.ts': 6,
  'agent/raise-alerts.ts': 6,
  'agent/watch-health.ts': 6,
  'agent/rule-answers.ts': 6,
  'agent/serve.ts': 6,
  'agent/commands': 6,
  'agent/fleet.ts': 6,
  'agent/live-settings.ts': 6,
  'agent/cli.ts': 6,
};

function placeOf(file: string): string {
  const parts = file.split('/');
  return parts[0] === 'agent' ? parts.slice(0, 2).join('/') : (parts[0] ?? '');
}

test('every place in agent/ has a layer', () => {
  const places = new Set(sources.filter(file => file.startsWith('agent/')).map(placeOf));
  expect([...places].filter(place => layers[place] === undefined)).toEqual([]);
});

test('lower layers never import higher ones, and folders of one layer only share types', () => {
  const wrong = imports.filter(({ from, to, typeOnly }) => {
    const [source, target] = [placeOf(from), placeOf(to)];
    const [above, below] = [layers[source], layers[target]];
    if (source === target || above === undefined || below === undefined || below === 0) return false;
    return below > above || (below === above && !typeOnly && above < 6);
  });
  expect(wrong).toEqual([]);
});

test('local-cloud imports only shared, layer 0 and the container formats, and no stage imports it', () => {
  const allowed =
    /^(shared|agent\/(aborted|clock|errors|facts|folders|secret)\.ts|agent\/(matroska|mp4|mpegts|local-cloud))/;
  const outward = imports.filter(({ from, to }) => from.startsWith('agent/local-cloud/') && !allowed.test(to));
  const starters = /^(scripts\/|agent\/(local-cloud\/|commands\/local-cloud-command\.ts))/;
  const inward = imports.filter(({ from, to }) => to.startsWith('agent/local-cloud/') && !starters.test(from));
  expect([...outward, ...inward]).toEqual([]);
});

test('shared and console know nothing of Node', () => {
  const wrong = sources
    .filter(file => /^(shared|console)\//.test(file))
    .filter(file => /from 'node:/.test(readFileSync(join(root, file), 'utf8')));
  expect(wrong).toEqual([]);
});

test('no import cycle', () => {
  const next = new Map<string, string[]>();
  for (const { from, to, typeOnly } of imports) if (!typeOnly) next.set(from, [...(next.get(from) ?? []), to]);
  const cycles: string[] = [];
  const done = new Set<string>();
  const walk = (file: string, path: string[]): void => {
    if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file].join(' → '));
    if (done.has(file) || path.includes(file)) return;
    for (const target of next.get(file) ?? []) walk(target, [...path, file]);
    done.add(file);
  };
  for (const file of next.keys()) walk(file, []);
  expect(cycles).toEqual([]);
});

test('only the clock and the composition roots touch the machine’s time', () => {
  const touches = /\bDate\.now\(|\bsetTimeout\(|\bsetInterval\(|\bperformance\.now\(|new Date\(\)/;
  const wrong = sources
    .filter(file => file.startsWith('agent/') && !/^agent\/(clock|main|serve|camera-lines|fleet|cli)\.ts$/.test(file))
    .filter(file => touches.test(readFileSync(join(root, file), 'utf8').replace(/^\s*(\/\/|\*).*$/gm, '')));
  expect(wrong).toEqual([]);
});

test('files stay small and have names that say what is in them', () => {
  const long = sources.filter(file => readFileSync(join(root, file), 'utf8').split('\n').length > 400);
  const vague = tracked.filter(file =>
    /(^|\/)(utils?|helpers?|common|misc|manager|lib|core|types|constants|index)(\/|\.tsx?$)/.test(file),
  );
  expect({ long, vague }).toEqual({ long: [], vague: [] });
});

test('the test files that begin first are there', () => {
  expect(longest.filter(file => !tracked.includes(file))).toEqual([]);
});

test('nothing of one machine or one registry is committed', () => {
  const text = tracked.filter(file => !/\.(png|jpg|ico|woff2)$/.test(file));
  const wrong = text.filter(file =>
    /\/(work|home|root)\/[a-z]|registry\.[a-z]+js\.org/.test(readFileSync(join(root, file), 'utf8')),
  );
  expect(wrong.filter(file => file !== 'test/structure.test.ts')).toEqual([]);
});
