// GetMedia and GetMediaForFragmentList, as AWS's clients, ffprobe and mkvinfo see them.
import { getEventListeners } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { DeleteStreamCommand, DescribeStreamCommand } from '@aws-sdk/client-kinesis-video';
import { GetMediaForFragmentListCommand, ListFragmentsCommand } from '@aws-sdk/client-kinesis-video-archived-media';
import { GetMediaCommand, type StartSelector } from '@aws-sdk/client-kinesis-video-media';
import { expect, test } from 'vitest';
import { getMedia } from '../../agent/local-cloud/get-media/route.ts';
import { startOf } from '../../agent/local-cloud/get-media/start-selector.ts';
import { MediaPaces } from '../../agent/local-cloud/quotas/media-paces.ts';
import type { SignedRequest } from '../../agent/local-cloud/route.ts';
import type { FragmentQuery, MediaStore } from '../../agent/local-cloud/store/media-store.ts';
import { writeHeader } from '../../agent/matroska/write.ts';
import { archiveClient, awsCli, controlClient, manualClock, testCloud } from './control-cloud.ts';
import { startStage } from './hls-stage.ts';
import { cluster, fragments, probe, putMedia, record, startMs, videoTrack } from './ingest-producer.ts';
import { addFragment } from './stage-store.ts';
import {
  createStream,
  fragmentsOf,
  isWhole,
  mediaClient,
  numbersOf,
  relayTo,
  run,
  type Sent,
  upload,
  uploadAt,
} from './stored-media.ts';

const times = [0, 1, 2, 3].map(second => startMs + second * 1000);
const refusal = (name: string) => expect.objectContaining({ name });

async function get(url: string, StartSelector: StartSelector) {
  return (await mediaClient(url).send(new GetMediaCommand({ StreamName: 'cam', StartSelector }))).Payload;
}

test('every start selector begins where KVS would', async () => {
  await using running = await testCloud();
  const { url } = running.cloud;
  await createStream(url, 'cam');
  const numbers = await uploadAt(url, times);
  const archive = await archiveClient(url).send(
    new ListFragmentsCommand({
      StreamName: 'cam',
      FragmentSelector: {
        FragmentSelectorType: 'PRODUCER_TIMESTAMP',
        TimestampRange: { StartTimestamp: new Date(startMs), EndTimestamp: new Date(startMs + 10_000) },
      },
    }),
  );
  const arrivedAt = archive.Fragments?.[2]?.ServerTimestamp;
  const firstAtThatTime = archive.Fragments?.findIndex(
    ({ ServerTimestamp }) => +(ServerTimestamp ?? 0) === +(arrivedAt ?? 0),
  );
  const at = (ms: number) => ({ StartSelectorType: 'PRODUCER_TIMESTAMP' as const, StartTimestamp: new Date(ms) });
  const cases: [StartSelector, number][] = [
    [{ StartSelectorType: 'EARLIEST' }, 0],
    [{ StartSelectorType: 'NOW' }, 3],
    [{ StartSelectorType: 'FRAGMENT_NUMBER', AfterFragmentNumber: numbers[1] }, 2],
    [{ StartSelectorType: 'CONTINUATION_TOKEN', ContinuationToken: numbers[0] }, 1],
    [at(startMs + 1000), 1],
    [at(startMs + 1300), 1],
    // Between two fragments: the next one.
    [at(startMs + 1800), 2],
    [at(startMs - 1_000_000), 0],
  ];
  for (const [selector, first] of cases) {
    const sent = await fragmentsOf(await get(url, selector), numbers.length - first);
    expect(numbersOf(sent), JSON.stringify(selector)).toEqual(numbers.slice(first));
  }
  // By server time the fragments lie within milliseconds of each other, so the latest that had begun is taken.
  const byServer = await fragmentsOf(
    await get(url, { StartSelectorType: 'SERVER_TIMESTAMP', StartTimestamp: arrivedAt }),
    1,
  );
  expect(numbers.indexOf(numbersOf(byServer)[0] ?? '')).toBeGreaterThanOrEqual(firstAtThatTime ?? Infinity);
  expect(running.problems).toEqual([]);
});

