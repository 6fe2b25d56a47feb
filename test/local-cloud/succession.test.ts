// Several PutMedia connections of one stream: which of them is the producer's, and from when on.

import { ListFragmentsCommand } from '@aws-sdk/client-kinesis-video-archived-media';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { FragmentTaker, Session } from '../../agent/local-cloud/put-media/session.ts';
import { Succession } from '../../agent/local-cloud/put-media/succession.ts';
import { writeHeader, writeTags } from '../../agent/matroska/write.ts';
import { archiveClient, type TestCloud, testCloud } from './control-cloud.ts';
import { cluster, type Producer, putMedia, startMs, videoTrack } from './ingest-producer.ts';
import { createStream } from './stored-media.ts';

const header = writeHeader([videoTrack]);
const endOfFragment = writeTags([{ name: 'AWS_KINESISVIDEO_END_OF_FRAGMENT', value: '' }]);

const types = (acks: { EventType: string }[]) => acks.map(({ EventType }) => EventType);

async function listed({ cloud }: TestCloud) {
  const TimestampRange = { StartTimestamp: new Date(0), EndTimestamp: new Date('2100-01-01') };
  const FragmentSelector = { FragmentSelectorType: 'PRODUCER_TIMESTAMP', TimestampRange } as const;
  const asked = new ListFragmentsCommand({ StreamName: 'cam', FragmentSelector });
  return (await archiveClient(cloud.url).send(asked)).Fragments;
}

describe('of two connections to a stream', () => {
  let running: TestCloud;
  let older: Producer;
  let newer: Producer;
  beforeEach(async () => {
    running = await testCloud();
    await createStream(running.cloud.url, 'cam');
    older = await putMedia(running.cloud.url);
    await older.send(header, cluster(startMs), cluster(startMs + 1000));
    expect(types(await older.take(4)).sort()).toEqual(['BUFFERING', 'BUFFERING', 'PERSISTED', 'RECEIVED']);
    newer = await putMedia(running.cloud.url);
  });
  afterEach(async () => {
    expect(running.problems).toEqual([]);
    await running[Symbol.asyncDispose]();
  });

  test('the older one goes on until the newer one has begun a fragment, and completes its own', async () => {
    await older.send(cluster(startMs + 2000));
    expect(types(await older.take(3)).sort()).toEqual(['BUFFERING', 'PERSISTED', 'RECEIVED']);
    await newer.send(header, cluster(startMs + 3000));
    await newer.until('BUFFERING');
    expect(types(await older.end())).toEqual(['RECEIVED', 'PERSISTED']);
    expect(types(await newer.end())).toEqual(['RECEIVED', 'PERSISTED']);
    expect(await listed(running)).toHaveLength(4);
  });

  test('the older one is over before its next fragment', async () => {
    await newer.send(header, cluster(startMs + 2000));
    await newer.until('BUFFERING');
    await older.send(cluster(startMs + 3000));
    expect(types(await older.until('PERSISTED'))).toEqual(['RECEIVED', 'PERSISTED']);
    expect(await older.next()).toBeUndefined();
    expect(types(await newer.end())).toEqual(['RECEIVED', 'PERSISTED']);
    expect(await listed(running)).toHaveLength(3);
  });

  test('the older one is over when the newer one has completed a fragment', async () => {
    await newer.send(header, cluster(startMs + 2000), endOfFragment);
    expect(types(await newer.until('PERSISTED'))).toEqual(['BUFFERING', 'RECEIVED', 'PERSISTED']);
    expect(await older.next()).toBeUndefined();
    await newer.end();
    expect(await listed(running)).toHaveLength(2);
  });

  test('both are over when the server stops', async () => {
    await newer.send(header, cluster(startMs + 2000));
    await newer.until('BUFFERING');
    await running.cloud.close();
    expect(await older.next()).toBeUndefined();
    expect(await newer.next()).toBeUndefined();
  });
});

test('of more connections to a stream than one producer ever needs the oldest ends', async () => {
  await using running = await testCloud();
  await createStream(running.cloud.url, 'cam');
  const producers: Producer[] = [];
  for (let count = 0; count < 6; count++) producers.push(await putMedia(running.cloud.url));
  expect(await producers[0]?.next()).toBeUndefined();
  await producers[1]?.send(header, cluster(startMs));
  expect(types((await producers[1]?.end()) ?? [])).toEqual(['BUFFERING', 'RECEIVED', 'PERSISTED']);
});

test('a newer connection is refused where the server is set so', async () => {
  await using running = await testCloud({ connectionPolicy: 'refuse' });
  await createStream(running.cloud.url, 'cam');
  const older = await putMedia(running.cloud.url);
  const newer = await putMedia(running.cloud.url);
  expect([newer.response.statusCode, newer.response.headers['x-amzn-errortype']]).toEqual([
    400,
    'ConnectionLimitExceededException',
  ]);
  await older.send(header, cluster(startMs));
  expect(types(await older.end())).toEqual(['BUFFERING', 'RECEIVED', 'PERSISTED']);
});

test('a connection that comes while the server stops is over at once', async () => {
  const succession = new Succession();
  await succession.close();
  const { promise: done, resolve } = Promise.withResolvers<void>();
  const stop = vi.fn(() => resolve());
  const store = {} as FragmentTaker;
  const running = succession.run('cam', store, () => ({ stop, done }) as unknown as Session);
  expect(stop).toHaveBeenCalledWith('closing');
  await running;
});
