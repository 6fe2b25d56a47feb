// PutMedia on real sockets: acknowledgements, what is kept, and what KVS refuses with which error.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { CreateStreamCommand, DeleteStreamCommand } from '@aws-sdk/client-kinesis-video';
import { ListFragmentsCommand } from '@aws-sdk/client-kinesis-video-archived-media';
import { describe, expect, test } from 'vitest';
import { folderName } from '../../agent/local-cloud/store/stream-records.ts';
import type { Track } from '../../agent/matroska/track.ts';
import { writeClusterStart, writeHeader, writeTags } from '../../agent/matroska/write.ts';
import type { TestCloud } from './control-cloud.ts';
import { archiveClient, awsCli, controlClient, keys, manualClock, testCloud } from './control-cloud.ts';
import type { ProducerOptions } from './ingest-producer.ts';
import {
  audioTrack,
  cluster,
  clusterOf,
  fragments,
  openRequest,
  picture,
  probe,
  putMedia,
  record,
  startMs,
  videoTrack,
} from './ingest-producer.ts';

const header = writeHeader([videoTrack]);
const endOfFragment = writeTags([{ name: 'AWS_KINESISVIDEO_END_OF_FRAGMENT', value: '' }]);

async function createStream({ cloud }: TestCloud, DataRetentionInHours = 1, atMs = Date.now()): Promise<string> {
  const client = controlClient(cloud.url, keys, atMs);
  return (await client.send(new CreateStreamCommand({ StreamName: 'cam', DataRetentionInHours }))).StreamARN ?? '';
}

async function listed({ cloud }: TestCloud) {
  const everything = { StartTimestamp: new Date(0), EndTimestamp: new Date('2100-01-01') };
  const { Fragments = [] } = await archiveClient(cloud.url).send(
    new ListFragmentsCommand({
      StreamName: 'cam',
      FragmentSelector: { FragmentSelectorType: 'PRODUCER_TIMESTAMP', TimestampRange: everything },
      MaxResults: 1000,
    }),
  );
  return Fragments;
}

async function filesOf({ dataDir }: TestCloud): Promise<string[]> {
  const folder = join(dataDir, 'streams', folderName('cam'));
  return (await readdir(folder)).filter(file => file !== 'stream.json').map(file => join(folder, file));
}

const types = (acks: { EventType: string }[]) => acks.map(({ EventType }) => EventType);

test('real video arrives whole: every frame decodes from files that play by themselves', async () => {
  await using running = await testCloud();
  await createStream(running);
  const recording = await record(4);
  const media = fragments(recording, startMs);
  const producer = await putMedia(running.cloud.url);
  expect(producer.response.statusCode).toBe(200);
  await producer.send(media.header, ...media.clusters);
  const acks = await producer.end();
  expect(acks.filter(({ EventType }) => EventType === 'PERSISTED')).toHaveLength(media.clusters.length);
  const files = (await filesOf(running)).sort();
  const probes = await Promise.all(files.map(probe));
  expect(probes.map(({ errors }) => errors).join('')).toBe('');
  expect(probes.every(({ keyFrameFirst }) => keyFrameFirst)).toBe(true);
  expect(probes.reduce((sum, { videoFrames }) => sum + videoFrames, 0)).toBe(100);
  const { stdout } = await promisify(execFile)('mkvinfo', ['--all', files[0] ?? '']);
  expect(stdout).toMatch(/AWS_KINESISVIDEO_FRAGMENT_NUMBER/);
  expect(stdout).toMatch(/Cluster timestamp: 498727:58:21/);
  const { stdout: packets } = await promisify(execFile)('ffprobe', [
    ...['-v', 'error', '-select_streams', 'v', '-show_entries', 'packet=pts', '-of', 'csv=p=0'],
    files[1] ?? '',
  ]);
  const pts = packets
    .trim()
    .split('\n')
    .map(row => Number.parseInt(row, 10));
  const sent = recording.frames.filter(({ trackNumber }) => trackNumber === 1).slice(25, 50);
  expect(pts).toEqual(sent.map(({ timecodeMs }) => startMs + timecodeMs));
});