test('each fragment has its number, times, distance from now and the token to go on with', async () => {
  const clock = manualClock(startMs + 60_000);
  await using running = await testCloud({ clock });
  const { url } = running.cloud;
  const signedAt = Date.now();
  await createStream(url, 'cam', { atMs: clock.nowMs() });
  const numbers = await upload(url, [writeHeader([videoTrack]), ...times.map(ms => cluster(ms))], {
    atMs: clock.nowMs(),
  });
  clock.advance(15_858);
  const client = mediaClient(url);
  client.config.systemClockOffset = clock.nowMs() - signedAt;
  const { Payload, ContentType } = await client.send(
    new GetMediaCommand({ StreamName: 'cam', StartSelector: { StartSelectorType: 'EARLIEST' } }),
  );
  expect(ContentType).toBe('video/webm');
  const [first] = await fragmentsOf(Payload, 1);
  expect(first).toEqual({
    frames: 5,
    tags: {
      AWS_KINESISVIDEO_FRAGMENT_NUMBER: numbers[0],
      AWS_KINESISVIDEO_SERVER_TIMESTAMP: `${(startMs + 60_000) / 1000}.000`,
      AWS_KINESISVIDEO_PRODUCER_TIMESTAMP: `${startMs / 1000}.000`,
      AWS_KINESISVIDEO_MILLIS_BEHIND_NOW: '15858',
      AWS_KINESISVIDEO_CONTINUATION_TOKEN: numbers[0],
    },
  });
});

test('a reader of an empty stream gets what arrives, until the stream is deleted', async () => {
  await using running = await testCloud();
  const { url } = running.cloud;
  await createStream(url, 'cam');
  const [now, earliest] = await Promise.all([
    get(url, { StartSelectorType: 'NOW' }),
    get(url, { StartSelectorType: 'EARLIEST' }),
  ]);
  const taken: Sent[][] = [[], []];
  const reading = [now, earliest].map((payload, index) => fragmentsOf(payload, Infinity, taken[index]));
  const producer = await putMedia(url);
  const numbers: string[] = [];
  await producer.send(writeHeader([videoTrack]), cluster(startMs));
  for (const ms of times.slice(1)) {
    await producer.send(cluster(ms));
    numbers.push((await producer.until('PERSISTED')).at(-1)?.FragmentNumber ?? '');
  }
  numbers.push(
    ...(await producer.end()).filter(ack => ack.EventType === 'PERSISTED').map(ack => ack.FragmentNumber ?? ''),
  );
  const control = controlClient(url);
  const { StreamInfo } = await control.send(new DescribeStreamCommand({ StreamName: 'cam' }));
  // The stream's end is the answer's end; let both readers have taken the last fragment first.
  await expect.poll(() => taken.map(sent => sent.filter(isWhole).length)).toEqual([numbers.length, numbers.length]);
  await control.send(new DeleteStreamCommand({ StreamARN: StreamInfo?.StreamARN }));
  for (const sent of await Promise.all(reading)) expect(numbersOf(sent)).toEqual(numbers);
  expect(running.problems).toEqual([]);
});

test('a stream without retention can be read along, though nothing is in its archive', async () => {
  await using running = await testCloud();
  const { url } = running.cloud;
  await createStream(url, 'cam', { retentionHours: 0 });
  const producer = await putMedia(url);
  await producer.send(writeHeader([videoTrack]), ...times.map(ms => cluster(ms)));
  const acks = await producer.end();
  const numbers = acks.filter(ack => ack.EventType === 'RECEIVED').map(ack => ack.FragmentNumber ?? '');
  const sent = await fragmentsOf(await get(url, { StartSelectorType: 'EARLIEST' }), numbers.length);
  expect(numbersOf(sent)).toEqual(numbers);
  await expect(
    archiveClient(url).send(new GetMediaForFragmentListCommand({ StreamName: 'cam', Fragments: numbers })),
  ).rejects.toThrow(refusal('InvalidArgumentException'));
});

test('what cannot begin is refused by the name KVS has for it', async () => {
  await using running = await testCloud();
  const { url } = running.cloud;
  await createStream(url, 'cam');
  await uploadAt(url, times.slice(0, 1));
  const refused: [Partial<StartSelector>, string][] = [
    [{ StartSelectorType: 'FRAGMENT_NUMBER' }, 'InvalidArgumentException'],
    [{ StartSelectorType: 'FRAGMENT_NUMBER', AfterFragmentNumber: 'x' }, 'InvalidArgumentException'],
    [{ StartSelectorType: 'PRODUCER_TIMESTAMP' }, 'InvalidArgumentException'],
    [{ StartSelectorType: 'CONTINUATION_TOKEN' }, 'InvalidArgumentException'],
    [{ StartSelectorType: 'CONTINUATION_TOKEN', ContinuationToken: 'stale' }, 'InvalidArgumentException'],
    [{}, 'InvalidArgumentException'],
  ];
  for (const [selector, name] of refused)
    await expect(get(url, selector as StartSelector), JSON.stringify(selector)).rejects.toThrow(refusal(name));
  const none = new GetMediaCommand({ StreamName: 'none', StartSelector: { StartSelectorType: 'NOW' } });
  await expect(mediaClient(url).send(none)).rejects.toThrow(refusal('ResourceNotFoundException'));
  // A number that is not kept is only found out once the answer has begun.
  const lost = await get(url, { StartSelectorType: 'FRAGMENT_NUMBER', AfterFragmentNumber: '1'.repeat(47) });
  expect(await fragmentsOf(lost)).toEqual([
    {
      frames: 0,
      tags: { AWS_KINESISVIDEO_ERROR_CODE: 'FRAGMENT_NOT_FOUND', AWS_KINESISVIDEO_ERROR_ID: '4000' },
    },
  ]);
});

