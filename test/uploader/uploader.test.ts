// The uploader against a service that misbehaves on schedule. Lost and twice are counted by the service.
import { rm } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Clock, systemClock } from '../../agent/clock.ts';
import { SimulatedClock } from '../simulated-clock.ts';
import { audio, madeFragment, madeFragments, video } from '../spool/parts.ts';
import { fastClock } from './fast-clock.ts';
import { passUntil, Scene, until } from './scene.ts';
import { type Script, ScriptedService } from './scripted-service.ts';

const startMs = 1_795_420_701_007;
const starts = (count: number) => Array.from({ length: count }, (_, index) => startMs + index * 200);

let service: ScriptedService;
let clock: Clock;
let scene: Scene;

beforeEach(async () => {
  service = await ScriptedService.start();
  clock = fastClock(20);
  scene = await Scene.open({ endpoint: service.url, clock });
});
afterEach(async () => {
  await scene[Symbol.asyncDispose]();
  await service[Symbol.asyncDispose]();
});

/** What the service has, in the order it came. */
const stored = () => service.stored.map(fragment => fragment.startMs);

test('waiting fragments go out in order, in one request with the headers PutMedia asks for', async () => {
  await scene.write(madeFragments(startMs, 5));
  scene.start();
  await scene.allPersisted();
  expect(stored()).toEqual(starts(5));
  const [session] = service.sessions;
  expect(session?.headers).toMatchObject({
    'x-amzn-stream-name': 'front-door',
    'x-amzn-fragment-timecode-type': 'ABSOLUTE',
    'x-amzn-producer-start-timestamp': '1795420701.007',
    'x-amzn-fragment-acknowledgment-required': '1',
    'transfer-encoding': 'chunked',
  });
  expect(session?.segments).toEqual([[video]]);
  expect(session?.fragments.map(fragment => fragment.frames.length)).toEqual(Array(5).fill(5));
  expect(service.putMediaRequests).toBe(1);
  expect(scene.of('fragment.persisted').map(fact => fact.fragmentNumber)).toEqual(
    service.stored.map(fragment => fragment.fragmentNumber),
  );
});

test('a fragment recorded later follows on the same connection, each completed by an END_OF_FRAGMENT tag', async () => {
  scene.start();
  for (let index = 0; index < 3; index++) {
    await scene.write(madeFragments(startMs + index * 200, 1));
    await scene.allPersisted();
  }
  expect(stored()).toEqual(starts(3));
  expect(service.sessions).toHaveLength(1);
  expect(service.sessions[0]?.tagNames).toEqual(Array(3).fill('AWS_KINESISVIDEO_END_OF_FRAGMENT'));
});

test('a connection without fragments is ended cleanly before the service would, and a new one opened when needed', async () => {
  scene.start();
  await scene.write(madeFragments(startMs, 1));
  await until(() => service.sessions[0]?.endedCleanly === true);
  expect(scene.pauses).toEqual([]);
  await scene.write(madeFragments(startMs + 200, 1));
  await scene.allPersisted();
  expect(service.sessions).toHaveLength(2);
  expect(stored()).toEqual(starts(2));
});

test('acks that come glued, byte by byte and between rubbish are all understood', async () => {
  service.scripts = [
    {
      onFragment(fragment, session) {
        const FragmentNumber = session.store(fragment);
        const acks = ['BUFFERING', 'RECEIVED', 'PERSISTED']
          .map(type => session.ack(type, fragment.startMs, { FragmentNumber }).trim())
          .join('');
        if (fragment.startMs === startMs) session.send(acks);
        else for (const byte of Buffer.from(`<html>"{\n${acks} }}garbage{"\n`)) session.send(Uint8Array.of(byte));
      },
    },
  ];
  await scene.write(madeFragments(startMs, 4));
  scene.start();
  await scene.allPersisted();
  expect(service.sessions).toHaveLength(1);
  expect(scene.of('ack.received').filter(ack => ack.eventType === 'PERSISTED')).toHaveLength(4);
});