test('each fragment is acknowledged as BUFFERING, RECEIVED, PERSISTED while the body is open', async () => {
  await using running = await testCloud();
  await createStream(running);
  const producer = await putMedia(running.cloud.url);
  await producer.send(header, cluster(startMs));
  expect(await producer.next()).toEqual({
    EventType: 'BUFFERING',
    FragmentTimecode: startMs,
    FragmentNumber: expect.stringMatching(/^9134385233318\d{34}$/),
  });
  expect(await listed(running)).toEqual([]);
  await producer.send(cluster(startMs + 1000));
  const acks = await producer.take(3);
  expect(types(acks).sort()).toEqual(['BUFFERING', 'PERSISTED', 'RECEIVED']);
  const persisted = acks.find(({ EventType }) => EventType === 'PERSISTED');
  expect(await listed(running)).toMatchObject([
    {
      FragmentNumber: persisted?.FragmentNumber,
      ProducerTimestamp: new Date(startMs),
      FragmentLengthInMilliseconds: 400,
    },
  ]);
  expect(types(await producer.end())).toEqual(['RECEIVED', 'PERSISTED']);
  expect(Math.max(...producer.pieceBytes)).toBeLessThanOrEqual(1024);
});

test('fragment numbers carry the counter and the server time as those of KVS do', async () => {
  await using running = await testCloud();
  await createStream(running);
  for (const offset of [0, 10_000]) {
    const producer = await putMedia(running.cloud.url);
    await producer.send(header, cluster(startMs + offset), cluster(startMs + offset + 1000));
    await producer.end();
    await running.restart();
  }
  const rows = (await listed(running)).map(({ FragmentNumber = '0', ServerTimestamp }) => ({
    counter: (BigInt(FragmentNumber) >> 92n) - 2n ** 64n,
    serverMs: Number((BigInt(FragmentNumber) & (2n ** 92n - 1n)) >> 28n) - (ServerTimestamp?.getTime() ?? 0),
  }));
  expect(rows).toEqual([1n, 2n, 3n, 4n].map(counter => ({ counter, serverMs: 0 })));
});

test('RELATIVE timecodes count from the producer start timestamp, also when it is written carelessly', async () => {
  await using running = await testCloud();
  await createStream(running);
  const producer = await putMedia(running.cloud.url, {
    headers: { 'x-amzn-fragment-timecode-type': 'RELATIVE', 'x-amzn-producer-start-timestamp': '1795420701.7' },
  });
  await producer.send(header, cluster(0), cluster(1500));
  const acks = await producer.end();
  expect(acks.filter(ack => ack.EventType === 'PERSISTED').map(ack => ack.FragmentTimecode)).toEqual([0, 1500]);
  const times = async () => (await listed(running)).map(({ ProducerTimestamp }) => ProducerTimestamp?.getTime());
  expect(await times()).toEqual([startMs + 700, startMs + 2200]);
  await running.restart();
  expect(await times()).toEqual([startMs + 700, startMs + 2200]);
});

test('END_OF_FRAGMENT completes the last fragment while the body stays open', async () => {
  await using running = await testCloud();
  await createStream(running);
  const producer = await putMedia(running.cloud.url);
  await producer.send(header, cluster(startMs), endOfFragment);
  expect(types(await producer.until('PERSISTED'))).toEqual(['BUFFERING', 'RECEIVED', 'PERSISTED']);
  await producer.send(cluster(startMs + 5000), endOfFragment);
  expect(types(await producer.until('PERSISTED'))).toEqual(['BUFFERING', 'RECEIVED', 'PERSISTED']);
  expect(await producer.end()).toEqual([]);
});

test('the tags of a fragment are kept in its file, before its cluster', async () => {
  await using running = await testCloud();
  await createStream(running);
  const producer = await putMedia(running.cloud.url);
  const tags = (value: string) => writeTags([{ name: 'door', value }]);
  await producer.send(header, tags('open'), cluster(startMs), tags('shut'), cluster(startMs + 1000), endOfFragment);
  await producer.end();
  const infos = await Promise.all(
    (await filesOf(running)).sort().map(async file => (await promisify(execFile)('mkvinfo', ['--all', file])).stdout),
  );
  expect(infos.map(info => /String: (open|shut)/.exec(info)?.[1])).toEqual(['open', 'shut']);
});

