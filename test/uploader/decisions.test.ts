// The uploader's pure decisions and its ack parser, case by case.
import { describe, expect, test } from 'vitest';
import type { ErrorCode } from '../../agent/errors.ts';
import type { FragmentRecord } from '../../agent/spool/fragment-record.ts';
import { judgeAckError } from '../../agent/uploader/ack-errors.ts';
import { type Ack, AckParser } from '../../agent/uploader/acks.ts';
import { findSilence, missesAck, type Progress } from '../../agent/uploader/in-flight.ts';
import { matchStored } from '../../agent/uploader/reconcile.ts';
import { nextDelay } from '../../agent/uploader/retry.ts';

const number = '91343852333181457151482848337893124909386799081';

describe('acks', () => {
  const parse = (text: string) => new AckParser().push(Buffer.from(text));
  const persisted: Ack = { eventType: 'PERSISTED', timecodeMs: 1595833960258, fragmentNumber: number };
  const wire = `{"EventType":"PERSISTED","FragmentTimecode":1595833960258,"FragmentNumber":"${number}"}`;

  test.each<[string, string, Ack[]]>([
    ['one a line', `${wire}\n${wire}\r\n`, [persisted, persisted]],
    ['glued', `${wire}${wire}`, [persisted, persisted]],
    ['spread over lines', wire.replaceAll(',', ',\n  '), [persisted]],
    ['IDLE without a fragment', '{"EventType":"IDLE"}', [{ eventType: 'IDLE' }]],
    [
      'a null timecode',
      '{"EventType":"ERROR","FragmentTimecode":null,"ErrorId":4008}',
      [{ eventType: 'ERROR', errorId: 4008 }],
    ],
    ['an error id in quotes', '{"EventType":"ERROR","ErrorId":"4006"}', [{ eventType: 'ERROR', errorId: 4006 }]],
    [
      'the names of the documentation',
      '{"AckEventType":"RECEIVED","FragmentTimeCode":5}',
      [{ eventType: 'RECEIVED', timecodeMs: 5 }],
    ],
    [
      'braces and quotes within a string',
      '{"EventType":"A\\"}{","FragmentTimecode":1}',
      [{ eventType: 'A"}{', timecodeMs: 1 }],
    ],
    ['rubbish around', `HTTP/1.1 }} x ${wire} <html>`, [persisted]],
    ['an object without an event', `{"a":1}${wire}`, [persisted]],
    [
      'a nested object of a later version',
      `{"EventType":"IDLE","Details":{"a":{}}}${wire}`,
      [{ eventType: 'IDLE' }, persisted],
    ],
    ['an ack cut in a string, then a whole one', `{"EventType":"PERSI\n${wire}`, [persisted]],
    ['an ack cut after a colon, then a whole one', `{"EventType":\n${wire}`, [persisted]],
    ['nothing', '', []],
  ])('%s', (_, text, expected) => {
    expect(parse(text)).toEqual(expected);
  });

  test('every way to split a stream of acks gives the same acks', () => {
    const bytes = Buffer.from(`${wire}{"EventType":"IDLE"}\nrubbish "é{" \n${wire}`);
    const whole = new AckParser().push(bytes);
    for (let cut = 0; cut <= bytes.length; cut++) {
      const parser = new AckParser();
      expect([...parser.push(bytes.subarray(0, cut)), ...parser.push(bytes.subarray(cut))]).toEqual(whole);
    }
  });

  test('an object that never ends is given up, and the next ack is found', () => {
    const parser = new AckParser();
    for (let i = 0; i < 1000; i++) expect(parser.push(Buffer.from(`{"a":[${'x'.repeat(100)}`))).toEqual([]);
    expect(parser.push(Buffer.from(`\n${wire}\n`))).toEqual([persisted]);
  });

  test('200 000 bytes of noise never crash it, and an ack on a line of its own is found after any of it', () => {
    let seed = 7;
    const random = () => {
      seed = (seed * 48271) % 0x7fffffff;
      return seed / 0x7fffffff;
    };
    const alphabet = '{}[]":,\\\n\r ab1é\u0000';
    for (let round = 0; round < 1000; round++) {
      const parser = new AckParser();
      const noise = Array.from({ length: 200 }, () => alphabet[Math.floor(random() * alphabet.length)]).join('');
      parser.push(Buffer.from(noise));
      expect(parser.push(Buffer.from(`\n${wire}\n`))).toContainEqual(persisted);
    }
  });
});

