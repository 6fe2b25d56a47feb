// What the console says of paused labels.
import { expect, test } from 'vitest';
import { minuteOfDay } from '../../console/words/clock-times.ts';
import { pausedNotes, pausedWords, pauseLine } from '../../console/words/pause-words.ts';
import type { Budget } from '../../shared/budget.ts';
import type { CameraStatus } from '../../shared/camera-status.ts';

const nowMs = Date.UTC(2026, 10, 23, 12);
const untilMs = nowMs + 11 * 3_600_000;
const until = minuteOfDay(untilMs);

function camera(id: string, labels: Partial<CameraStatus['labels']> = {}): CameraStatus {
  return {
    ...{ id, stream: id, state: 'live', sinceMs: 0, lostSeconds: 0 },
    upload: { state: 'idle', waitingFragments: 0, waitingBytes: 0 },
    labels: { on: true, ...labels },
  };
}

const spent = { reason: 'budget', untilMs } as const;
const budget: Budget = {
  ...{ day: '2026-11-23', endsMs: untilMs, calls: 5_000, limit: 5_000, dollars: 5 },
  month: { calls: 5_000, dollars: 5 },
  cameras: [
    { id: 'door', calls: 2_000, limit: 2_000, dollars: 2 },
    { id: 'yard', calls: 3_000, dollars: 3 },
  ],
};

test('a budget that is spent for all is said once, with its numbers', () => {
  const cameras = [camera('yard', { paused: spent }), camera('gate', { paused: spent }), camera('hall')];
  expect(pausedNotes(cameras, budget)).toEqual([
    `Labels are paused until ${until} (5 000/5 000 pictures today). Motion is still noted.`,
  ]);
});

test('a camera whose own budget is spent, or whose provider fails, is named', () => {
  const problem = { code: 'labels-throttled', message: 'Rekognition asks for fewer pictures a second.' };
  const failing = camera('gate', { problem, paused: { reason: 'failure', untilMs } });
  expect(pausedNotes([camera('door', { paused: spent }), failing], budget)).toEqual([
    `Labels of door are paused until ${until} (2 000/2 000 pictures today). Motion is still noted.`,
    'Labels of gate are paused. Rekognition asks for fewer pictures a second.',
  ]);
  expect(pausedNotes([camera('door', { paused: spent })], undefined)).toEqual([
    `Labels of door are paused until ${until}. Motion is still noted.`,
  ]);
  expect(pausedNotes([camera('door')], budget)).toEqual([]);
});

test('the timeline says at a moment, and a list for a stretch, why nothing was labelled', () => {
  const pauses = [{ fromMs: nowMs - 2_000, toMs: nowMs - 1_000, reason: 'failure' as const }];
  expect(pausedWords(pauses, nowMs - 1_500)).toBe('labels paused: the provider did not answer');
  expect(pausedWords(pauses, nowMs - 1_000)).toBeUndefined();
  const lasting = { fromMs: nowMs, toMs: nowMs + 5_000, reason: 'budget' as const, untilMs };
  expect(pauseLine(lasting, nowMs)).toMatch(
    new RegExp(`^Labels paused .* until ${until}: the day’s pictures were spent\\. Only motion was looked for\\.$`),
  );
});