test('a body cut in mid-fragment keeps the fragments before it and nothing of that one', async () => {
  await using running = await testCloud();
  await createStream(running);
  const producer = await putMedia(running.cloud.url);
  await producer.send(header, cluster(startMs), cluster(startMs + 1000).subarray(0, 500));
  const acks = await producer.take(4);
  expect(types(acks).sort()).toEqual(['BUFFERING', 'BUFFERING', 'PERSISTED', 'RECEIVED']);
  expect(await filesOf(running)).toHaveLength(2);
  producer.request.destroy();
  await expect.poll(() => filesOf(running)).toHaveLength(1);
  await running.restart();
  expect((await listed(running)).map(({ FragmentNumber }) => FragmentNumber)).toEqual([acks[0]?.FragmentNumber]);
});

test('a Matroska file with sizes, cues and seek head is taken apart into fragments that play', async () => {
  await using running = await testCloud();
  await createStream(running);
  const file = join(running.dataDir, 'recorded.mkv');
  const source = ['-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=25:duration=3'];
  const codec = '-c:v libx264 -preset ultrafast -bf 0 -g 25 -pix_fmt yuv420p'.split(' ');
  await promisify(execFile)('ffmpeg', ['-v', 'error', ...source, ...codec, file]);
  const producer = await putMedia(running.cloud.url, { headers: { 'x-amzn-fragment-timecode-type': 'RELATIVE' } });
  await producer.send(await readFile(file));
  const acks = await producer.end();
  expect(acks.filter(({ EventType }) => EventType === 'ERROR')).toEqual([]);
  const probes = await Promise.all((await filesOf(running)).map(probe));
  expect(probes.reduce((sum, { videoFrames }) => sum + videoFrames, 0)).toBe(75);
  expect(probes.map(({ errors }) => errors).join('')).toBe('');
});

const noise = (length: number) => Uint8Array.from({ length }, (_, index) => (index * 37) % 251);
const twoTracks = writeHeader([videoTrack, audioTrack]);
const tagsOf = (count: number, name = 'n', value = 'v') =>
  writeTags(Array.from({ length: count }, (_, index) => ({ name: `${name}${index}`, value })));
const withNumber = (number: number): Track => ({ ...videoTrack, number });