test('a stream has three readers at most, and a place is free again when one goes', async () => {
  await using running = await testCloud();
  const { url } = running.cloud;
  await createStream(url, 'cam');
  const open = () => get(url, { StartSelectorType: 'NOW' });
  const readers = [await open(), await open(), await open()];
  await expect(open()).rejects.toThrow(refusal('ConnectionLimitExceededException'));
  (readers[0] as NodeJS.ReadableStream & { destroy(): void }).destroy();
  await expect
    .poll(() =>
      open().then(
        () => 'open',
        () => 'refused',
      ),
    )
    .toBe('open');
});

test('a reader that takes nothing holds no more than a fragment, and leaves nothing behind', async () => {
  await using running = await testCloud();
  const { url } = running.cloud;
  await createStream(url, 'cam');
  const big = (ms: number) => {
    const small = cluster(ms, 1);
    return Buffer.concat([small, ...Array.from({ length: 8 }, (_, index) => largeBlock(index + 1))]);
  };
  await upload(url, [
    writeHeader([videoTrack]),
    ...Array.from({ length: 8 }, (_, index) => big(startMs + index * 1000)),
  ]);
  globalThis.gc?.();
  const before = process.memoryUsage().arrayBuffers;
  const stalled = await get(url, { StartSelectorType: 'EARLIEST' });
  await delay(500);
  const grownBytes = process.memoryUsage().arrayBuffers - before;
  // Eight fragments of 8 MB are stored; what the kernel's sockets take is not counted here.
  expect(grownBytes).toBeLessThan(40_000_000);
  (stalled as NodeJS.ReadableStream & { destroy(): void }).destroy();
  expect(running.problems).toEqual([]);
});

/** A SimpleBlock of one megabyte, `index` × 10 ms after its cluster. */
function largeBlock(index: number): Uint8Array {
  const bytes = 1_000_000;
  const head = Buffer.from([0xa3, 0x01, 0, 0, 0, 0, 0, 0, 0, 0x81, 0, index * 10, 0]);
  head.writeUIntBE(bytes + 4, 3, 6);
  return Buffer.concat([head, Buffer.alloc(bytes, 7)]);
}

test('ffprobe and mkvinfo read what the AWS CLI and the SDK were sent', async () => {
  await using running = await testCloud();
  const { url } = running.cloud;
  await createStream(url, 'cam');
  const { header, clusters } = fragments(await record(3), startMs);
  const numbers = await upload(url, [header, ...clusters]);
  expect(numbers).toHaveLength(3);
  const fromCli = join(running.dataDir, 'cli.mkv');
  await using relay = await relayTo(url);
  const cli = awsCli(
    relay.url,
    ...['kinesis-video-media', 'get-media', '--stream-name', 'cam'],
    ...['--start-selector', 'StartSelectorType=EARLIEST', fromCli],
  );
  const { Payload } = await archiveClient(url).send(
    new GetMediaForFragmentListCommand({ StreamName: 'cam', Fragments: numbers }),
  );
  const fromSdk = join(running.dataDir, 'sdk.mkv');
  await writeFile(fromSdk, (await Payload?.transformToByteArray()) ?? '');
  await relay.saw(`AWS_KINESISVIDEO_CONTINUATION_TOKEND\x87\xaf${numbers[2]}`);
  await running.cloud.close();
  expect(await cli).toMatchObject({ ContentType: 'video/webm' });
  for (const file of [fromCli, fromSdk]) {
    const seen = await probe(file);
    expect(seen).toMatchObject({ videoFrames: 75, keyFrameFirst: true });
    // Each fragment is a segment of its own, as KVS sends them: ffmpeg says so and reads on.
    expect(seen.errors.replaceAll(/.*unknown-length element with ID 0x18538067.*\n/g, '')).toBe('');
    expect(seen.audioFrames).toBeGreaterThan(110);
  }
  // mkvinfo stops at a second segment, so it gets the first one: whole, and without a warning.
  const sent = await readFile(fromCli);
  const first = join(running.dataDir, 'first.mkv');
  await writeFile(first, sent.subarray(0, sent.indexOf(Buffer.of(0x1a, 0x45, 0xdf, 0xa3), 1)));
  const { stdout } = await run('mkvinfo', ['--all', first]);
  const tags = [...stdout.matchAll(/Name: AWS_KINESISVIDEO_(\w+)/g)].map(match => match[1]);
  const identity = ['FRAGMENT_NUMBER', 'SERVER_TIMESTAMP', 'PRODUCER_TIMESTAMP'];
  expect(tags).toEqual([...identity, 'MILLIS_BEHIND_NOW', 'CONTINUATION_TOKEN']);
  expect(stdout.split(numbers[0] ?? '')).toHaveLength(3);
});

