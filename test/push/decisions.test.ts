// What a push decides by itself: when a recording began, what the terminal shows, how much waits in memory.
import { expect, test } from 'vitest';
import { encodingCommand } from '../../agent/push/file-problem.ts';
import { parseStart } from '../../agent/push/file-start.ts';
import { barLine } from '../../agent/push/progress-bar.ts';
import { Window } from '../../agent/push/window.ts';
import { durationWords } from '../../shared/duration-words.ts';

const noonMs = Date.UTC(2026, 2, 1, 12);

test.each([
  ['2026-03-01T12:00:00Z', noonMs],
  ['2026-03-01T13:00:00.250+01:00', noonMs + 250],
  ['2026-03-01', Date.UTC(2026, 2, 1)],
  [String(noonMs / 1000), noonMs],
  [`${noonMs / 1000}.5`, noonMs + 500],
  [String(noonMs), noonMs],
])('a start of %s is understood', (text, expected) => {
  expect(parseStart(text)).toBe(expected);
});

test.each(['', 'yesterday', '12', '2026-13-01T00:00:00Z', '01/03/2026', '2026', '-5', 'NaN'])(
  'a start of "%s" is not taken for a time',
  text => {
    expect(parseStart(text)).toBeUndefined();
  },
);

test('a start without a zone is this machine’s own time', () => {
  expect(parseStart('2026-03-01T12:00:00')).toBe(new Date(2026, 2, 1, 12).getTime());
});

test('the bar tells share, rate and the time that is left', () => {
  const state = { totalMs: 120_000, doneMs: 40_000, foundMs: 0, sentBytes: 24_800_000, elapsedMs: 2_000 };
  expect(barLine(state)).toBe('[########----------------]  33 %  12.4 MB/s  4 s left');
});

test('what an earlier push sent does not make the time that is left look short', () => {
  const state = { totalMs: 120_000, doneMs: 60_000, foundMs: 50_000, sentBytes: 1_000_000, elapsedMs: 10_000 };
  expect(barLine(state)).toContain('50 %  0.1 MB/s  1 min left');
});

test('without a length the bar tells how much was sent', () => {
  const state = { totalMs: undefined, doneMs: 80_000, foundMs: 0, sentBytes: 5_000_000, elapsedMs: 1_000 };
  expect(barLine(state)).toBe('1 min 20 s sent  5.0 MB/s');
});

test.each([
  [0, '0 s'],
  [999, '1 s'],
  [60_000, '1 min'],
  [200_000, '3 min 20 s'],
  [7_500_000, '2 h 5 min'],
  [86_400_000, '1 d'],
  [273_600_000, '3 d 4 h'],
])('%d ms read as %s', (ms, words) => {
  expect(durationWords(ms)).toBe(words);
});

test('names are quoted for a shell, whatever is in them', () => {
  expect(encodingCommand('/videos/a.mp4')).toMatch(/^ffmpeg -i \/videos\/a\.mp4 .* \/videos\/a-for-kvs\.mp4$/);
  expect(encodingCommand("it's $(here).mov")).toContain(`-i 'it'\\''s $(here).mov'`);
  expect(encodingCommand('-v.mkv')).toMatch(/-i \.\/-v\.mkv .* \.\/-v-for-kvs\.mp4$/);
});

function fragment(startMs: number, bytes: number) {
  const record = {
    ...{ id: startMs, cameraId: 'file', startMs, endMs: startMs + 1000, bytes, headerBytes: 0, frames: 25 },
    ...{ codecKey: 'k', trackNumbers: [1], state: 'waiting' as const, sendBegun: false },
  };
  return { record, media: new Uint8Array(0) };
}

const never = new AbortController().signal;

test('the window takes no more than its bytes until something is confirmed', async () => {
  const window = new Window(100);
  await window.add(fragment(1000, 60), never);
  let added = false;
  const adding = window.add(fragment(2000, 60), never).then(() => {
    added = true;
  });
  await Promise.resolve();
  expect(added).toBe(false);
  window.take(1000);
  await adding;
  expect((await window.next(0, never))?.record.startMs).toBe(2000);
});

test('a fragment larger than the window goes through it alone', async () => {
  const window = new Window(100);
  await window.add(fragment(1000, 500), never);
  expect((await window.next(0, never))?.record.startMs).toBe(1000);
});

test('whoever waits for a fragment is told that none will come', async () => {
  const window = new Window(100);
  const next = window.next(0, never);
  window.end();
  expect(await next).toBeUndefined();
});

test('what was begun stays doubtful until it is confirmed or known not to be there', async () => {
  const window = new Window(100);
  await window.add(fragment(1000, 10), never);
  await window.add(fragment(2000, 10), never);
  window.sendBegun(1000);
  window.sendBegun(2000);
  window.received(1000);
  expect(window.oldestNotReceived()).toBe(2000);
  window.notSent(2000);
  expect(window.doubtful().map(({ record }) => record.startMs)).toEqual([1000]);
});

test('waiting in the window ends with the signal’s reason', async () => {
  const stop = new AbortController();
  const waiting = new Window(100).next(0, stop.signal);
  stop.abort(new Error('enough'));
  await expect(waiting).rejects.toThrow('enough');
});