describe('KVS refuses', () => {
  test.each<{ what: string; body: Uint8Array[]; code: string; id: number; kept?: number; options?: ProducerOptions }>([
    {
      what: 'a fragment larger than 50 MB',
      body: [
        header,
        clusterOf(
          startMs,
          Array.from({ length: 6 }, (_, index) => picture(startMs + index, { data: new Uint8Array(8_500_000) })),
        ),
      ],
      code: 'MAX_FRAGMENT_SIZE_REACHED',
      id: 4001,
    },
    {
      what: 'a frame that announces more than 50 MB',
      body: [header, writeClusterStart(startMs), Uint8Array.of(0xa3, 0x01, 0, 0, 0, 0x10, 0, 0, 0, 0x81, 0, 0, 0x80)],
      code: 'MAX_FRAGMENT_SIZE_REACHED',
      id: 4001,
    },
    {
      what: 'a fragment longer than 20 s',
      body: [header, clusterOf(startMs, [picture(startMs), picture(startMs + 20_001)])],
      code: 'MAX_FRAGMENT_DURATION_REACHED',
      id: 4002,
    },
    {
      what: 'a fragment that begins where the one before began',
      body: [header, cluster(startMs), cluster(startMs)],
      code: 'FRAGMENT_TIMECODE_LESSER_THAN_PREVIOUS',
      id: 4004,
      kept: 1,
    },
    {
      what: 'a fragment that begins before the one before ended',
      body: [header, cluster(startMs), cluster(startMs + 400)],
      code: 'FRAGMENT_TIMECODE_LESSER_THAN_PREVIOUS',
      id: 4004,
      kept: 1,
    },
    { what: 'what is no Matroska', body: [noise(5000)], code: 'INVALID_MKV_DATA', id: 4006 },
    {
      what: 'garbage after a good fragment',
      body: [header, cluster(startMs), cluster(startMs + 1000), noise(5000)],
      code: 'INVALID_MKV_DATA',
      id: 4006,
      kept: 1,
    },
    {
      what: 'a second segment',
      body: [header, cluster(startMs), header, cluster(startMs + 1000)],
      code: 'INVALID_MKV_DATA',
      id: 4006,
    },
    {
      what: 'a second Tracks element',
      body: [header, header.subarray(Buffer.from(header).indexOf('1654ae6b', 'hex')), cluster(startMs)],
      code: 'INVALID_MKV_DATA',
      id: 4006,
    },
    {
      what: 'a fragment that does not begin with a key frame',
      body: [header, clusterOf(startMs, [picture(startMs, { keyFrame: false }), picture(startMs + 40)])],
      code: 'INVALID_MKV_DATA',
      id: 4006,
    },
    {
      what: 'a body that ends within an element',
      body: [header, cluster(startMs).subarray(0, 300)],
      code: 'INVALID_MKV_DATA',
      id: 4006,
    },
    {
      what: 'a time after the year 9999',
      body: [header, cluster(2 ** 48)],
      code: 'INVALID_PRODUCER_TIMESTAMP',
      id: 4007,
    },
    {
      what: 'eleven tags on a fragment',
      body: [header, tagsOf(6), tagsOf(5), cluster(startMs)],
      code: 'FRAGMENT_METADATA_LIMIT_REACHED',
      id: 4009,
    },
    {
      what: 'a tag name of 129 bytes',
      body: [header, tagsOf(1, 'n'.repeat(128)), cluster(startMs)],
      code: 'FRAGMENT_METADATA_LIMIT_REACHED',
      id: 4009,
    },
    {
      what: 'a tag value of 257 bytes',
      body: [header, tagsOf(1, 'n', `${'ä'.repeat(128)}x`), cluster(startMs)],
      code: 'FRAGMENT_METADATA_LIMIT_REACHED',
      id: 4009,
    },
    {
      what: 'a tag with a reserved name',
      body: [header, tagsOf(1, 'AWS_MINE'), cluster(startMs)],
      code: 'FRAGMENT_METADATA_LIMIT_REACHED',
      id: 4009,
    },
    {
      what: 'a frame of a track that was not declared',
      body: [header, clusterOf(startMs, [picture(startMs), picture(startMs + 40, { trackNumber: 2 })])],
      code: 'TRACK_NUMBER_MISMATCH',
      id: 4010,
    },
    {
      what: 'a fragment without frames of a declared track',
      body: [twoTracks, cluster(startMs), cluster(startMs + 1000)],
      code: 'FRAMES_MISSING_FOR_TRACK',
      id: 4011,
    },
    {
      what: 'four tracks',
      body: [writeHeader([1, 2, 3, 4].map(withNumber)), cluster(startMs)],
      code: 'MORE_THAN_ALLOWED_TRACKS_FOUND',
      id: 4012,
    },
  ])('$what with $code, and ends the session', async ({ body, code, id, kept = 0 }) => {
    await using running = await testCloud();
    await createStream(running);
    const producer = await putMedia(running.cloud.url);
    await producer.send(...body);
    const acks = await producer.end();
    expect(acks.at(-1)).toMatchObject({ EventType: 'ERROR', ErrorCode: code, ErrorId: id });
    expect(acks.filter(({ EventType }) => EventType === 'ERROR')).toHaveLength(1);
    expect(acks.filter(({ EventType }) => EventType === 'PERSISTED')).toHaveLength(kept);
    expect(await listed(running)).toHaveLength(kept);
    expect((await filesOf(running)).filter(file => !file.endsWith('.mkv'))).toEqual([]);
    expect(running.problems).toEqual([]);
  });

  test('the producers of a stream that is deleted with STREAM_NOT_ACTIVE, at once', async () => {
    await using running = await testCloud();
    const StreamARN = await createStream(running);
    const [silent, sending] = [await putMedia(running.cloud.url), await putMedia(running.cloud.url)];
    await sending.send(header, cluster(startMs));
    const [buffering] = await sending.until('BUFFERING');
    await controlClient(running.cloud.url).send(new DeleteStreamCommand({ StreamARN }));
    // Neither sends anything more; the second is told which fragment was not kept.
    const error = { EventType: 'ERROR', ErrorCode: 'STREAM_NOT_ACTIVE', ErrorId: 4008 };
    const { FragmentNumber } = buffering ?? {};
    expect(await silent.next()).toEqual(error);
    expect(await sending.next()).toEqual({ ...error, FragmentTimecode: startMs, FragmentNumber });
    expect([await silent.next(), await sending.next()]).toEqual([undefined, undefined]);
    expect(await readdir(join(running.dataDir, 'streams'))).toEqual([]);
    expect(running.problems).toEqual([]);
  });

  test('a fragment of a stream that goes while it arrives with STREAM_NOT_ACTIVE, and a new stream of its name gets none of it', async () => {
    await using running = await testCloud();
    const StreamARN = await createStream(running);
    const producer = await putMedia(running.cloud.url);
    await producer.send(header);
    const deleted = controlClient(running.cloud.url).send(new DeleteStreamCommand({ StreamARN }));
    for (let second = 0; second < 20; second++) await producer.send(cluster(startMs + second * 1000));
    await deleted;
    await createStream(running);
    expect((await producer.end()).at(-1)).toMatchObject({ ErrorCode: 'STREAM_NOT_ACTIVE', ErrorId: 4008 });
    expect(await listed(running)).toEqual([]);
    expect(running.problems).toEqual([]);
  });
});

