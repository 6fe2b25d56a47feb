// KVS's quotas of media as it flows: nobody is refused, everybody is held up. The server's clock moves when it is told to.
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { GetMediaForFragmentListCommand } from '@aws-sdk/client-kinesis-video-archived-media';
import { GetMediaCommand } from '@aws-sdk/client-kinesis-video-media';
import { describe, expect, test } from 'vitest';
import { parseQuotas } from '../../agent/local-cloud/quotas/choice.ts';
import { BytePace, CountPace } from '../../agent/local-cloud/quotas/pace.ts';
import { writeHeader, writeTags } from '../../agent/matroska/write.ts';
import { seededRandom } from '../../scripts/fuzz/seeded-random.ts';
import { archiveClient, type ManualClock, manualClock, type TestCloud, testCloud } from './control-cloud.ts';
import {
  cluster,
  clusterOf,
  type Producer,
  picture,
  putMedia,
  startMs,
  videoTrack,
  type WireAck,
} from './ingest-producer.ts';
import { createStream, fragmentsOf, mediaClient, numbersOf, upload } from './stored-media.ts';

const header = writeHeader([videoTrack]);

async function limited(quotas: string): Promise<TestCloud & { clock: ManualClock; url: string }> {
  const choice = parseQuotas(quotas);
  if ('unknown' in choice) throw new Error(choice.unknown);
  const clock = manualClock(Date.now());
  const running = await testCloud({ clock, quotas: choice.names });
  await createStream(running.cloud.url, 'cam', { atMs: clock.nowMs() });
  return Object.assign(running, { clock, url: running.cloud.url });
}

/** A fragment of one picture with so many bytes. */
const sized = (atMs: number, bytes: number) =>
  clusterOf(atMs, [picture(atMs, { data: new Uint8Array(bytes).fill(9) })]);

const turn = () => new Promise(resolve => setTimeout(resolve, 2));

describe('a pace', () => {
  test.each([1, 2])('of bytes keeps any stretch of time to its rate and a tenth of a second (%i)', async seed => {
    const random = seededRandom(seed);
    const clock = manualClock(0);
    const pace = new BytePace(clock, 1000);
    const passed: { atMs: number; bytes: number }[] = [];
    for (let step = 0; step < 400; step++) {
      const bytes = 1 + Math.floor(random() * 90);
      let isThrough = false;
      const taking = pace.take(bytes).then(() => {
        isThrough = true;
      });
      await Promise.resolve();
      await Promise.resolve();
      while (!isThrough) {
        clock.advance(1);
        await Promise.resolve();
        await Promise.resolve();
      }
      await taking;
      passed.push({ atMs: clock.monotonicMs(), bytes });
      if (random() < 0.1) clock.advance(Math.floor(random() * 500));
    }
    for (let from = 0; from < passed.length; from++) {
      let sum = 0;
      for (const { atMs, bytes } of passed.slice(from)) {
        sum += bytes;
        expect(sum).toBeLessThanOrEqual(100 + 90 + (atMs - (passed[from]?.atMs ?? 0)) + 1e-6);
      }
    }
  });

  test('of a count lets so many through in any second, and is left at once by who stops', async () => {
    const clock = manualClock(0);
    const pace = new CountPace(clock, 5);
    const passedMs: number[] = [];
    const all = Array.from({ length: 17 }, () => pace.take().then(() => passedMs.push(clock.monotonicMs())));
    for (let ms = 0; ms < 4000; ms += 10) {
      await turnOfMicrotasks();
      clock.advance(10);
    }
    await Promise.all(all);
    expect(passedMs).toHaveLength(17);
    for (const [index, atMs] of passedMs.entries())
      expect(atMs - (passedMs[index - 5] ?? -1000)).toBeGreaterThanOrEqual(1000);
    expect(passedMs.at(-1)).toBeLessThan(3100);
    const stopped = new AbortController();
    const waiting = Promise.all(Array.from({ length: 6 }, () => pace.take(stopped.signal)));
    stopped.abort();
    await waiting;
  });
});

async function turnOfMicrotasks(): Promise<void> {
  for (let count = 0; count < 5; count++) await Promise.resolve();
}

/** What holds somebody up lasts no longer at a time; how long the server waits for the silent is another matter. */
const longestHoldMs = 1000;

/**
 * Lets the server's time pass in small steps until the work is done, while somebody is held up: what the machine needs for
 * the rest of the work takes none of it. How long that was for the server.
 */
