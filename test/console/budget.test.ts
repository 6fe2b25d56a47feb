// What the browser has to load, and what a strict Content-Security-Policy lets it load.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildConsole } from './built-console.ts';

const FIRST_LOAD_BYTES = 45 * 1024;
const CAMERA_PAGE_BYTES = 245 * 1024;

let dir = '';
let page = '';
const gzipBytes = new Map<string, number>();

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'console-budget-'));
  await buildConsole(dir);
  page = await readFile(join(dir, 'index.html'), 'utf8');
  for (const name of await readdir(join(dir, 'assets'))) {
    if (name.endsWith('.js'))
      gzipBytes.set(name, gzipSync(await readFile(join(dir, 'assets', name)), { level: 9 }).length);
  }
});

afterAll(() => rm(dir, { recursive: true }));

const sum = (names: string[]) => names.reduce((total, name) => total + (gzipBytes.get(name) ?? 0), 0);

test('the first load is at most 45 KiB of JavaScript and has no player in it', () => {
  const first = [...gzipBytes.keys()].filter(name => page.includes(name));
  expect(first.length).toBeGreaterThan(0);
  expect(sum(first)).toBeGreaterThan(5000);
  expect(sum(first)).toBeLessThanOrEqual(FIRST_LOAD_BYTES);
  expect(first.some(name => name.startsWith('hls'))).toBe(false);
});

test('all of it together, player included, is at most 245 KiB', () => {
  expect(sum([...gzipBytes.keys()])).toBeGreaterThan(100 * 1024);
  expect(sum([...gzipBytes.keys()])).toBeLessThanOrEqual(CAMERA_PAGE_BYTES);
});

test('every asset has a hash in its name, so that it may be cached for ever', async () => {
  const names = await readdir(join(dir, 'assets'));
  expect(names.filter(name => !/-[\w-]{8}\.\w+$/.test(name))).toEqual([]);
});

test('the page has no inline script, style or event handler and asks nothing of other hosts', () => {
  expect(page).not.toMatch(/<script(?![^>]*\bsrc=)[^>]*>/);
  expect(page).not.toMatch(/<style|\sstyle=|\son\w+=/);
  expect(page).not.toMatch(/(src|href)="(https?:)?\/\//);
});
