// Who is believed about the time, decided in simulated time and, for the service's Date, over real HTTP.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { type Fact, Facts } from '../../agent/facts.ts';
import { judgeClock, type NtpState } from '../../agent/time/clock-trust.ts';
import { ClockWatch } from '../../agent/time/clock-watch.ts';
import { machineNtp, type NtpProbe, readNtp } from '../../agent/time/ntp.ts';
import { isProvisional } from '../../agent/time/provisional-time.ts';
import { askServiceDate, dateUrl, narrowed } from '../../agent/time/service-date.ts';
import { TrustedClock } from '../../agent/time/trusted-clock.ts';
import { seededRandom } from '../../scripts/fuzz/seeded-random.ts';
import { SimulatedClock } from '../simulated-clock.ts';

const hourMs = 3_600_000;
const trueMs = Date.UTC(2026, 10, 23, 8);
const service = { fromMs: -200, toMs: 800 };

describe('the clock is judged, offsets from the right one', () => {
  test.each<[string, Parameters<typeof judgeClock>[0], ReturnType<typeof judgeClock>]>([
    ['nobody vouches', { systemOffsetMs: 0, ntp: 'unknown' }, undefined],
    ['NTP says no', { systemOffsetMs: 0, ntp: 'unsynchronized' }, undefined],
    ['NTP vouches', { systemOffsetMs: 7, ntp: 'synchronized' }, { source: 'ntp', offsetMs: 7 }],
    ['NTP vouched once', { systemOffsetMs: 7, ntp: 'was-synchronized' }, { source: 'ntp', offsetMs: 7 }],
    [
      'NTP vouched once, and somebody moved the clock since',
      { systemOffsetMs: -hourMs, ntp: 'was-synchronized', held: { source: 'ntp', offsetMs: 7 } },
      { source: 'ntp', offsetMs: 7 },
    ],
    ['both vouch', { systemOffsetMs: 1_500, ntp: 'synchronized', service }, { source: 'ntp', offsetMs: 1_500 }],
    [
      'the service says almost the same',
      { systemOffsetMs: 1_500, ntp: 'unknown', service },
      { source: 'service', offsetMs: 800 },
    ],
    [
      'the service says the same',
      { systemOffsetMs: 300, ntp: 'unsynchronized', service },
      { source: 'service', offsetMs: 300 },
    ],
    [
      'the clock is in 1970',
      { systemOffsetMs: -trueMs, ntp: 'unknown', service },
      { source: 'service', offsetMs: 300 },
    ],
    [
      'NTP vouches for another hour than the service',
      { systemOffsetMs: hourMs, ntp: 'synchronized', service },
      { source: 'service', offsetMs: 300 },
    ],
    [
      'the clock was moved while nobody can be asked',
      { systemOffsetMs: hourMs, ntp: 'unsynchronized', held: { source: 'service', offsetMs: 42 } },
      { source: 'service', offsetMs: 42 },
    ],
    [
      'the clock was moved, and the service confirms what is held',
      { systemOffsetMs: -hourMs, ntp: 'unknown', service, held: { source: 'service', offsetMs: 42 } },
      { source: 'service', offsetMs: 42 },
    ],
    [
      'NTP set it while the service is away',
      { systemOffsetMs: 5, ntp: 'synchronized', held: { source: 'service', offsetMs: hourMs } },
      { source: 'ntp', offsetMs: 5 },
    ],
  ])('%s', (_, evidence, verdict) => {
    expect(judgeClock(evidence)).toEqual(verdict);
  });
});

test('forty answers with whole seconds tell the service’s time to half a second, through drift', () => {
  const random = seededRandom(7);
  let known: ReturnType<typeof narrowed> | undefined;
  for (let answer = 0; answer < 40; answer++) {
    const sentMonotonicMs = answer * 300_000 + random() * 1000;
    const answeredMs = sentMonotonicMs + 20;
    const dateMs = Math.floor((trueMs + answeredMs * 1.000_05) / 1000) * 1000;
    known = narrowed(known, { dateMs, sentMonotonicMs, receivedMonotonicMs: sentMonotonicMs + 40 });
    const offsetMs = trueMs + answeredMs * 0.000_05;
    expect(known.fromMs).toBeLessThanOrEqual(offsetMs + 1);
    expect(known.toMs).toBeGreaterThanOrEqual(offsetMs - 1);
  }
  expect((known?.toMs ?? 0) - (known?.fromMs ?? 0)).toBeLessThan(500);
});

test('a service whose clock was set begins anew', () => {
  const before = narrowed(undefined, { dateMs: trueMs, sentMonotonicMs: 0, receivedMonotonicMs: 10 });
  const after = narrowed(before, { dateMs: trueMs + hourMs, sentMonotonicMs: 1000, receivedMonotonicMs: 1010 });
  expect(after.fromMs).toBe(trueMs + hourMs - 1010);
});

