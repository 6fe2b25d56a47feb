// KVS's quotas, as clients run into them. The server's clock stands still unless it is advanced.
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateStreamCommand,
  DescribeStreamCommand,
  GetDataEndpointCommand,
  ListStreamsCommand,
  ListTagsForStreamCommand,
} from '@aws-sdk/client-kinesis-video';
import {
  GetClipCommand,
  GetDASHStreamingSessionURLCommand,
  GetHLSStreamingSessionURLCommand,
  GetImagesCommand,
  GetMediaForFragmentListCommand,
  ListFragmentsCommand,
} from '@aws-sdk/client-kinesis-video-archived-media';
import { GetMediaCommand, KinesisVideoMediaClient } from '@aws-sdk/client-kinesis-video-media';
import { DetectLabelsCommand, RekognitionClient } from '@aws-sdk/client-rekognition';
import { beforeAll, describe, expect, test } from 'vitest';
import { localCloudCommand } from '../../agent/commands/local-cloud-command.ts';
import { streamRoutes } from '../../agent/local-cloud/control/stream-routes.ts';
import { createListener } from '../../agent/local-cloud/http.ts';
import { Buckets } from '../../agent/local-cloud/quotas/buckets.ts';
import { parseQuotas } from '../../agent/local-cloud/quotas/choice.ts';
import { Quotas } from '../../agent/local-cloud/quotas/quotas.ts';
import { type QuotaName, quotaNames, requestRates } from '../../agent/local-cloud/quotas/table.ts';
import { Store } from '../../agent/local-cloud/store/store.ts';
import { writeHeader } from '../../agent/matroska/write.ts';
import { Secret } from '../../agent/secret.ts';
import { seededRandom } from '../../scripts/fuzz/seeded-random.ts';
import { archiveClient, awsCli, controlClient, keys, manualClock, testCloud } from './control-cloud.ts';
import { portOf, saveStream } from './hls-stage.ts';
import { cluster, fragments, putMedia, type Recording, record, videoTrack } from './ingest-producer.ts';
import { signedCall } from './signed-call.ts';

function named(text: string): ReadonlySet<QuotaName> {
  const choice = parseQuotas(text);
  if ('unknown' in choice) throw new Error(choice.unknown);
  return choice.names;
}