describe('nothing lost, nothing twice', () => {
  const misbehaviours: Record<string, Script> = {
    'drops in the middle of a fragment': {
      onFrame: (at, session) => at === startMs + 400 && session.drop(),
    },
    'drops after it stored a fragment, before the ack': {
      onFragment: (fragment, session) => {
        if (fragment.startMs < startMs + 400) return session.persist(fragment);
        session.store(fragment);
        session.drop();
      },
    },
    'ends the connection without a word': {
      onFragment: (fragment, session) => {
        session.store(fragment);
        if (fragment.startMs === startMs + 400) session.drop();
      },
    },
    'reports an internal error of its own': {
      onFragment: (fragment, session) => {
        if (fragment.startMs < startMs + 400) session.persist(fragment);
        else session.refuse(fragment, 5000, 'INTERNAL_ERROR');
      },
    },
    'says that the session is too old': {
      onFragment: (fragment, session) => {
        session.persist(fragment);
        session.refuse(undefined, 4003, 'MAX_CONNECTION_DURATION_REACHED');
      },
    },
    'answers 500': { refuse: [500, 'InternalFailure'] },
    'answers 429': { refuse: [429, ''] },
    'answers 400 ClientLimitExceeded': { refuse: [400, 'ClientLimitExceededException'] },
  };

  test.each(Object.keys(misbehaviours))('when the service %s', async what => {
    service.scripts = [misbehaviours[what] ?? {}];
    // So slow that the wait is not over before it is told, on a busy machine either.
    await using patient = await Scene.open({ endpoint: service.url, clock: fastClock(4) });
    await patient.write(madeFragments(startMs, 5));
    patient.start();
    await patient.allPersisted();
    expect(stored().sort()).toEqual(starts(5));
    expect(patient.pauses).toHaveLength(1);
    expect(patient.spool.lostMs('cam')).toBe(0);
  });

  test('after a drop the upload goes on at the first fragment that is not persisted', async () => {
    service.scripts = [{ onFrame: (at, session) => at === startMs + 600 && session.drop() }];
    await scene.write(madeFragments(startMs, 6));
    scene.start();
    await scene.allPersisted();
    const firstOfSecond = service.sessions[1]?.fragments[0]?.startMs ?? 0;
    const persistedInFirst = service.sessions[0]?.fragments.map(fragment => fragment.startMs) ?? [];
    expect(firstOfSecond).toBe((persistedInFirst.at(-1) ?? 0) + 200);
    expect(stored()).toEqual(starts(6));
  });

  test.each([
    ['that is stored is looked up, and not sent again', true],
    ['that is not stored is looked up, and sent again', false],
  ])('while the camera runs, a fragment without its ack %s', async (_, isStored) => {
    const missedMs = startMs + 400;
    service.scripts = [
      {
        onFragment: (fragment, session) => {
          if (fragment.startMs !== missedMs) session.persist(fragment);
          else if (isStored) session.store(fragment);
        },
      },
    ];
    scene.start();
    let count = 0;
    while (service.sessions.length < 2 || !stored().includes(missedMs)) {
      await scene.write(madeFragments(startMs + count++ * 200, 1));
      await systemClock.sleep(5);
    }
    await scene.allPersisted();
    expect(stored().sort()).toEqual(starts(count));
    expect(service.sessions.map(({ endedCleanly }) => endedCleanly)[0]).toBe(true);
    expect(scene.pauses).toEqual([]);
  });

  test('a new start looks up what may have been sent, and sends only what is missing', async () => {
    await scene.write(madeFragments(startMs, 4));
    for (let record = scene.spool.nextWaiting('cam'); record; record = scene.spool.nextWaiting('cam', record.startMs))
      scene.spool.markSendBegun(record.id);
    service.stored.push({ startMs, fragmentNumber: '11' }, { startMs: startMs + 400, fragmentNumber: '13' });
    scene.start();
    await scene.allPersisted();
    expect(service.sessions.flatMap(session => session.fragments.map(fragment => fragment.startMs))).toEqual([
      startMs + 200,
      startMs + 600,
    ]);
    expect(scene.of('fragment.persisted').map(fact => fact.fragmentNumber)).toEqual(
      expect.arrayContaining(['11', '13']),
    );
  });

  test('nothing is sent while the look-up fails', async () => {
    await scene.write(madeFragments(startMs, 2));
    scene.spool.markSendBegun(scene.spool.nextWaiting('cam')?.id ?? 0);
    service.broken.set('listFragments', [500, 'InternalFailure']);
    scene.start();
    await until(() => scene.pauses.length >= 2);
    expect(service.putMediaRequests).toBe(0);
    service.broken.clear();
    await scene.allPersisted();
    expect(stored()).toEqual(starts(2));
  });

  test('a stop in mid-session waits for the last acks: nothing is doubtful afterwards', async () => {
    // So slow that the last acks are there before the agent gives them up, on a busy machine either.
    await using patient = await Scene.open({ endpoint: service.url, clock: fastClock(1) });
    await patient.write(madeFragments(startMs, 3));
    patient.start();
    await until(() => service.sessions.length === 1);
    await patient.stop();
    expect(patient.spool.doubtful('cam', 10)).toEqual([]);
    expect(service.sessions[0]?.endedCleanly).toBe(true);
    patient.start();
    await patient.allPersisted();
    expect(stored()).toEqual(starts(3));
    expect(service.calls).not.toContain('listFragments');
  });

  test('fragments whose files vanished are passed over without ending the session', async () => {
    await scene.write(madeFragments(startMs, 5));
    for (const index of [0, 2, 3]) await rm(`${scene.dir}/cam/${startMs + index * 200}.mkv`);
    scene.start();
    await scene.allPersisted();
    expect(stored()).toEqual([startMs + 200, startMs + 800]);
    expect(service.sessions).toHaveLength(1);
    expect(scene.pauses).toEqual([]);
    expect(scene.spool.lostMs('cam')).toBe(600);
  });
});

