// What KVS takes from a producer up to its limits, in every form Matroska has for it, and how arrivals are numbered.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ListFragmentsCommand } from '@aws-sdk/client-kinesis-video-archived-media';
import { describe, expect, test } from 'vitest';
import { folderName } from '../../agent/local-cloud/store/stream-records.ts';
import { element, uintBytes, uintElement } from '../../agent/matroska/ebml.ts';
import { ids } from '../../agent/matroska/elements.ts';
import { MatroskaReader } from '../../agent/matroska/read.ts';
import { writeHeader, writeTags } from '../../agent/matroska/write.ts';
import { archiveClient, manualClock, type TestCloud, testCloud } from './control-cloud.ts';
import type { WireAck } from './ingest-producer.ts';
import { audioTrack, cluster, clusterOf, picture, putMedia, startMs, videoTrack } from './ingest-producer.ts';
import { createStream, upload, uploadAt } from './stored-media.ts';

const header = writeHeader([videoTrack]);
const endOfFragment = writeTags([{ name: 'AWS_KINESISVIDEO_END_OF_FRAGMENT', value: '' }]);
const relative = { 'x-amzn-fragment-timecode-type': 'RELATIVE' };

async function running(): Promise<TestCloud> {
  const cloud = await testCloud();
  await createStream(cloud.cloud.url, 'cam');
  return cloud;
}

async function send({ cloud }: TestCloud, body: readonly Uint8Array[], headers = {}): Promise<WireAck[]> {
  const producer = await putMedia(cloud.url, { headers });
  await producer.send(...body);
  return producer.end();
}

async function listed({ cloud }: TestCloud) {
  const TimestampRange = { StartTimestamp: new Date(0), EndTimestamp: new Date(253_402_300_799_999) };
  const FragmentSelector = { FragmentSelectorType: 'PRODUCER_TIMESTAMP' as const, TimestampRange };
  const command = new ListFragmentsCommand({ StreamName: 'cam', FragmentSelector });
  return (await archiveClient(cloud.url).send(command)).Fragments ?? [];
}

/** Per stored fragment, in order of arrival: the times of its frames and the lengths of their data. */
async function stored({ dataDir }: TestCloud): Promise<{ times: number[]; lengths: number[]; tags: string[] }[]> {
  const folder = join(dataDir, 'streams', folderName('cam'));
  const files = (await readdir(folder)).filter(file => file.endsWith('.mkv')).sort();
  return Promise.all(
    files.map(async file => {
      const events = [...new MatroskaReader().push(await readFile(join(folder, file)))];
      const frames = events.flatMap(event => (event.type === 'frame' ? [event.frame] : []));
      const tags = events.flatMap(event => (event.type === 'tags' ? event.tags : []));
      return {
        times: frames.map(({ timecodeMs }) => timecodeMs),
        lengths: frames.map(({ data }) => data.length),
        tags: tags.map(({ name }) => name).filter(name => !name.startsWith('AWS')),
      };
    }),
  );
}

const count = (acks: readonly WireAck[], type: string) => acks.filter(({ EventType }) => EventType === type).length;

describe('KVS takes', () => {
  const three = [videoTrack, audioTrack, { ...audioTrack, number: 3 }];
  const manyTags = Array.from({ length: 10 }, (_, index) => ({
    name: `${index}`.padEnd(128, 'n'),
    value: 'v'.repeat(256),
  }));
  const heavy = Array.from({ length: 6 }, (_, index) =>
    picture(startMs + index, { data: new Uint8Array(8_333_000), keyFrame: index === 0 }),
  );
  test.each<{ what: string; body: Uint8Array[]; kept?: number; headers?: Record<string, string> }>([
    { what: 'ten tags with the longest names and values', body: [header, writeTags(manyTags), cluster(startMs)] },
    {
      what: 'the tags of its own that a producer may send',
      body: [
        header,
        writeTags(
          ['IMAGE_GENERATION', 'IMAGE_PREFIX', 'NOTIFICATION'].map(name => ({
            name: `AWS_KINESISVIDEO_${name}`,
            value: '',
          })),
        ),
        cluster(startMs),
      ],
    },
    {
      what: 'a mark of the end of a fragment beside ten tags',
      body: [header, writeTags(manyTags), cluster(startMs), endOfFragment],
    },
    {
      what: 'three tracks',
      body: [
        writeHeader(three),
        clusterOf(
          startMs,
          [1, 2, 3].map(trackNumber => picture(startMs, { trackNumber })),
        ),
      ],
    },
    { what: 'a fragment of 20 s', body: [header, clusterOf(startMs, [picture(startMs), picture(startMs + 20_000)])] },
    { what: 'a fragment of almost 50 MB', body: [header, clusterOf(startMs, heavy)] },
    { what: 'a fragment of one frame', body: [header, clusterOf(startMs, [picture(startMs)])] },
    { what: 'fragments a millisecond apart', body: [header, cluster(startMs, 1), cluster(startMs + 1, 1)], kept: 2 },
    { what: 'a time of 1970', body: [header, cluster(0)] },
    { what: 'a time that is still to come', body: [header, cluster(Date.UTC(2100, 0))] },
    {
      what: 'the last millisecond of the year 9999',
      body: [header, clusterOf(253_402_300_799_999, [picture(253_402_300_799_999)])],
    },
    {
      what: 'a session that started at 0',
      body: [header, cluster(1000)],
      headers: { ...relative, 'x-amzn-producer-start-timestamp': '0' },
    },
  ])('$what', async ({ body, kept = 1, headers = {} }) => {
    await using cloud = await running();
    const acks = await send(cloud, body, headers);
    expect(acks.filter(({ EventType }) => EventType === 'ERROR')).toEqual([]);
    expect(count(acks, 'PERSISTED')).toBe(kept);
    expect(await listed(cloud)).toHaveLength(kept);
  });
});