describe('ack errors', () => {
  const judge = (errorId: number, errorCode = '') => judgeAckError({ eventType: 'ERROR', errorId, errorCode });

  test.each<[number, 'retry' | 'set-aside', ErrorCode]>([
    [4000, 'retry', 'service-session-ended'],
    [4001, 'set-aside', 'service-rejected-fragment'],
    [4002, 'set-aside', 'service-rejected-fragment'],
    [4003, 'retry', 'service-session-ended'],
    [4004, 'set-aside', 'service-rejected-fragment'],
    [4005, 'set-aside', 'service-rejected-fragment'],
    [4006, 'set-aside', 'service-rejected-fragment'],
    [4007, 'retry', 'service-failed'],
    [4008, 'retry', 'service-stream-not-active'],
    [4009, 'set-aside', 'service-rejected-fragment'],
    [4010, 'set-aside', 'service-rejected-fragment'],
    [4011, 'set-aside', 'service-rejected-fragment'],
    [4012, 'set-aside', 'service-rejected-fragment'],
    [4500, 'retry', 'service-encryption-key'],
    [4501, 'retry', 'service-encryption-key'],
    [4502, 'retry', 'service-encryption-key'],
    [4503, 'retry', 'service-encryption-key'],
    [4504, 'retry', 'service-encryption-key'],
    [4505, 'retry', 'service-encryption-key'],
    [4506, 'retry', 'service-encryption-key'],
    [4507, 'retry', 'service-stream-missing'],
    [5000, 'retry', 'service-failed'],
    [5001, 'retry', 'service-failed'],
    [9999, 'retry', 'service-failed'],
  ])('%i: %s, %s', (errorId, action, code) => {
    expect(judge(errorId)).toMatchObject({ action, error: { code } });
  });

  test('without an id the name counts', () => {
    const { action, error } = judgeAckError({ eventType: 'ERROR', errorCode: 'MIN_FRAGMENT_DURATION_REACHED' });
    expect([action, error.code]).toEqual(['set-aside', 'service-rejected-fragment']);
  });
});

describe('the wait before the next attempt', () => {
  const delays = (code: ErrorCode, retry: 'now' | 'later' | 'never', share: number) =>
    [1, 2, 3, 4, 8, 100].map(attempt =>
      Math.round(nextDelay({ attempt, error: { code, retry }, random: () => share })),
    );

  test.each<[string, ErrorCode, 'now' | 'later' | 'never', number[]]>([
    ['a drop: at once, then doubling to 30 s', 'service-session-ended', 'now', [400, 1000, 2000, 4000, 30_000, 30_000]],
    ['a failure: doubling to 30 s', 'service-failed', 'later', [500, 1000, 2000, 4000, 30_000, 30_000]],
    ['throttling: slower', 'service-throttled', 'later', [1000, 2000, 4000, 8000, 60_000, 60_000]],
    ['no answer: 15 s at most', 'service-unreachable', 'now', [400, 1000, 2000, 4000, 15_000, 15_000]],
    [
      'a refused key: at once with renewed ones, then slowest',
      'service-denied',
      'later',
      [400, 10_000, 20_000, 40_000, 120_000, 120_000],
    ],
    ['no hope: slowest', 'bug', 'never', [5000, 10_000, 20_000, 40_000, 120_000, 120_000]],
  ])('%s', (_, code, retry, expected) => {
    expect(delays(code, retry, 1)).toEqual(expected);
  });

  test('jitter is full, but never faster than the five requests a second PutMedia takes', () => {
    expect(delays('service-failed', 'later', 0)).toEqual(Array(6).fill(200));
    expect(delays('service-failed', 'later', 0.5).slice(1, 3)).toEqual([500, 1000]);
  });
});

test.each<[string, Progress, string | undefined]>([
  ['nothing sent, nothing expected', {}, undefined],
  ['no ack for 14 s', { oldestSentMs: 86_000 }, undefined],
  ['no ack for 16 s', { oldestSentMs: 84_000 }, 'acknowledged nothing'],
  ['an ack 5 s ago', { oldestSentMs: 50_000, lastAckMs: 95_000 }, undefined],
  ['acks, but nothing stored for 61 s', { oldestSentMs: 39_000, lastAckMs: 99_000 }, 'stored nothing'],
  [
    'acks, and something stored meanwhile',
    { oldestSentMs: 39_000, lastAckMs: 99_000, lastPersistedMs: 60_000 },
    undefined,
  ],
  ['no byte taken for 31 s', { blockedSinceMs: 69_000 }, 'took no byte'],
])('silence: %s', (_, progress, expected) => {
  const message = findSilence(progress, 100_000)?.message;
  if (expected === undefined) expect(message).toBeUndefined();
  else expect(message).toContain(expected);
});

test.each<[string, number | undefined, boolean]>([
  ['nothing later was confirmed', undefined, false],
  ['a later one was confirmed 9 s ago', 91_000, false],
  ['a later one was confirmed 11 s ago', 89_000, true],
])('an ack is given up: %s', (_, overtakenMs, expected) => {
  expect(missesAck(overtakenMs, 100_000)).toBe(expected);
});

test('a stored fragment is ours when it starts at our millisecond and is whole', () => {
  const record = (startMs: number): FragmentRecord => ({
    ...{ id: startMs, cameraId: 'cam', startMs, endMs: startMs + 2000, bytes: 1, headerBytes: 1, frames: 50 },
    ...{ codecKey: '', trackNumbers: [1], state: 'waiting', sendBegun: true },
  });
  const matched = matchStored(
    [record(0), record(2000), record(4000), record(6000), record(8000)],
    [
      { startMs: 0, fragmentNumber: 'whole', lengthMs: 1960 },
      { startMs: 2001, fragmentNumber: 'a millisecond off', lengthMs: 2000 },
      { startMs: 4000, fragmentNumber: 'cut', lengthMs: 1000 },
      { startMs: 6000, fragmentNumber: 'unmeasured' },
      { startMs: 8000, fragmentNumber: 'cut', lengthMs: 40 },
      { startMs: 8000, fragmentNumber: 'sent again', lengthMs: 2000 },
    ],
  );
  expect(matched.map(({ fragmentNumber }) => fragmentNumber)).toEqual([
    'whole',
    undefined,
    undefined,
    'unmeasured',
    'sent again',
  ]);
});