test('a fragment that cannot be written is an ARCHIVAL_ERROR, and the server says why', async () => {
  await using running = await testCloud();
  await createStream(running);
  const producer = await putMedia(running.cloud.url);
  await producer.send(header, cluster(startMs), cluster(startMs + 1000));
  // The second one's file is there as well: nothing is written while the folder goes.
  expect(types(await producer.take(4)).sort()).toEqual(['BUFFERING', 'BUFFERING', 'PERSISTED', 'RECEIVED']);
  await rm(join(running.dataDir, 'streams', folderName('cam')), { recursive: true });
  await producer.send(cluster(startMs + 2000), cluster(startMs + 3000));
  const acks = await producer.until('ERROR');
  expect(acks.at(-1)).toMatchObject({ ErrorCode: 'ARCHIVAL_ERROR', ErrorId: 5001 });
  expect(types(acks)).not.toContain('PERSISTED');
  expect(running.problems).toMatchObject([
    { code: 'disk-failed', message: expect.stringMatching(/cannot keep a fragment of the stream cam/) },
  ]);
});

test('the request of the C++ producer is accepted: host without port, hop-by-hop headers signed, JSON content type', async () => {
  await using running = await testCloud();
  await createStream(running);
  const signed = [
    ...['connection', 'host', 'transfer-encoding', 'user-agent', 'x-amz-date', 'x-amzn-stream-name'],
    ...['x-amzn-fragment-acknowledgment-required', 'x-amzn-fragment-timecode-type', 'x-amzn-producer-start-timestamp'],
  ];
  const producer = await putMedia(running.cloud.url, {
    signed,
    headers: {
      host: '127.0.0.1',
      connection: 'keep-alive',
      'transfer-encoding': 'chunked',
      'user-agent': 'AWS-SDK-KVS-CPP-CLIENT/3.5.0/1.6.0 GCC/12.2.0 Linux/6.1.0 x86_64',
      'x-amzn-fragment-acknowledgment-required': '1',
    },
    unsigned: { 'content-type': 'application/json', 'x-amz-security-token': 'added after signing' },
  });
  expect(producer.request.getHeader('authorization')).toContain(`SignedHeaders=${signed.toSorted().join(';')}, `);
  await producer.send(header, cluster(startMs));
  expect(types(await producer.end())).toEqual(['BUFFERING', 'RECEIVED', 'PERSISTED']);
});

test('an error ends the session also for a producer that goes on sending', async () => {
  await using running = await testCloud();
  await createStream(running);
  const producer = await putMedia(running.cloud.url);
  await producer.send(header, cluster(startMs), cluster(startMs), cluster(startMs + 2000));
  const acks = await producer.until('ERROR');
  expect(acks.at(-1)?.ErrorId).toBe(4004);
  expect(await producer.next()).toBeUndefined();
});

test('a silent session says IDLE, is closed after 30 s, and keeps the fragment it had', async () => {
  const clock = manualClock(startMs);
  await using running = await testCloud({ clock });
  await createStream(running, 1, startMs);
  const producer = await putMedia(running.cloud.url, { atMs: startMs });
  await producer.send(header, cluster(startMs));
  await producer.until('BUFFERING');
  clock.advance(5000);
  expect(await producer.next()).toEqual({ EventType: 'IDLE' });
  clock.advance(24_999);
  expect(types(await producer.take(4))).toEqual(['IDLE', 'IDLE', 'IDLE', 'IDLE']);
  clock.advance(1);
  expect(types(await producer.take(2))).toEqual(['RECEIVED', 'PERSISTED']);
  expect(await producer.next()).toBeUndefined();
});