describe('in any form of Matroska', () => {
  const block = (data: Uint8Array, relativeMs = 0, flags = 0x80) =>
    Buffer.concat([Uint8Array.of(0x81, relativeMs >> 8, relativeMs & 0xff, flags), data]);
  const frame = (size: number, relativeMs = 0, flags = 0x80) =>
    element(ids.simpleBlock, block(new Uint8Array(size).fill(7), relativeMs, flags));
  const timecode = (ms: number) => element(ids.timecode, uintBytes(ms, 8));
  const nothing = element(ids.void, new Uint8Array(9));
  const checksum = element(ids.crc32, new Uint8Array(4).fill(1));
  const cues = element(ids.cues, element(0xbb, uintElement(0xb3, 0)));
  const unknownSize = (...parts: Uint8Array[]) =>
    Buffer.concat([Uint8Array.of(0x1f, 0x43, 0xb6, 0x75, 0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), ...parts]);

  test.each<{ what: string; body: Uint8Array[]; times: number[][]; lengths?: number[][] }>([
    {
      what: 'clusters of known and of unknown size',
      body: [
        element(ids.cluster, timecode(0), frame(10), frame(11, 40, 0)),
        unknownSize(timecode(1000), frame(12), frame(13, 40, 0)),
        element(ids.cluster, timecode(2000), frame(14)),
      ],
      times: [[0, 40], [1000, 1040], [2000]],
    },
    {
      what: 'checksums, empty space and cues in between',
      body: [
        nothing,
        element(
          ids.cluster,
          checksum,
          timecode(0),
          element(ids.position, uintBytes(0, 1)),
          nothing,
          frame(10),
          nothing,
        ),
        cues,
        nothing,
        unknownSize(timecode(1000), element(ids.prevSize, uintBytes(9, 1)), frame(11), nothing, frame(12, 40, 0)),
        cues,
      ],
      times: [[0], [1000, 1040]],
    },
    {
      what: 'blocks in groups, the key frame first',
      body: [
        unknownSize(
          timecode(0),
          element(ids.blockGroup, element(ids.block, block(new Uint8Array(10), 0, 0)), uintElement(0x9b, 40)),
          element(
            ids.blockGroup,
            element(ids.block, block(new Uint8Array(11), 40, 0)),
            uintElement(ids.referenceBlock, 40),
          ),
        ),
      ],
      times: [[0, 40]],
      lengths: [[10, 11]],
    },
  ])('$what', async ({ body, times, lengths }) => {
    await using cloud = await running();
    const acks = await send(cloud, [header, ...body], relative);
    expect(acks.filter(({ EventType }) => EventType === 'ERROR')).toEqual([]);
    const fragments = await stored(cloud);
    expect(fragments.map(fragment => fragment.times)).toEqual(times);
    if (lengths) expect(fragments.map(fragment => fragment.lengths)).toEqual(lengths);
  });

  test('frames laced into one block are taken apart', async () => {
    await using cloud = await running();
    const sound = { ...audioTrack, number: 1 };
    const lacings = {
      xiph: Buffer.concat([Uint8Array.of(2, 10, 20), new Uint8Array(60)]),
      fixed: Buffer.concat([Uint8Array.of(2), new Uint8Array(90)]),
      ebml: Buffer.concat([Uint8Array.of(2, 0x80 | 10, 0xc9), new Uint8Array(60)]),
    };
    const blocks = [block(lacings.xiph, 0, 0x82), block(lacings.fixed, 200, 0x84), block(lacings.ebml, 400, 0x86)].map(
      data => element(ids.simpleBlock, data),
    );
    const acks = await send(cloud, [writeHeader([sound]), unknownSize(timecode(0), ...blocks)], relative);
    expect(acks.filter(({ EventType }) => EventType === 'ERROR')).toEqual([]);
    expect((await stored(cloud)).map(({ lengths }) => lengths)).toEqual([[10, 20, 30, 30, 30, 30, 10, 20, 30]]);
  });
});