describe('a fragment that is refused for good', () => {
  test.each([
    [4001, 'MAX_FRAGMENT_SIZE_REACHED', true],
    [4004, 'FRAGMENT_TIMECODE_LESSER_THAN_PREVIOUS', true],
    [4006, 'INVALID_MKV_DATA', true],
    [4006, 'INVALID_MKV_DATA', false],
    [4011, 'FRAMES_MISSING_FOR_TRACK', true],
  ])('by %i %s (named: %s) is set aside with its reason, and the next one goes on', async (id, code, named) => {
    service.scripts = [
      {
        onFragment(fragment, session) {
          if (fragment.startMs === startMs + 200) session.refuse(named ? fragment : undefined, id, code);
          else session.persist(fragment);
        },
      },
    ];
    await scene.write(madeFragments(startMs, 4));
    scene.start();
    await scene.allPersisted();
    expect(stored()).toEqual([startMs, startMs + 400, startMs + 600]);
    const [rejected] = scene.of('fragment.rejected');
    expect(rejected).toMatchObject({ startMs: startMs + 200, error: { code: 'service-rejected-fragment' } });
    expect(scene.spool.spans('cam', startMs, startMs + 400)).toEqual([
      { startMs, endMs: startMs + 200, at: 'cloud' },
      { startMs: startMs + 200, endMs: startMs + 400, at: 'lost', reason: rejected?.error.message },
    ]);
  });
});

describe('sessions', () => {
  test('other codec data begin a new session with its own header, in order', async () => {
    const other = { ...video, codecPrivate: Uint8Array.of(1, 0x64, 0, 0x28, 0xff, 0xe0, 0) };
    await scene.write([
      ...madeFragments(startMs, 2),
      ...madeFragments(startMs + 400, 2, { tracks: [other] }),
      ...madeFragments(startMs + 800, 1),
    ]);
    scene.start();
    await scene.allPersisted();
    expect(service.sessions.map(session => session.segments)).toEqual([[[video]], [[other]], [[video]]]);
    expect(service.sessions.slice(0, 2).map(session => session.endedCleanly)).toEqual([true, true]);
    expect(stored()).toEqual(starts(5));
    expect(scene.pauses).toEqual([]);
  });

  test('a track without frames is left out of the header, which the service would refuse', async () => {
    await scene.write(madeFragment({ startMs, tracks: [video, audio] }));
    scene.start();
    await scene.allPersisted();
    expect(service.sessions[0]?.segments).toEqual([[video]]);
  });

  test('with nothing confirmed no more than 32 fragments are sent', async () => {
    const begun = new Set<number>();
    service.scripts = [
      {
        onFragment: (fragment, session) => session.send(session.ack('BUFFERING', fragment.startMs)),
        onFrame: at => begun.add(at),
      },
    ];
    await using patient = await Scene.open({ endpoint: service.url, clock: fastClock(2) });
    await patient.write(madeFragments(startMs, 40, { frames: 1 }));
    patient.start();
    await until(() => begun.size === 32);
    await new Promise(resolve => setTimeout(resolve, 100));
    expect(begun.size).toBe(32);
    service.sessions[0]?.drop();
    await patient.allPersisted();
    expect(stored()).toEqual(starts(40));
  });

  test('a stream without retention confirms with RECEIVED and is never asked for its fragments', async () => {
    service.retentionHours = 0;
    service.scripts = [
      { onFragment: (fragment, session) => fragment.startMs === startMs && session.drop() },
      { onFragment: (fragment, session) => session.send(session.ack('RECEIVED', fragment.startMs)) },
    ];
    await scene.write(madeFragments(startMs, 3));
    scene.start();
    await scene.allPersisted();
    expect(service.calls).not.toContain('listFragments');
  });
});

test('a session is renewed before 40 minutes, cleanly: every fragment once and in order', async () => {
  const clock = new SimulatedClock();
  await using long = await Scene.open({ endpoint: service.url, clock, random: () => 0 });
  long.start();
  const everyMs = 15_000;
  for (let passedMs = 0; passedMs < 45 * 60_000; passedMs += everyMs) {
    await long.write(
      madeFragment({ startMs: startMs + passedMs, nextStartMs: startMs + passedMs + everyMs, frames: 1 }),
    );
    const endMs = clock.monotonicMs() + everyMs;
    await passUntil(clock, () => long.spool.waiting('cam').fragments === 0);
    await clock.advance(endMs - clock.monotonicMs());
  }
  expect(service.sessions).toHaveLength(2);
  expect(service.sessions[0]?.endedCleanly).toBe(true);
  expect(long.pauses).toEqual([]);
  const sentInFirst = service.sessions[0]?.fragments.length ?? 0;
  expect(sentInFirst * everyMs).toBeLessThan(40 * 60_000);
  expect(sentInFirst * everyMs).toBeGreaterThan(35 * 60_000);
  expect(stored()).toEqual(Array.from({ length: (45 * 60_000) / everyMs }, (_, index) => startMs + index * everyMs));
});