test('a session ends after 45 minutes with MAX_CONNECTION_DURATION_REACHED', async () => {
  const clock = manualClock(startMs);
  await using running = await testCloud({ clock });
  await createStream(running, 1, startMs);
  const producer = await putMedia(running.cloud.url, { atMs: startMs });
  await producer.send(header);
  const stepMs = 20_000;
  for (let elapsedMs = 0; elapsedMs < 45 * 60_000; elapsedMs += stepMs) {
    await producer.send(cluster(startMs + elapsedMs), endOfFragment);
    await producer.until('PERSISTED');
    clock.advance(stepMs);
  }
  const acks = await producer.until('ERROR');
  expect(acks.at(-1)).toEqual({ EventType: 'ERROR', ErrorCode: 'MAX_CONNECTION_DURATION_REACHED', ErrorId: 4003 });
  expect(await producer.next()).toBeUndefined();
});

test('a stream without retention gets no PERSISTED and nothing in its archive', async () => {
  await using running = await testCloud();
  await createStream(running, 0);
  const producer = await putMedia(running.cloud.url);
  await producer.send(header, cluster(startMs), cluster(startMs + 1000));
  expect(types(await producer.end())).toEqual(['BUFFERING', 'RECEIVED', 'BUFFERING', 'RECEIVED']);
  expect(await listed(running)).toEqual([]);
});

test('a producer that wants no acknowledgements gets none, and its media is kept', async () => {
  await using running = await testCloud();
  await createStream(running);
  const producer = await putMedia(running.cloud.url, { headers: { 'x-amzn-fragment-acknowledgment-required': '0' } });
  await producer.send(header, cluster(startMs));
  expect(await producer.end()).toEqual([]);
  expect(await listed(running)).toHaveLength(1);
});

describe('a request is refused before its body', () => {
  test.each<{ what: string; options: ProducerOptions; status: number; type: string }>([
    { what: 'a missing stream', options: { stream: 'none' }, status: 404, type: 'ResourceNotFoundException' },
    {
      what: 'both name and ARN',
      options: { headers: { 'x-amzn-stream-arn': 'arn:aws:kinesisvideo:us-west-2:1:stream/cam/1' } },
      status: 400,
      type: 'InvalidArgumentException',
    },
    {
      what: 'neither name nor ARN',
      options: { headers: { 'x-amzn-stream-name': undefined } },
      status: 400,
      type: 'InvalidArgumentException',
    },
    {
      what: 'a name no stream can have',
      options: { headers: { 'x-amzn-stream-name': 'cam/1' } },
      status: 400,
      type: 'InvalidArgumentException',
    },
    {
      what: 'an ARN of another form',
      options: { headers: { 'x-amzn-stream-name': undefined, 'x-amzn-stream-arn': 'arn:aws:kinesis:us-west-2:1:cam' } },
      status: 400,
      type: 'InvalidArgumentException',
    },
    {
      what: 'a producer start timestamp below 0',
      options: { headers: { 'x-amzn-producer-start-timestamp': '-1' } },
      status: 400,
      type: 'InvalidArgumentException',
    },
    {
      what: 'an unknown timecode type',
      options: { headers: { 'x-amzn-fragment-timecode-type': 'absolute' } },
      status: 400,
      type: 'InvalidArgumentException',
    },
    {
      what: 'no producer start timestamp',
      options: { headers: { 'x-amzn-producer-start-timestamp': undefined } },
      status: 400,
      type: 'InvalidArgumentException',
    },
    {
      what: 'a producer start timestamp in hexadecimal',
      options: { headers: { 'x-amzn-producer-start-timestamp': '0x10' } },
      status: 400,
      type: 'InvalidArgumentException',
    },
    {
      what: 'a producer start timestamp in words',
      options: { headers: { 'x-amzn-producer-start-timestamp': 'yesterday' } },
      status: 400,
      type: 'InvalidArgumentException',
    },
    {
      what: 'a signature of ten minutes ago',
      options: { atMs: Date.now() - 600_000 },
      status: 403,
      type: 'InvalidSignatureException',
    },
  ])('$what: $status $type, without "100 Continue"', async ({ options, status, type }) => {
    await using running = await testCloud();
    await createStream(running);
    const outgoing = await openRequest(running.cloud.url, { ...options, headers: { ...options.headers } });
    outgoing.setHeader('expect', '100-continue');
    let continued = false;
    outgoing.on('continue', () => {
      continued = true;
    });
    outgoing.flushHeaders();
    const [response] = await once(outgoing, 'response');
    expect([response.statusCode, response.headers['x-amzn-errortype'], continued]).toEqual([status, type, false]);
    outgoing.destroy();
  });
});

