// What a disk that fails, a stream that goes and a producer that is odd leave behind of a PutMedia session.
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { Agent } from 'node:http';
import { join } from 'node:path';
import { DeleteStreamCommand, DescribeStreamCommand } from '@aws-sdk/client-kinesis-video';
import { expect, test } from 'vitest';
import { folderName } from '../../agent/local-cloud/store/stream-records.ts';
import { element, uintBytes } from '../../agent/matroska/ebml.ts';
import { ids } from '../../agent/matroska/elements.ts';
import { writeClusterStart, writeHeader, writeTags } from '../../agent/matroska/write.ts';
import { controlClient, manualClock, testCloud } from './control-cloud.ts';
import { cluster, putMedia, startMs, videoTrack } from './ingest-producer.ts';
import { createStream, upload } from './stored-media.ts';

const header = writeHeader([videoTrack]);
const types = (acks: { EventType: string }[]) => acks.map(({ EventType }) => EventType);

test('a session whose leftovers cannot be removed is over all the same, and the next one is taken', async () => {
  await using running = await testCloud();
  const { url } = running.cloud;
  await createStream(url, 'cam');
  const folder = join(running.dataDir, 'streams', folderName('cam'));
  const first = await putMedia(url);
  await first.send(header, cluster(startMs));
  await first.until('BUFFERING');
  const unfinished = join(folder, (await readdir(folder)).find(name => name.endsWith('.part')) ?? '');
  // A folder in the file's place, which nothing here removes.
  await rm(unfinished);
  await mkdir(unfinished);
  first.request.destroy();
  expect(await upload(url, [header, cluster(startMs + 2000)])).toHaveLength(1);
});

test('a connection that is used again after an error is not broken off for the session before', async () => {
  const clock = manualClock(startMs);
  await using running = await testCloud({ clock });
  const { url } = running.cloud;
  await createStream(url, 'cam', { atMs: startMs });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const first = await putMedia(url, { atMs: startMs, agent });
  await first.send(header, cluster(startMs), cluster(startMs));
  await first.until('ERROR');
  expect(await first.end()).toEqual([]);
  const second = await putMedia(url, { atMs: startMs, agent });
  expect(second.request.reusedSocket).toBe(true);
  await second.send(header, cluster(startMs + 1000));
  await second.until('BUFFERING');
  clock.advance(2000);
  expect(types(await second.end())).toEqual(['RECEIVED', 'PERSISTED']);
  agent.destroy();
});

test('what follows a fragment that could not be kept is not kept either, however it arrived', async () => {
  await using running = await testCloud();
  const { url } = running.cloud;
  await createStream(url, 'cam');
  const folder = join(running.dataDir, 'streams', folderName('cam'));
  const producer = await putMedia(url);
  await producer.send(header, cluster(startMs));
  await producer.until('BUFFERING');
  const unfinished = join(folder, (await readdir(folder)).find(name => name.endsWith('.part')) ?? '');
  await rm(unfinished);
  // In one piece, so that what follows has arrived before the failure is known.
  await producer.send(...[1, 2, 3, 4].map(second => cluster(startMs + second * 1000, 1)));
  const acks = await producer.until('ERROR');
  expect(types(acks)).not.toContain('PERSISTED');
  expect(acks.at(-1)).toMatchObject({ ErrorCode: 'ARCHIVAL_ERROR', FragmentTimecode: startMs });
  await running.restart();
  expect((await readdir(folder)).filter(name => name.endsWith('.mkv'))).toEqual([]);
});

test('a cluster that names its time twice is refused, and nothing is stored that nobody can read', async () => {
  await using running = await testCloud();
  const { url } = running.cloud;
  await createStream(url, 'cam');
  const producer = await putMedia(url);
  const again = element(ids.timecode, uintBytes(startMs + 1000, 8));
  const later = cluster(startMs + 1000).subarray(writeClusterStart(startMs).length);
  await producer.send(header, cluster(startMs), again, later);
  const acks = await producer.end();
  expect(acks.at(-1)).toMatchObject({ EventType: 'ERROR', ErrorCode: 'INVALID_MKV_DATA' });
  expect(types(acks).filter(type => type === 'BUFFERING')).toHaveLength(1);
});

test('the mark of the end of a fragment is not kept, also where it stands beside other tags', async () => {
  await using running = await testCloud();
  const { url } = running.cloud;
  await createStream(url, 'cam');
  const tags = writeTags([
    { name: 'AWS_KINESISVIDEO_END_OF_FRAGMENT', value: '' },
    { name: 'door', value: 'open' },
  ]);
  await upload(url, [header, cluster(startMs), tags, cluster(startMs + 1000)]);
  const folder = join(running.dataDir, 'streams', folderName('cam'));
  const files = (await readdir(folder)).filter(name => name.endsWith('.mkv')).sort();
  const [, second] = await Promise.all(files.map(file => readFile(join(folder, file), 'latin1')));
  expect(second).toContain('door');
  expect(second).not.toContain('END_OF_FRAGMENT');
});

test('a fragment that waited for its turn while its stream was made anew is not given to the new one', async () => {
  const clock = manualClock(startMs);
  await using running = await testCloud({ clock, quotas: new Set(['PutMediaFragments']) });
  const { url } = running.cloud;
  // A client takes the time from each answer's date; these are told it.
  const control = () => controlClient(url, undefined, startMs);
  await createStream(url, 'cam', { atMs: startMs });
  const producer = await putMedia(url, { atMs: startMs });
  await producer.send(header, ...[0, 1, 2, 3, 4, 5].map(second => cluster(startMs + second * 1000, 1)));
  // Five begin in a second, and the sixth is held up.
  for (let fragment = 0; fragment < 5; fragment++) await producer.until('PERSISTED');
  const { StreamInfo } = await control().send(new DescribeStreamCommand({ StreamName: 'cam' }));
  await control().send(new DeleteStreamCommand({ StreamARN: StreamInfo?.StreamARN }));
  clock.advance(1);
  await createStream(url, 'cam', { atMs: startMs });
  clock.advance(1000);
  expect((await producer.end()).at(-1)).toMatchObject({ ErrorCode: 'STREAM_NOT_ACTIVE' });
  expect(await readdir(join(running.dataDir, 'streams', folderName('cam')))).toEqual(['stream.json']);
});