async function timed(
  clock: ManualClock,
  work: Promise<unknown>,
  everyStep: (passedMs: number) => void = () => undefined,
) {
  const beganMs = clock.monotonicMs();
  let isDone = false;
  const done = work.finally(() => {
    isDone = true;
  });
  while (!isDone) {
    await turn();
    everyStep(clock.monotonicMs() - beganMs);
    if (!isDone && clock.dueInMs <= longestHoldMs) clock.advance(10);
  }
  await done;
  return clock.monotonicMs() - beganMs;
}

async function sent(producer: Producer, ...pieces: Uint8Array[]): Promise<WireAck[]> {
  await producer.send(...pieces);
  return producer.end();
}

describe('PutMedia', () => {
  test('12.5 MB a second of a stream: the connection is read no faster, and a new one brings no new burst', async () => {
    await using cloud = await limited('PutMediaBandwidth');
    const upload5 = async () => {
      const producer = await putMedia(cloud.url, { atMs: cloud.clock.nowMs() });
      const atMs = startMs;
      return timed(
        cloud.clock,
        sent(producer, header, ...Array.from({ length: 5 }, (_, i) => sized(atMs + i * 2000, 1_000_000))),
      );
    };
    expect(await upload5()).toBeGreaterThanOrEqual(((5_000_000 - 1_250_000) / 12_500_000) * 1000);
    const again = await upload5();
    expect(again).toBeGreaterThanOrEqual(300);
  });

  test('five fragments a second begin, and none is lost', async () => {
    await using cloud = await limited('PutMediaFragments');
    const producer = await putMedia(cloud.url, { atMs: cloud.clock.nowMs() });
    let acks: WireAck[] = [];
    const all = Array.from({ length: 17 }, (_, index) => cluster(startMs + index * 2000));
    const sending = sent(producer, header, ...all).then(got => {
      acks = got;
    });
    const passedMs = await timed(cloud.clock, sending);
    expect(acks.filter(({ EventType }) => EventType === 'PERSISTED')).toHaveLength(17);
    expect(acks.filter(({ EventType }) => EventType === 'ERROR' || EventType === 'IDLE')).toEqual([]);
    expect(passedMs).toBeGreaterThanOrEqual(3000);
  });

  test('who is held up for long is not taken for silent, and gives way to the next connection', async () => {
    await using cloud = await limited('PutMediaFragments');
    const producer = await putMedia(cloud.url, { atMs: cloud.clock.nowMs() });
    // All in one read: 40 seconds' worth.
    await producer.send(header, ...Array.from({ length: 200 }, (_, index) => cluster(startMs + index * 2000, 1)));
    await producer.until('PERSISTED');
    for (let ms = 0; ms < 35_000; ms += 100) {
      cloud.clock.advance(100);
      if (ms % 1000 === 0) await turn();
    }
    const next = await putMedia(cloud.url, { atMs: cloud.clock.nowMs() });
    await next.send(header, cluster(startMs + 400_000), cluster(startMs + 402_000));
    let rest: WireAck[] = [];
    const ending = producer.end().then(got => {
      rest = got;
    });
    expect(await timed(cloud.clock, ending)).toBeLessThan(2000);
    expect(rest.filter(({ EventType }) => EventType === 'IDLE' || EventType === 'ERROR')).toEqual([]);
    next.request.destroy();
  });

  test('a fragment of less than a second gets MIN_FRAGMENT_DURATION_REACHED and is not stored', async () => {
    await using cloud = await limited('PutMediaFragmentDuration');
    const times = [0, 1000, 2500, 3499, 5000].map(ms => startMs + ms);
    const producer = await putMedia(cloud.url, { atMs: cloud.clock.nowMs() });
    const acks = await sent(producer, header, ...times.map(ms => cluster(ms)));
    expect(acks.filter(({ EventType }) => EventType === 'PERSISTED')).toHaveLength(2);
    expect(acks.at(-1)).toMatchObject({
      ...{ EventType: 'ERROR', ErrorCode: 'MIN_FRAGMENT_DURATION_REACHED', ErrorId: 0 },
      FragmentTimecode: startMs + 2500,
    });
    producer.request.destroy();
  });

  test('the last of a session, one before a pause and one of a second exactly are taken; tags do not hide a short one', async () => {
    await using cloud = await limited('PutMediaFragmentDuration');
    const end = writeTags([{ name: 'AWS_KINESISVIDEO_END_OF_FRAGMENT', value: '' }]);
    const place = writeTags([{ name: 'place', value: 'door' }]);
    const persisted = async (...pieces: Uint8Array[]) => {
      const producer = await putMedia(cloud.url, { atMs: cloud.clock.nowMs() });
      const acks = await sent(producer, header, ...pieces);
      producer.request.destroy();
      return [acks.filter(({ EventType }) => EventType === 'PERSISTED').length, acks.at(-1)?.ErrorCode];
    };
    const at = (ms: number) => cluster(startMs + ms);
    expect(await persisted(at(0), at(1000))).toEqual([2, undefined]);
    expect(await persisted(at(0), end, at(600), at(1600))).toEqual([3, undefined]);
    expect(await persisted(at(0), place, at(600))).toEqual([1, 'MIN_FRAGMENT_DURATION_REACHED']);
  });

  test('without the quota short fragments are taken', async () => {
    await using cloud = await limited('off');
    expect(
      await upload(cloud.url, [header, cluster(startMs, 2), cluster(startMs + 300, 2)], { atMs: cloud.clock.nowMs() }),
    ).toHaveLength(2);
  });
});