test('the tags before a cluster are of its fragment, also when the body ends after others', async () => {
  await using cloud = await running();
  const tag = (name: string) => writeTags([{ name, value: 'x' }]);
  await send(cloud, [header, tag('first'), cluster(startMs), tag('second'), cluster(startMs + 1000), tag('late')]);
  expect((await stored(cloud)).map(({ tags }) => tags)).toEqual([['first'], ['second']]);
});

test('sessions that overlap, repeat or go back in time are all kept, numbered as they arrive', async () => {
  await using cloud = await running();
  const { url } = cloud.cloud;
  const seconds = (...list: number[]) =>
    uploadAt(
      url,
      list.map(second => startMs + second * 1000),
    );
  const first = await seconds(10, 11, 12);
  const repeated = await seconds(11, 12, 13);
  const earlier = await seconds(5, 6);
  const numbers = [...first, ...repeated, ...earlier];
  expect(numbers.toSorted()).toEqual(numbers);
  const fragments = await listed(cloud);
  expect(fragments.map(({ ProducerTimestamp }) => (+(ProducerTimestamp ?? 0) - startMs) / 1000)).toEqual([
    ...[5, 6, 10, 11, 11, 12, 12, 13],
  ]);
  expect(fragments.map(({ FragmentNumber = '' }) => numbers.indexOf(FragmentNumber))).toEqual([6, 7, 0, 1, 3, 2, 4, 5]);
});

test('producer timestamps are kept to the millisecond', async () => {
  await using cloud = await running();
  // 0.001 and 0.007 have no exact binary form, and the C++ producer writes 701.007 as 701.7.
  for (const [text, ms] of [
    ['1795420701.001', 1],
    ['1795420702.0070', 1007],
    ['1795420703.9996', 2999.6],
    ['1795420705.7', 4700],
  ] as const) {
    const headers = { ...relative, 'x-amzn-producer-start-timestamp': text };
    await send(cloud, [header, cluster(0)], headers);
    const times = (await listed(cloud)).map(({ ProducerTimestamp }) => +(ProducerTimestamp ?? 0));
    expect(times.at(-1), text).toBe(startMs + Math.round(ms));
  }
});

test('a clock that is set back does not reorder what arrives, unless it was far off', async () => {
  let setBackMs = 0;
  const clock = manualClock(startMs);
  const wrong = { ...clock, nowMs: () => clock.nowMs() - setBackMs };
  await using cloud = await testCloud({ clock: wrong });
  await createStream(cloud.cloud.url, 'cam', { atMs: startMs });
  const sendAt = async (second: number) => {
    const { url } = cloud.cloud;
    const atMs = wrong.nowMs();
    await upload(url, [header, cluster(startMs + second * 1000)], { atMs });
    const command = new ListFragmentsCommand({
      StreamName: 'cam',
      FragmentSelector: {
        FragmentSelectorType: 'PRODUCER_TIMESTAMP',
        TimestampRange: { StartTimestamp: new Date(startMs + second * 1000), EndTimestamp: new Date(startMs * 2) },
      },
    });
    const [fragment] = (await clientAt(url, atMs).send(command)).Fragments ?? [];
    return +(fragment?.ServerTimestamp ?? 0) - startMs;
  };
  expect(await sendAt(0)).toBe(0);
  clock.advance(10_000);
  expect(await sendAt(1)).toBe(10_000);
  setBackMs = 60_000;
  expect(await sendAt(2)).toBe(10_000);
  await cloud.restart();
  clock.advance(20_000);
  expect(await sendAt(3)).toBe(10_000);
  clock.advance(60_000);
  expect(await sendAt(4)).toBe(30_000);
  setBackMs = 24 * 3_600_000;
  expect(await sendAt(5)).toBe(90_000 - setBackMs);
});

function clientAt(url: string, atMs: number) {
  const client = archiveClient(url);
  client.config.systemClockOffset = atMs - Date.now();
  return client;
}
