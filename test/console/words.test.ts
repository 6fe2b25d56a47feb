// What the console says of cameras, uploads, alerts and times.
import { describe, expect, test } from 'vitest';
import { ageWords, bytesWords, countWords, durationWords, inWords } from '../../console/words/ages.ts';
import { cameraWord, healthSentences, uploadWord } from '../../console/words/camera-words.ts';
import { deliveryWords } from '../../console/words/delivery-words.ts';
import { labelHue, sightingWords, stayWords } from '../../console/words/label-hue.ts';
import { pipelineWords } from '../../console/words/pipeline-words.ts';
import type { CameraStatus } from '../../shared/camera-status.ts';
import { diskOnlyCamera, liveCamera, offlineCamera, refusedCamera } from './story.ts';

const now = Date.UTC(2026, 10, 23, 7, 41, 12);
const withUpload = (upload: Partial<CameraStatus['upload']>): CameraStatus => {
  const camera = liveCamera(now);
  return { ...camera, upload: { ...camera.upload, ...upload } };
};

describe('times and sizes', () => {
  test.each([
    [-5, '0 s'],
    [3999, '3 s'],
    [59_999, '59 s'],
    [60_000, '1 min'],
    [3_600_000, '1 h'],
    [7_500_000, '2 h 5 min'],
    [47 * 3_600_000, '47 h'],
    [49 * 3_600_000, '2 d'],
  ])('%i ms are said as %s', (ms, words) => {
    expect(durationWords(ms)).toBe(words);
  });

  test('an age is never overstated and a countdown never shows 0 s', () => {
    expect(ageWords(now - 1999, now)).toBe('just now');
    expect(ageWords(now - 12_900, now)).toBe('12 s ago');
    expect(inWords(now + 100, now)).toBe('in 1 s');
    expect(inWords(now, now)).toBe('now');
  });

  test('sizes use binary units and one is singular', () => {
    expect(bytesWords(0)).toBe('0 KiB');
    expect(bytesWords(1)).toBe('1 KiB');
    expect(bytesWords(1.5 * 1024 ** 2)).toBe('1.5 MiB');
    expect(bytesWords(96 * 1024 ** 2)).toBe('96 MiB');
    expect(bytesWords(2 * 1024 ** 3)).toBe('2.0 GiB');
    expect([countWords(1, 'fragment'), countWords(0, 'fragment')]).toEqual(['1 fragment', '0 fragments']);
  });
});

describe('a camera’s health line', () => {
  test('a healthy camera says how far behind and when last confirmed', () => {
    expect(healthSentences(liveCamera(now), now).join(' ')).toBe(
      'Live for 3 h. Uploading, 2 s behind. 1 fragment (206 KiB) on disk. Last confirmed just now.',
    );
  });

  test('an offline camera says since when, why, and when the agent tries again', () => {
    const words = healthSentences(offlineCamera(now), now).join(' ');
    expect(words).toBe(
      'Offline for 4 min. No answer from 10.0.0.22. Check that the camera has power and network. Retrying in 20 s. Last confirmed 4 min ago.',
    );
  });

  test('a stream that is not as the settings want it is said with the upload', () => {
    const message = 'The stream front-door keeps nothing: its retention is 0 hours.';
    const camera = { ...liveCamera(now), streamWarnings: [{ code: 'stream-keeps-nothing', message }] };
    expect(healthSentences(camera, now).join(' ')).toContain(message);
  });

  test('a camera out of the service’s reach says what is safe on disk and what is lost', () => {
    const words = healthSentences(diskOnlyCamera(now), now).join(' ');
    expect(words).toContain('On disk only.');
    expect(words).toContain('384 fragments (92 MiB) on disk.');
    expect(words).toContain('Next try in 12 s.');
    expect(words).toContain('42 s of video lost so far.');
  });

  test('a refused camera says what to change and nothing of uploads', () => {
    expect(cameraWord(refusedCamera(now))).toEqual({ status: 'attention', words: 'Needs a change' });
    expect(healthSentences(refusedCamera(now), now)).toHaveLength(1);
  });

  test('trouble with the disk or the labels is in the line', () => {
    const camera: CameraStatus = {
      ...liveCamera(now),
      diskProblem: { code: 'disk-full', message: 'The disk is full.' },
      labels: { on: true, problem: { code: 'labels-denied', message: 'The key may not ask for labels.' } },
    };
    expect(uploadWord(camera, now)).toEqual({ status: 'failed', words: 'Not being kept' });
    expect(healthSentences(camera, now).join(' ')).toMatch(/The disk is full\..*The key may not ask for labels\./);
  });
});