/** A server with the stream `cam`, made before a second passes that nobody used. */
async function limited(quotas: string) {
  const clock = manualClock(Date.now());
  const running = await testCloud({ clock, quotas: named(quotas) });
  const client = controlClient(running.cloud.url);
  for (const StreamName of ['cam', 'other'])
    await client.send(new CreateStreamCommand({ StreamName, DataRetentionInHours: 1 }));
  clock.advance(1000);
  return {
    clock,
    client,
    url: running.cloud.url,
    running,
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}

/** How each of so many requests at once ended: `ok`, or the error's name. */
async function outcomes(count: number, request: () => Promise<unknown>): Promise<Record<string, number>> {
  const ends = await Promise.all(
    Array.from({ length: count }, () =>
      request().then(
        () => 'ok',
        (error: unknown) => (error instanceof Error ? error.name : String(error)),
      ),
    ),
  );
  return Object.fromEntries([...new Set(ends)].map(end => [end, ends.filter(other => other === end).length]));
}

describe('requests a second', () => {
  test('without --quotas there are none', async () => {
    await using running = await testCloud();
    const client = controlClient(running.cloud.url);
    await client.send(new CreateStreamCommand({ StreamName: 'cam' }));
    expect(await outcomes(60, () => client.send(new ListStreamsCommand({})))).toEqual({ ok: 60 });
    expect(await outcomes(20, () => client.send(new DescribeStreamCommand({ StreamName: 'cam' })))).toEqual({ ok: 20 });
  });

  test('of one stream: five, by name or ARN, then one more every 200 ms; other streams and operations have their own', async () => {
    await using cloud = await limited('on');
    const { client, clock, url } = cloud;
    const info = await client.send(new DescribeStreamCommand({ StreamName: 'cam' }));
    const byArn = () => client.send(new DescribeStreamCommand({ StreamARN: info.StreamInfo?.StreamARN }));
    expect(await outcomes(6, byArn)).toEqual({ ok: 4, ClientLimitExceededException: 2 });
    await expect(byArn()).rejects.toMatchObject({
      message: 'Rate exceeded: the quota of DescribeStream requests of the stream cam is 5 a second.',
      $metadata: { httpStatusCode: 400 },
    });
    const cli = awsCli(url, 'kinesisvideo', 'describe-stream', '--stream-name', 'cam');
    await expect(cli).rejects.toThrow(/ClientLimitExceededException.*Rate exceeded/s);
    expect((await client.send(new DescribeStreamCommand({ StreamName: 'other' }))).StreamInfo?.Status).toBe('ACTIVE');
    expect((await client.send(new ListTagsForStreamCommand({ StreamName: 'cam' }))).Tags).toEqual({});
    clock.advance(199);
    expect(await outcomes(1, byArn)).toEqual({ ClientLimitExceededException: 1 });
    clock.advance(1);
    expect(await outcomes(2, byArn)).toEqual({ ok: 1, ClientLimitExceededException: 1 });
  });

  test('of the account: fifty, whatever they name; a wrong signature uses none up', async () => {
    await using cloud = await limited('ListStreams');
    const stranger = controlClient(cloud.url, { ...keys, secretAccessKey: 'wrong' });
    const wrong = await outcomes(20, () => stranger.send(new ListStreamsCommand({})));
    expect(wrong).toEqual({ InvalidSignatureException: 20 });
    const list = () => cloud.client.send(new ListStreamsCommand({}));
    expect(await outcomes(55, list)).toEqual({ ok: 50, ClientLimitExceededException: 5 });
  });

  test('a quota that is not named is not kept', async () => {
    await using cloud = await limited('on,-DescribeStream');
    const describeCam = () => cloud.client.send(new DescribeStreamCommand({ StreamName: 'cam' }));
    expect(await outcomes(10, describeCam)).toEqual({ ok: 10 });
    const endpoint = new GetDataEndpointCommand({ StreamName: 'cam', APIName: 'GET_MEDIA' });
    expect(await outcomes(6, () => cloud.client.send(endpoint))).toEqual({ ok: 5, ClientLimitExceededException: 1 });
  });

  test('DetectLabels: more in the large regions than in others', async () => {
    await using cloud = await limited('DetectLabels');
    const image = { Image: { Bytes: new Uint8Array(100) } };
    const detect = (region: string, count: number) => {
      const client = new RekognitionClient({ endpoint: cloud.url, region, credentials: keys, maxAttempts: 1 });
      return outcomes(count, () => client.send(new DetectLabelsCommand(image)));
    };
    const taken = 'InvalidImageFormatException';
    const refused = 'ProvisionedThroughputExceededException';
    expect(await detect('eu-central-1', 7)).toEqual({ [taken]: 5, [refused]: 2 });
    expect(await detect('us-west-2', 52)).toEqual({ [taken]: 50, [refused]: 2 });
  });
});

test('PutMedia: one connection, the newer one is refused; five requests a second', async () => {
  await using cloud = await limited('PutMedia,PutMediaConnections');
  const open = () => putMedia(cloud.url, { atMs: cloud.clock.nowMs() });
  const first = await open();
  const errorsOf = async () => {
    const { response } = await open();
    return [response.statusCode, response.headers['x-amzn-errortype']];
  };
  for (let call = 1; call < 5; call++) expect(await errorsOf()).toEqual([400, 'ConnectionLimitExceededException']);
  expect(await errorsOf()).toEqual([400, 'ClientLimitExceededException']);
  await first.send(writeHeader([videoTrack]), cluster(cloud.clock.nowMs()));
  expect((await first.end()).map(ack => ack.EventType)).toContain('PERSISTED');
});

describe('what is stored', () => {
  let recording: Recording;
  beforeAll(async () => {
    recording = await record(2);
  });

  async function stored(quotas: string) {
    const cloud = await limited(quotas);
    const producer = await putMedia(cloud.url, { atMs: cloud.clock.nowMs() });
    const { header, clusters } = fragments(recording, cloud.clock.nowMs() - 2000);
    await producer.send(header, ...clusters);
    await producer.end();
    cloud.clock.advance(1000);
    const archive = archiveClient(cloud.url);
    const session = async (MaxMediaPlaylistFragmentResults = 5) => {
      const command = new GetHLSStreamingSessionURLCommand({ StreamName: 'cam', MaxMediaPlaylistFragmentResults });
      return (await archive.send(command)).HLSStreamingSessionURL ?? '';
    };
    const range = { StartTimestamp: new Date(0), EndTimestamp: new Date(cloud.clock.nowMs()) };
    const FragmentSelector = { FragmentSelectorType: 'SERVER_TIMESTAMP', TimestampRange: range } as const;
    const list = (StreamName = 'cam') => {
      const command = new ListFragmentsCommand({ StreamName, MaxResults: 1000, FragmentSelector });
      return archive.send(command);
    };
    return { ...cloud, session, list };
  }

  const fetched = (url: string) =>
    fetch(url).then(async answer => {
      const body = await answer.arrayBuffer();
      if (answer.ok) return body;
      const error = new Error(Buffer.from(body).toString());
      error.name = answer.headers.get('x-amzn-errortype') ?? '';
      if (answer.headers.get('access-control-allow-origin') !== '*') error.name = 'no CORS header';
      throw error;
    });

  test.each([
    ['getHLSMasterPlaylist.m3u8', '', 5],
    ['getHLSMediaPlaylist.m3u8', '&TrackNumber=1', 5],
    ['getMP4InitFragment.mp4', '&TrackNumber=1', 5],
    ['getMP4MediaFragment.mp4', '&TrackNumber=1&FragmentNumber=', 20],
  ])('a session has its own rates: %s', async (operation, query, perSecond) => {
    await using cloud = await stored('GetHLSMasterPlaylist,GetHLSMediaPlaylist,GetMP4InitFragment,GetMP4MediaFragment');
    const number = (await cloud.list()).Fragments?.[0]?.FragmentNumber ?? '';
    const urlOf = (session: string) =>
      `${session.replace('getHLSMasterPlaylist.m3u8', operation)}${query}${query.endsWith('=') ? number : ''}`;
    const [one, two] = [urlOf(await cloud.session()), urlOf(await cloud.session())];
    expect(await outcomes(perSecond + 1, () => fetched(one))).toEqual({
      ok: perSecond,
      ClientLimitExceededException: 1,
    });
    expect(await outcomes(1, () => fetched(two))).toEqual({ ok: 1 });
    cloud.clock.advance(1000 / perSecond);
    expect(await outcomes(2, () => fetched(one))).toEqual({ ok: 1, ClientLimitExceededException: 1 });
  });

  test('a DASH session has its own rate, and its manifests share the metadata of the stream', async () => {
    await using cloud = await stored('GetDASHStreamingSessionURL,GetDASHManifest,FragmentMetadata');
    const archive = archiveClient(cloud.url);
    const open = (MaxManifestFragmentResults: number) =>
      archive.send(new GetDASHStreamingSessionURLCommand({ StreamName: 'cam', MaxManifestFragmentResults }));
    const [small = '', large = ''] = [
      (await open(5)).DASHStreamingSessionURL,
      (await open(4000)).DASHStreamingSessionURL,
    ];
    expect(await outcomes(25, () => open(5))).toEqual({ ok: 23, ClientLimitExceededException: 2 });
    expect(await outcomes(6, () => fetched(small))).toEqual({ ok: 5, ClientLimitExceededException: 1 });
    expect(await outcomes(3, () => fetched(large))).toEqual({ ok: 2, ClientLimitExceededException: 1 });
    expect(await outcomes(2, () => cloud.list())).toEqual({ ok: 1, ClientLimitExceededException: 1 });
  });

  test.each([
    { name: 'a transport stream', operation: 'GetTSFragment', perSecond: 20 },
    { name: 'a DASH manifest', operation: 'GetDASHManifest', perSecond: 5 },
  ])('a session has its own rates: $name', async ({ operation, perSecond }) => {
    await using cloud = await stored(operation);
    const archive = archiveClient(cloud.url);
    const asked = async () => {
      if (operation === 'GetDASHManifest')
        return (await archive.send(new GetDASHStreamingSessionURLCommand({ StreamName: 'cam' })))
          .DASHStreamingSessionURL;
      const number = (await cloud.list()).Fragments?.[0]?.FragmentNumber;
      const command = new GetHLSStreamingSessionURLCommand({ StreamName: 'cam', ContainerFormat: 'MPEG_TS' });
      const { HLSStreamingSessionURL = '' } = await archive.send(command);
      return `${HLSStreamingSessionURL.replace('getHLSMasterPlaylist.m3u8', 'getTSFragment.ts')}&FragmentNumber=${number}`;
    };
    const [one = '', two = ''] = [await asked(), await asked()];
    expect(await outcomes(perSecond + 1, () => fetched(one))).toEqual({
      ok: perSecond,
      ClientLimitExceededException: 1,
    });
    expect(await outcomes(1, () => fetched(two))).toEqual({ ok: 1 });
  });

  test('fragment metadata of a stream is shared by lists and playlists', async () => {
    await using cloud = await stored('FragmentMetadata');
    const playlist = (await cloud.session(5000)).replace('Master', 'Media').concat('&TrackNumber=1');
    expect(await outcomes(1, () => fetched(playlist))).toEqual({ ok: 1 });
    expect(await outcomes(6, () => cloud.list())).toEqual({ ok: 5, ClientLimitExceededException: 1 });
    expect(await outcomes(1, () => fetched(playlist))).toEqual({ ClientLimitExceededException: 1 });
    expect(await outcomes(1, () => cloud.list('other'))).toEqual({ ok: 1 });
    cloud.clock.advance(100);
    expect(await outcomes(2, () => cloud.list())).toEqual({ ok: 1, ClientLimitExceededException: 1 });
  });

  test('fragment media of a stream is shared by lists of fragments, clips and pictures', async () => {
    await using cloud = await stored('FragmentMedia');
    const archive = archiveClient(cloud.url);
    const number = (await cloud.list()).Fragments?.[0]?.FragmentNumber ?? '';
    const Fragments = Array.from({ length: 250 }, () => number);
    const media = async () => {
      const { Payload } = await archive.send(new GetMediaForFragmentListCommand({ StreamName: 'cam', Fragments }));
      return Payload?.transformToByteArray();
    };
    const nowMs = cloud.clock.nowMs();
    const TimestampRange = { StartTimestamp: new Date(nowMs - 10_000), EndTimestamp: new Date(nowMs) };
    const clip = async () => {
      const ClipFragmentSelector = { FragmentSelectorType: 'PRODUCER_TIMESTAMP', TimestampRange } as const;
      const { Payload } = await archive.send(new GetClipCommand({ StreamName: 'cam', ClipFragmentSelector }));
      return Payload?.transformToByteArray();
    };
    const pictures = () =>
      archive.send(
        new GetImagesCommand({
          ...{ StreamName: 'cam', ImageSelectorType: 'PRODUCER_TIMESTAMP', Format: 'JPEG', MaxResults: 1 },
          ...TimestampRange,
          SamplingInterval: 10_000,
        }),
      );
    expect(await outcomes(2, media)).toEqual({ ok: 2 });
    for (const read of [clip, pictures, media])
      expect(await outcomes(1, read)).toEqual({ ClientLimitExceededException: 1 });
    cloud.clock.advance(10);
    expect(await outcomes(1, pictures)).toEqual({ ok: 1 });
    expect(await outcomes(1, clip)).toEqual({ ok: 1 });
    expect(await outcomes(1, media)).toEqual({ ClientLimitExceededException: 1 });
  });

  test('GetMedia: five requests a second, beside the three connections', async () => {
    await using cloud = await limited('GetMedia');
    const reader = new KinesisVideoMediaClient({
      ...{ endpoint: cloud.url, region: 'us-west-2', credentials: keys, maxAttempts: 1 },
    });
    const command = new GetMediaCommand({ StreamName: 'cam', StartSelector: { StartSelectorType: 'NOW' } });
    expect(await outcomes(6, () => reader.send(command))).toEqual({
      ok: 3,
      ConnectionLimitExceededException: 2,
      ClientLimitExceededException: 1,
    });
    reader.destroy();
  });

  test('fragment media of a stream is shared by all its sessions', async () => {
    await using cloud = await stored('FragmentMedia');
    const number = (await cloud.list()).Fragments?.[0]?.FragmentNumber;
    const media = async () =>
      (await cloud.session())
        .replace('getHLSMasterPlaylist.m3u8', 'getMP4MediaFragment.mp4')
        .concat(`&TrackNumber=1&FragmentNumber=${number}`);
    const [one, two] = [await media(), await media()];
    let turn = 0;
    const either = () => fetched(turn++ % 2 === 0 ? one : two);
    expect(await outcomes(502, either)).toEqual({ ok: 500, ClientLimitExceededException: 2 });
  });
});

test('an account has 10,000 streams at most', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'local-cloud-quotas-'));
  const clock = manualClock(Date.now());
  const store = await Store.open({ dataDir, clock, random: Math.random, onProblem: () => undefined });
  const others = Array.from({ length: 9_999 });
  const quotas = new Quotas({
    ...{ names: named('Streams'), clock },
    store: { findStream: () => undefined, fragments: () => [], streams: () => [...others, ...store.streams()] },
  });
  const listening = { accessKeyId: keys.accessKeyId, secretAccessKey: new Secret(keys.secretAccessKey), clock };
  const routes = streamRoutes({
    ...{ store, clock, random: Math.random, url: '' },
    admitStream: () => quotas.admitStream(),
  });
  const server = createListener(routes, {
    ...listening,
    onProblem: () => undefined,
    admit: asked => quotas.admit(asked),
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const client = controlClient(`http://127.0.0.1:${portOf(server)}`);
  const create = (StreamName: string) => client.send(new CreateStreamCommand({ StreamName }));
  const full = { name: 'AccountStreamLimitExceededException', $metadata: { httpStatusCode: 400 } };
  const asked = await Promise.allSettled(['one', 'another', 'third'].map(create));
  expect(asked.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected', 'rejected']);
  expect(store.streams()).toHaveLength(1);
  await expect(create('next')).rejects.toMatchObject(full);
  // A producer that makes sure of its stream learns that it is there.
  await expect(create(store.streams()[0]?.name ?? '')).rejects.toMatchObject({ name: 'ResourceInUseException' });
  expect(store.findStream('next')).toBeUndefined();
  server.close().closeAllConnections();
  await store.close();
  await rm(dataDir, { recursive: true });
});

test.each([
  ['/getImages', 5, 'FragmentMedia', { MaxResults: 100 }],
  ['/getImages', 24, 'FragmentMetadata', { MaxResults: 1 }],
  ['/getMediaForFragmentList', 2, 'FragmentMedia', { Fragments: Array.from({ length: 250 }, String) }],
  [
    '/getClip',
    2,
    'FragmentMedia',
    {
      ClipFragmentSelector: {
        FragmentSelectorType: 'PRODUCER_TIMESTAMP',
        TimestampRange: { StartTimestamp: 1, EndTimestamp: 2 },
      },
    },
  ],
])(
  '%s costs what the guide says: it passes %d times a second, then %s is used up',
  async (path, times, quota, members) => {
    const clock = manualClock(0);
    const dataDir = await mkdtemp(join(tmpdir(), 'local-cloud-quotas-'));
    const store = await Store.open({ dataDir, clock, random: Math.random, onProblem: () => undefined });
    await saveStream(store, clock, 'cam');
    // 200 fragments in the range, more than which no clip has.
    const inRange = (query: Parameters<Store['fragments']>[0]) => {
      expect(query).toMatchObject({ stream: 'cam', by: 'producer', fromMs: 1000, toMs: 2000, limit: 200 });
      return Array.from({ length: 200 }) as ReturnType<Store['fragments']>;
    };
    const reading = { findStream: (name: string) => store.findStream(name), streams: () => [], fragments: inRange };
    const quotas = new Quotas({ names: named('FragmentMetadata,FragmentMedia'), clock, store: reading });
    const body = Buffer.from(JSON.stringify({ StreamName: 'cam', ...members }));
    const caller = { accessKeyId: 'local', region: 'us-west-2', service: 'kinesisvideo' };
    const ask = () => quotas.admit({ path, headers: {}, body, caller });
    for (let time = 0; time < times; time++) ask();
    expect(ask).toThrow(`the quota of ${quota} points of the stream cam`);
    await store.close();
    await rm(dataDir, { recursive: true });
  },
);

test('in any stretch of time a key gets its rate and one burst at most, and what rests is forgotten', () => {
  const random = seededRandom(7);
  const clock = manualClock(0);
  const buckets = new Buckets(clock);
  const perSecond = 10;
  const taken: { atMs: number; points: number }[] = [];
  for (let step = 0; step < 3000; step++) {
    clock.advance(Math.floor(random() * 60));
    const points = 1 + Math.floor(random() * 4);
    const others = `other ${step}`;
    buckets.take([{ key: others, perSecond, points: 1, what: '' }]);
    if (!buckets.take([{ key: 'one', perSecond, points, what: '' }])) taken.push({ atMs: clock.monotonicMs(), points });
  }
  for (let from = 0; from < taken.length; from += 7) {
    let sum = 0;
    for (const { atMs, points } of taken.slice(from, from + 200)) {
      sum += points;
      const passedMs = atMs - (taken[from]?.atMs ?? 0);
      expect(sum).toBeLessThanOrEqual(perSecond + (passedMs / 1000) * perSecond + 1e-6);
    }
  }
  const total = taken.reduce((sum, { points }) => sum + points, 0);
  expect(total).toBeGreaterThan((clock.monotonicMs() / 1000) * perSecond * 0.8);
  expect(buckets.size).toBeLessThanOrEqual(1000);
});

test('a charge of several keys takes all or none; one dearer than its bucket is paid from a full one', () => {
  const clock = manualClock(0);
  const buckets = new Buckets(clock);
  const charge = (key: string, points: number) => ({ key, perSecond: 5, points, what: key });
  expect(buckets.take([charge('a', 3), charge('b', 9)])).toBeUndefined();
  expect(buckets.take([charge('a', 2), charge('b', 1)])?.key).toBe('b');
  clock.advance(800);
  expect(buckets.take([charge('b', 1)])?.key).toBe('b');
  clock.advance(200);
  expect(buckets.take([charge('b', 1)])).toBeUndefined();
  expect(buckets.take([charge('a', 5)])).toBeUndefined();
});

test.each([
  ['off', []],
  ['on', quotaNames],
  ['PutMedia,FragmentMedia', ['PutMedia', 'FragmentMedia']],
  ['on,-Streams', quotaNames.filter(name => name !== 'Streams')],
  ['on,off,PutMedia', ['PutMedia']],
])('--quotas %s', (text, expected) => {
  expect([...named(text)].sort()).toEqual([...expected].sort());
});

test('a quota that does not exist is refused with the names there are', async () => {
  const signal = AbortSignal.abort();
  const command = localCloudCommand(['--port', '0', '--data', '/nowhere', '--quotas', 'on,-PutMedium'], {
    tell: () => undefined,
    signal,
  });
  await expect(command).rejects.toThrow(/--quotas takes on, off or names out of CreateStream, .*; not -PutMedium/);
});

test('no path has two quotas', () => {
  const paths = Object.values(requestRates).map(({ path }) => path);
  expect(new Set(paths).size).toBe(paths.length);
});

test('what a request asks for is counted also when it makes no sense at all', async () => {
  await using site = await limited('on');
  const { url, running } = site;
  const length = { toString: 1, valueOf: 1 };
  for (const member of ['StreamName', 'StreamARN', 'MaxResults', 'Fragments', 'ClipFragmentSelector']) {
    const body = JSON.stringify({ StreamName: 'cam', [member]: { length } });
    const { status, type } = await signedCall(url, { path: '/getMediaForFragmentList' }, { body });
    expect([member, status, type]).not.toContain(500);
  }
  expect(running.problems).toEqual([]);
});

test('a header that names an operation of another service makes no difference to what is counted', async () => {
  await using site = await limited('on');
  const asked = { path: '/describeStream', target: 'RekognitionService.DetectLabels' };
  const body = JSON.stringify({ StreamName: 'cam' });
  const types: (string | undefined)[] = [];
  for (let count = 0; count < 6; count++) types.push((await signedCall(site.url, asked, { body })).type);
  expect(types).toEqual([...Array.from({ length: 5 }, () => undefined), 'ClientLimitExceededException']);
});