test('a list of fragments comes in its own order, and a number of another stream is refused', async () => {
  await using running = await testCloud();
  const { url } = running.cloud;
  await createStream(url, 'cam');
  await createStream(url, 'other');
  const numbers = await uploadAt(url, times);
  const foreign = await uploadAt(url, times.slice(0, 1), 'other');
  const list = async (Fragments: string[]) =>
    (await archiveClient(url).send(new GetMediaForFragmentListCommand({ StreamName: 'cam', Fragments }))).Payload;
  const wanted = [numbers[2] ?? '', numbers[0] ?? ''];
  // More often than there may be answers at a time: each gives its place back.
  for (let count = 0; count < 6; count++) expect(numbersOf(await fragmentsOf(await list(wanted)))).toEqual(wanted);
  const sent = await fragmentsOf(await list(wanted));
  expect(sent.every(({ tags }) => !('AWS_KINESISVIDEO_CONTINUATION_TOKEN' in tags))).toBe(true);
  for (const odd of [foreign, ['1'], [], Array.from({ length: 1001 }, () => numbers[0] ?? '')])
    await expect(list(odd)).rejects.toThrow(refusal('InvalidArgumentException'));
});

test('a reader that waits for fragment after fragment leaves nothing behind for each of them', async () => {
  const clock = manualClock(startMs);
  await using stage = await startStage(clock);
  await stage.addStream('cam');
  const { store } = stage;
  const media = getMedia({
    store,
    clock,
    random: () => 0,
    url: '',
    paces: new MediaPaces({ names: new Set(), clock }),
  });
  const gone = new AbortController();
  const body = Buffer.from(JSON.stringify({ StreamName: 'cam', StartSelector: { StartSelectorType: 'EARLIEST' } }));
  if (media.route.signed !== true) throw new TypeError('GetMedia is signed');
  const answer = await media.route.handle({ body, gone: gone.signal } as unknown as SignedRequest);
  const reading = (answer.body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
  const listeners: number[] = [];
  for (let fragment = 0; fragment < 20; fragment++) {
    const next = reading.next();
    await addFragment(store, { stream: 'cam' });
    await next;
    // What follows the fragment.
    await reading.next();
    listeners.push(getEventListeners(gone.signal, 'abort').length);
  }
  expect(listeners.at(-1)).toBe(listeners[0]);
  gone.abort();
  expect((await reading.next()).done).toBe(true);
});

test('a start by the time of arrival is found among thousands of fragments that came in one burst', () => {
  const arrivals = Array.from({ length: 5000 }, (_, place) => place * 3);
  const store = {
    fragment: () => undefined,
    fragments: ({ fromMs, toMs, limit, after }: FragmentQuery) =>
      arrivals
        .filter(ms => ms >= fromMs && ms <= toMs && (after === undefined || ms > after.ms))
        .slice(0, limit)
        .map(ms => ({ serverMs: ms, producerMs: ms, number: `${ms}`, lengthMs: 0, frames: 1, tracks: [videoTrack] })),
  } as unknown as MediaStore;
  const found = (by: 'SERVER_TIMESTAMP' | 'PRODUCER_TIMESTAMP', atMs: number) => {
    const start = startOf('cam', { StartSelectorType: by, StartTimestamp: atMs }, store);
    return 'first' in start ? start.first(store)?.serverMs : start;
  };
  expect([found('SERVER_TIMESTAMP', 14_000), found('PRODUCER_TIMESTAMP', 9001)]).toEqual([13_998, 9000]);
});