describe('readers', () => {
  async function stored(quotas: string, count: number, bytes: number) {
    const cloud = await limited(quotas);
    const pieces = Array.from({ length: count }, (_, index) => sized(startMs + index * 2000, bytes));
    const numbers = await upload(cloud.url, [header, ...pieces], { atMs: cloud.clock.nowMs() });
    return Object.assign(cloud, { numbers });
  }

  const readable = (payload: unknown) => {
    if (!(payload instanceof Readable)) throw new TypeError('payload must be a stream');
    return payload;
  };

  async function media(url: string, clock: ManualClock) {
    const client = mediaClient(url);
    client.config.systemClockOffset = clock.nowMs() - Date.now();
    const StartSelector = { StartSelectorType: 'EARLIEST' } as const;
    return readable((await client.send(new GetMediaCommand({ StreamName: 'cam', StartSelector }))).Payload);
  }

  async function list(url: string, Fragments: string[]) {
    const command = new GetMediaForFragmentListCommand({ StreamName: 'cam', Fragments });
    return readable((await archiveClient(url).send(command)).Payload);
  }

  test.each(['GetMedia', 'GetMediaForFragmentList'])('%s: 25 MB a second of a connection', async operation => {
    await using cloud = await stored(`${operation}Bandwidth`, 6, 2_500_000);
    const payload =
      operation === 'GetMedia' ? await media(cloud.url, cloud.clock) : await list(cloud.url, cloud.numbers);
    let received = 0;
    const all = new Promise<void>(resolve => {
      payload.on('data', chunk => {
        received += chunk.length;
        if (received >= 15_000_000) resolve();
      });
    });
    const passedMs = await timed(cloud.clock, all, ms =>
      expect(received).toBeLessThanOrEqual(2_500_000 + 262_144 + ms * 25_000),
    );
    expect(passedMs).toBeGreaterThanOrEqual(490);
    expect(passedMs).toBeLessThan(2000);
    payload.destroy();
  });

  test('GetMedia: five fragments a second of a connection; another one has its own', async () => {
    await using cloud = await stored('GetMediaFragments', 12, 300);
    const [one, two] = [await media(cloud.url, cloud.clock), await media(cloud.url, cloud.clock)];
    const passedMs = await timed(
      cloud.clock,
      Promise.all(
        [one, two].map(async payload => expect(numbersOf(await fragmentsOf(payload, 12))).toEqual(cloud.numbers)),
      ),
    );
    expect(passedMs).toBeGreaterThanOrEqual(2000);
    expect(passedMs).toBeLessThan(3500);
  });

  test('a client that leaves while it is held up gives its place back', async () => {
    await using cloud = await stored('GetMediaFragments', 12, 300);
    for (let round = 0; round < 4; round++) {
      const payload = await media(cloud.url, cloud.clock);
      await once(payload, 'data');
      const closed = once(payload, 'close');
      payload.destroy();
      await closed;
      await turn();
    }
    const payload = await media(cloud.url, cloud.clock);
    expect((await fragmentsOf(payload, 5)).length).toBeGreaterThanOrEqual(5);
  });
});
