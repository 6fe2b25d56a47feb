import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../agent/clock.ts';
import { AgentError } from '../../agent/errors.ts';
import { type Fact, Facts } from '../../agent/facts.ts';
import { Attention } from '../../agent/sampler/attention.ts';
import { Cadence } from '../../agent/sampler/cadence.ts';
import { createStillDecoder, type StillDecoder } from '../../agent/sampler/decode.ts';
import { type FragmentReader, sampleStills } from '../../agent/sampler/sample.ts';
import type { Still } from '../../agent/sampler/still.ts';
import type { FragmentRecord } from '../../agent/spool/fragment-record.ts';
import { SimulatedClock } from '../simulated-clock.ts';
import { encode, fragmentAt } from './footage.ts';

const startMs = Date.UTC(2026, 10, 23, 7, 41, 12, 345);
const coded = encode('testsrc2=size=320x180');

/** As much of a spool as the sampler sees. */
class MemorySpool implements FragmentReader {
  readonly #fragments: { record: FragmentRecord; bytes: Uint8Array }[] = [];
  #waiting: (() => void)[] = [];

  get waiters(): number {
    return this.#waiting.length;
  }

  add(startMs: number, bytes = fragmentAt(startMs, coded)): void {
    const record: FragmentRecord = {
      ...{
        id: this.#fragments.length + 1,
        cameraId: 'front-door',
        startMs,
        endMs: startMs + 1000,
        bytes: bytes.length,
      },
      ...{ headerBytes: 0, frames: 5, codecKey: 'k', trackNumbers: [1], state: 'waiting', sendBegun: false },
    };
    this.#fragments.push({ record, bytes });
    for (const wake of this.#waiting.splice(0)) wake();
  }

  newest(): FragmentRecord | undefined {
    return this.#fragments.at(-1)?.record;
  }

  async readFragment({ id }: FragmentRecord): Promise<Uint8Array> {
    const fragment = this.#fragments[id - 1];
    if (fragment && fragment.bytes.length > 0) return fragment.bytes;
    throw new AgentError({ code: 'fragment-missing', kind: 'data-loss', retry: 'never', message: 'Evicted.' });
  }

  changed(_cameraId: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push(resolve);
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
  }
}

const instantDecoder: StillDecoder = {
  decode: async () => ({ jpeg: new Uint8Array(1), width: 1, height: 1, grey: new Uint8Array(64 * 36), tookMs: 0 }),
};

function sampler(
  spool: MemorySpool,
  {
    decoder = instantDecoder,
    everySeconds = 2,
    busyEverySeconds = 2,
    clock = systemClock,
    attention = new Attention(),
  } = {},
) {
  const published: Fact[] = [];
  const facts = new Facts(error => {
    throw error;
  });
  facts.subscribe(fact => published.push(fact));
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const stills = sampleStills({
    cameraId: 'front-door',
    everySeconds,
    busyEverySeconds,
    attention,
    fragments: spool,
    decoder,
    clock,
    facts,
    signal: stop.signal,
  });
  const next = async (): Promise<Still> => {
    const { value } = await stills.next();
    if (!value) throw new Error('The sampler ended');
    return value;
  };
  return { stills, next, published, stop, attention };
}

test('a still is the first key frame of a new fragment, stamped with its timecode to the millisecond', async () => {
  const spool = new MemorySpool();
  const { next, published } = sampler(spool, {
    decoder: createStillDecoder({ clock: systemClock, deadlineMs: 50_000 }),
  });
  const pending = next();
  spool.add(startMs);
  expect(await pending).toMatchObject({
    cameraId: 'front-door',
    atMs: startMs,
    width: 320,
    height: 180,
    motionScore: 1,
  });
  expect(published).toEqual([{ type: 'still.sampled', cameraId: 'front-door', atMs: startMs, motionScore: 1 }]);
});

test('what was spooled before the start, and while a still was worked on, is skipped', async () => {
  const spool = new MemorySpool();
  spool.add(startMs - 3_600_000);
  const { next } = sampler(spool);
  const pending = next();
  spool.add(startMs);
  expect((await pending).atMs).toBe(startMs);
  for (const second of [2, 4, 6, 8]) spool.add(startMs + second * 1000);
  expect((await next()).atMs).toBe(startMs + 8_000);
});

test('fragments that follow faster than asked for are not decoded', async () => {
  const spool = new MemorySpool();
  let decoded = 0;
  const decoder: StillDecoder = {
    decode(keyFrame, signal) {
      decoded++;
      return instantDecoder.decode(keyFrame, signal);
    },
  };
  const { stills, stop } = sampler(spool, { decoder });
  const taken: number[] = [];
  const reading = (async () => {
    for await (const { atMs } of stills) taken.push((atMs - startMs) / 1000);
  })();
  for (let second = 0; second <= 8; second++) {
    await systemClock.sleep(2);
    spool.add(startMs + second * 1000);
  }
  await systemClock.sleep(5);
  stop.abort();
  await reading;
  expect(taken).toEqual([0, 2, 4, 6, 8]);
  expect(decoded).toBe(5);
});

test('a fragment that is gone, garbage or undecodable is reported, and the next one is sampled', async () => {
  const spool = new MemorySpool();
  const clock = new SimulatedClock(startMs);
  const { next, published } = sampler(spool, {
    clock,
    decoder: createStillDecoder({ clock: systemClock, deadlineMs: 50_000 }),
  });
  const pending = next();
  const failures = () => published.filter(fact => fact.type === 'labels.failed').length;
  const noise = coded.frames.map(frame => ({ ...frame, data: frame.data.map(byte => byte ^ 0x5a) }));
  const bad = [
    new Uint8Array(0),
    Buffer.from('this is not Matroska at all, not even a little'),
    fragmentAt(startMs, { ...coded, frames: noise }),
    fragmentAt(startMs, { ...coded, frames: coded.frames.map(frame => ({ ...frame, keyFrame: false })) }),
  ];
  for (const [index, bytes] of bad.entries()) {
    spool.add(startMs + index * 2000, bytes);
    await clock.advanceUntil(
      () => failures() === index + 1,
      () => true,
    );
    await clock.advance(1_000);
  }
  spool.add(startMs + 20_000);
  expect((await pending).atMs).toBe(startMs + 20_000);
  expect(published.flatMap(fact => (fact.type === 'labels.failed' ? [fact.error.code] : []))).toEqual([
    'fragment-missing',
    'matroska-invalid',
    'still-undecodable',
    'still-undecodable',
  ]);
});

/** Fragments a second apart from `from` to `to`; the seconds of those that became stills. */
async function takenOf(spool: MemorySpool, { stills }: ReturnType<typeof sampler>, onSecond: (second: number) => void) {
  const taken: number[] = [];
  const reading = (async () => {
    for await (const { atMs } of stills) taken.push((atMs - startMs) / 1000);
  })();
  await systemClock.sleep(1);
  for (let second = 0; second <= 60; second++) {
    onSecond(second);
    await systemClock.sleep(1);
    spool.add(startMs + second * 1000);
    await systemClock.sleep(1);
  }
  return { taken, reading };
}

test('while something is there, stills come faster, and for ten seconds after', async () => {
  const spool = new MemorySpool();
  const sampled = sampler(spool, { everySeconds: 6, busyEverySeconds: 2 });
  const { taken, reading } = await takenOf(spool, sampled, second => {
    if (second === 13 || second === 15) sampled.attention.note(startMs + (second - 1) * 1000);
  });
  sampled.stop.abort();
  await reading;
  expect(taken).toEqual([0, 6, 12, 14, 16, 18, 20, 22, 24, 30, 36, 42, 48, 54, 60]);
});

test('motion that the camera reports is looked at with the next fragment, at the faster cadence until it is over', async () => {
  const spool = new MemorySpool();
  const sampled = sampler(spool, { everySeconds: 60, busyEverySeconds: 3 });
  const { taken, reading } = await takenOf(spool, sampled, second => {
    if (second === 20) sampled.attention.hold(true);
    if (second === 35) sampled.attention.hold(false);
  });
  sampled.stop.abort();
  await reading;
  // The newest fragment, of second 19, is looked at as soon as the camera speaks.
  expect(taken).toEqual([0, 19, 22, 25, 28, 31, 34, 37, 40, 43]);
});

test('motion that begins and ends between two stills draws attention too, and leaves no waiter behind', async () => {
  const spool = new MemorySpool();
  const sampled = sampler(spool, { everySeconds: 60, busyEverySeconds: 5 });
  const { taken, reading } = await takenOf(spool, sampled, second => {
    if (second !== 30) return;
    for (let again = 0; again < 100; again++) {
      sampled.attention.hold(true);
      sampled.attention.hold(false);
    }
  });
  sampled.stop.abort();
  await reading;
  expect(taken).toEqual([0, 29, 34, 39]);
  expect(spool.waiters).toBeLessThanOrEqual(1);
});

test('the sampler ends when it is told to, also while it waits', async () => {
  const { stills, stop } = sampler(new MemorySpool());
  const waiting = stills.next();
  stop.abort();
  expect(await waiting).toEqual({ done: true, value: undefined });
});

type CadenceCase = { name: string; everyMs: number; at: number[]; taken: number[] };
const cadences: CadenceCase[] = [
  { name: 'exact', everyMs: 2000, at: [0, 2000, 4000, 6000], taken: [0, 2000, 4000, 6000] },
  { name: 'jitter', everyMs: 2000, at: [0, 1990, 4010, 5990, 8005], taken: [0, 1990, 4010, 5990, 8005] },
  { name: 'twice as fast', everyMs: 2000, at: [0, 1000, 2000, 3000, 4000], taken: [0, 2000, 4000] },
  { name: 'slower', everyMs: 2000, at: [0, 5000, 10_000], taken: [0, 5000, 10_000] },
  { name: 'set back', everyMs: 2000, at: [9e9, 9e9 + 2000, 100, 1000, 2100], taken: [9e9, 9e9 + 2000, 100, 2100] },
];

test.each(cadences)('key frames that come $name are taken as they should', ({ everyMs, at, taken }) => {
  const cadence = new Cadence();
  expect(at.filter(atMs => cadence.take(atMs, everyMs))).toEqual(taken);
});

test('a cadence that becomes faster counts from the last frame, one that becomes slower too', () => {
  const cadence = new Cadence();
  const every = (atMs: number) => (atMs >= 20_000 && atMs < 30_000 ? 1000 : 5000);
  const taken = Array.from({ length: 61 }, (_, second) => second * 1000).filter(at => cadence.take(at, every(at)));
  expect(taken.map(at => at / 1000)).toEqual([
    ...[0, 5, 10, 15, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 34, 39, 44, 49, 54, 59],
  ]);
});

test('over an hour there are no more stills than one for each interval', () => {
  for (const gapMs of [333, 1000, 1801, 1900, 1999, 2001, 3000]) {
    const cadence = new Cadence();
    let taken = 0;
    for (let atMs = 0; atMs < 3_600_000; atMs += gapMs) if (cadence.take(atMs, 2000)) taken++;
    expect(taken).toBeLessThanOrEqual(1800 + 1);
  }
});