describe('the machine is asked', () => {
  const probe = (answers: Record<string, string>, file = false): NtpProbe => ({
    run: async program => answers[program],
    exists: async () => file,
  });
  test.each<[string, NtpProbe, NtpState]>([
    ['systemd says yes', probe({ timedatectl: 'yes\n' }), 'synchronized'],
    ['systemd says no', probe({ timedatectl: 'no\n', chronyc: 'Leap status     : Normal' }, true), 'unsynchronized'],
    ['chrony is right', probe({ chronyc: 'Stratum : 3\nLeap status     : Normal\n' }), 'synchronized'],
    ['chrony is not there yet', probe({ chronyc: 'Leap status     : Not synchronised\n' }), 'unsynchronized'],
    ['only a file of systemd is there', probe({}, true), 'was-synchronized'],
    ['there is nobody to ask', probe({}), 'unknown'],
    ['the words are others', probe({ timedatectl: 'Unknown property' }), 'unknown'],
  ])('%s', async (_, answers, state) => {
    expect(await readNtp(answers)).toBe(state);
  });

  test('a program that is missing, fails or hangs is no answer', async () => {
    expect(await machineNtp.run('kvs-edge-no-such-program', [])).toBeUndefined();
    expect(await machineNtp.run('false', [])).toBeUndefined();
    const startedMs = performance.now();
    expect(await machineNtp.run('sleep', ['60'])).toBeUndefined();
    // No minute, as the program would take.
    expect(performance.now() - startedMs).toBeLessThan(40_000);
    await expect.poll(() => machineNtp.run('echo', ['$HOME'])).toBe('$HOME\n');
  });
});

async function answering(headers: Record<string, string>, status = 404) {
  const server = createServer((_, response) => {
    response.sendDate = false;
    response.writeHead(status, headers).end();
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
    },
  };
}

const date = { date: new Date(trueMs).toUTCString() };
const never = new AbortController().signal;

describe('the service’s Date', () => {
  test('comes with any answer, also a refusal', async () => {
    await using server = await answering(date, 403);
    expect(await askServiceDate(server.url, new SimulatedClock(), never)).toMatchObject({ dateMs: trueMs });
  });

  test.each([
    ['without a Date', {}],
    ['with a Date that is none', { date: 'yesterday' }],
    ['from a cache', { ...date, age: '3000' }],
  ])('is not taken %s', async (_, headers) => {
    await using server = await answering(headers);
    expect(await askServiceDate(server.url, new SimulatedClock(), never)).toBeUndefined();
  });

  test('is waited for five seconds', async () => {
    const silent = createServer(() => {});
    await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve));
    const clock = new SimulatedClock();
    const asked = askServiceDate(`http://127.0.0.1:${(silent.address() as AddressInfo).port}`, clock, never);
    await clock.advance(5_000);
    expect(await asked).toBeUndefined();
    silent.closeAllConnections();
    silent.close();
  });

  test('is asked of the settings’ endpoint, or of the region’s control plane', () => {
    expect(dateUrl({ region: 'eu-west-1' })).toBe('https://kinesisvideo.eu-west-1.amazonaws.com/');
    expect(dateUrl({ region: 'cn-north-1' })).toBe('https://kinesisvideo.cn-north-1.amazonaws.com.cn/');
    expect(dateUrl({ region: 'eu-west-1', endpoint: 'http://127.0.0.1:4600' })).toBe('http://127.0.0.1:4600');
  });
});

test('a device that boots in 1970 knows the time from the first answer, and setting its clock changes nothing after', async () => {
  const machine = new SimulatedClock(3_000);
  const clock = new TrustedClock(machine);
  const told: Fact[] = [];
  const facts = new Facts(error => expect.fail(String(error)));
  facts.subscribe(fact => told.push(fact));
  const stop = new AbortController();
  const noNtp: NtpProbe = { run: async () => undefined, exists: async () => false };
  const watch = (url: string) => new ClockWatch({ clock, ntp: noNtp, url, facts, signal: stop.signal });

  await watch('http://127.0.0.1:1').look();
  expect(clock.state()).toEqual({ trusted: false });
  expect(isProvisional(clock.nowMs())).toBe(true);

  await machine.advance(600_000);
  await using server = await answering(date);
  const good = watch(server.url);
  await good.look();
  expect(Math.abs(clock.nowMs() - trueMs)).toBeLessThanOrEqual(1000);
  expect(clock.state()).toMatchObject({ trusted: true, source: 'service' });
  const before = clock.nowMs();
  for (const wallMs of [0, trueMs - hourMs, trueMs + hourMs]) {
    machine.setWall(wallMs);
    expect(clock.nowMs()).toBe(before);
  }
  await good.look();
  expect(clock.nowMs()).toBe(before);
  expect(told.map(fact => fact.type)).toEqual(['clock.untrusted', 'clock.trusted']);
  stop.abort();
});

test('who waits for the time is told at once when it is known, or when the agent ends', async () => {
  const clock = new TrustedClock(new SimulatedClock());
  const stop = new AbortController();
  const ended = clock.trusted(stop.signal).catch(error => error);
  const reason = new Error('the agent ends');
  stop.abort(reason);
  expect(await ended).toBe(reason);
  const known = clock.trusted(never);
  clock.trust({ source: 'ntp', offsetMs: trueMs });
  await known;
  await clock.trusted(never);
});

test('wall time comes in whole milliseconds, as databases and file names take it, though the monotonic clock does not', () => {
  const machine = new SimulatedClock(trueMs);
  const clock = new TrustedClock({
    nowMs: () => machine.nowMs(),
    monotonicMs: () => machine.monotonicMs() + 0.25,
    sleep: (ms, signal) => machine.sleep(ms, signal),
    after: (ms, callback) => machine.after(ms, callback),
  });
  expect(Number.isInteger(clock.nowMs())).toBe(true);
  clock.trust({ source: 'service', offsetMs: trueMs + 0.4 });
  expect(Number.isInteger(clock.nowMs())).toBe(true);
  expect(Math.abs(clock.nowMs() - trueMs)).toBeLessThanOrEqual(1);
});