describe('the pipeline pill tells the worst of all cameras', () => {
  const full: CameraStatus = { ...liveCamera(now), diskProblem: { code: 'disk-full', message: 'The disk is full.' } };
  const denied = withUpload({ state: 'waiting', problem: { code: 'service-denied', message: 'No.' } });
  test.each([
    ['the agent is gone', [full], false, 'failed', 'Agent unreachable'],
    ['there are none', [], true, 'waiting', 'No cameras'],
    [
      'a disk is full',
      [liveCamera(now), diskOnlyCamera(now), full],
      true,
      'failed',
      'Disk problem · 1 camera not kept',
    ],
    [
      'the service is away',
      [liveCamera(now), diskOnlyCamera(now)],
      true,
      'failed',
      'Service unreachable · 385 fragments on disk',
    ],
    ['the key is refused', [denied], true, 'failed', 'Service refuses the key · 1 fragment on disk'],
    ['it connects', [withUpload({ state: 'connecting' })], true, 'waiting', 'Connecting · 1 fragment on disk'],
    [
      'it catches up',
      [withUpload({ oldestWaitingMs: now - 720_000 })],
      true,
      'attention',
      'Catching up · 12 min behind',
    ],
    [
      'it catches up and knows when it is done',
      [withUpload({ oldestWaitingMs: now - 720_000, etaSeconds: 140 })],
      true,
      'attention',
      'Catching up · 12 min behind · done in 2 min',
    ],
    [
      'one of two cameras behind cannot say when it is done',
      [withUpload({ oldestWaitingMs: now - 720_000, etaSeconds: 140 }), withUpload({ oldestWaitingMs: now - 600_000 })],
      true,
      'attention',
      'Catching up · 12 min behind',
    ],
    ['all is well', [liveCamera(now), offlineCamera(now)], true, 'ok', 'Uploading · 2 s behind'],
    ['nothing comes in', [offlineCamera(now), refusedCamera(now)], true, 'waiting', 'Nothing to upload'],
  ] as const)('%s', (_title, cameras, reachable, status, words) => {
    expect(pipelineWords(cameras, now, reachable)).toEqual({ status, words });
  });
});

test('a delivery says what became of it', () => {
  const delivery = { destination: 'ops', attempts: 3, atMs: now + 14_000 };
  expect(deliveryWords({ ...delivery, state: 'waiting' }, now).words).toBe('Retrying in 14 s, 3 attempts so far');
  expect(deliveryWords({ ...delivery, attempts: 0, state: 'waiting' }, now).words).toBe('Being sent');
  expect(deliveryWords({ ...delivery, state: 'dead' }, now)).toEqual({
    status: 'failed',
    words: 'Given up after 3 attempts',
  });
  expect(deliveryWords({ ...delivery, state: 'delivered' }, now).status).toBe('ok');
});

test('a label has the same one of eight hues everywhere', () => {
  expect(labelHue('Person')).toBe(labelHue('person'));
  expect(labelHue('Person')).not.toBe(labelHue('Car'));
  for (const label of ['Tree', 'Chair', 'Zebra', '自転車', '']) expect(labelHue(label)).toBeLessThan(8);
  expect(sightingWords({ label: 'Person', confidence: 93.6 })).toBe('Person 94 %');
});

test('what was seen says how long it stayed, or how often it came', () => {
  expect(stayWords({ count: 1, fromMs: now, toMs: now })).toBeUndefined();
  expect(stayWords({ count: 1, fromMs: now, toMs: now + 12_400 })).toBe('for 12 s');
  expect(stayWords({ count: 3, fromMs: now, toMs: now + 150_000 })).toBe('3 times in 2 min');
});