test('a producer that expects "100 Continue" gets it, and its answer', async () => {
  await using running = await testCloud();
  await createStream(running);
  const outgoing = await openRequest(running.cloud.url, {});
  outgoing.setHeader('expect', '100-continue');
  const continued = once(outgoing, 'continue');
  const answered = once(outgoing, 'response');
  outgoing.flushHeaders();
  await continued;
  const [response] = await answered;
  expect(response.statusCode).toBe(200);
  outgoing.end(Buffer.concat([header, cluster(startMs)]));
  expect((await text(response)).split('\n').filter(line => line.includes('PERSISTED'))).toHaveLength(1);
});

test('fragments are listed in pages, by producer or server time, both ends included', async () => {
  await using running = await testCloud();
  await createStream(running);
  const producer = await putMedia(running.cloud.url);
  await producer.send(header, ...Array.from({ length: 7 }, (_, index) => cluster(startMs + index * 1000)));
  await producer.end();
  const client = archiveClient(running.cloud.url);
  const range = { StartTimestamp: new Date(startMs + 1000), EndTimestamp: new Date(startMs + 5000) };
  const FragmentSelector = { FragmentSelectorType: 'PRODUCER_TIMESTAMP' as const, TimestampRange: range };
  const first = await client.send(new ListFragmentsCommand({ StreamName: 'cam', MaxResults: 3, FragmentSelector }));
  const second = await client.send(
    new ListFragmentsCommand({ StreamName: 'cam', MaxResults: 3, NextToken: first.NextToken }),
  );
  const offsets = [first, second].map(({ Fragments }) =>
    Fragments?.map(({ ProducerTimestamp }) => (ProducerTimestamp?.getTime() ?? 0) - startMs),
  );
  expect(offsets).toEqual([
    [1000, 2000, 3000],
    [4000, 5000],
  ]);
  expect(second.NextToken).toBeUndefined();
  const cli = await awsCli(
    running.cloud.url,
    ...['kinesis-video-archived-media', 'list-fragments', '--stream-name', 'cam', '--fragment-selector'],
    `FragmentSelectorType=SERVER_TIMESTAMP,TimestampRange={StartTimestamp=${Math.floor(Date.now() / 1000) - 60},EndTimestamp=${Math.ceil(Date.now() / 1000)}}`,
  );
  expect(cli).toMatchObject({ Fragments: Array.from({ length: 7 }, () => ({ FragmentLengthInMilliseconds: 400 })) });
});

test('bytes of any kind end in an acknowledgement or a closed connection, never in a dead server', async () => {
  await using running = await testCloud();
  await createStream(running);
  const good = Buffer.concat([header, cluster(startMs), cluster(startMs + 1000)]);
  let seed = 1;
  const random = () => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  for (let round = 0; round < 40; round++) {
    const body = Buffer.from(good);
    for (let change = 0; change < 4; change++) body[Math.floor(random() * body.length)] = Math.floor(random() * 256);
    const producer = await putMedia(running.cloud.url);
    await producer.send(body.subarray(0, Math.ceil(random() * body.length)));
    for (const ack of await producer.end()) expect(ack.EventType).toMatch(/^(BUFFERING|RECEIVED|PERSISTED|ERROR)$/);
  }
  const raw = connect(Number(new URL(running.cloud.url).port), '127.0.0.1');
  raw.end('GET / HTTP/1.1\r\nhost: \x00\r\n\r\n');
  await once(raw.resume(), 'close');
  expect(running.problems).toEqual([]);
  expect((await filesOf(running)).filter(file => !file.endsWith('.mkv'))).toEqual([]);
});
