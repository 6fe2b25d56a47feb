// The control plane, as AWS's own clients see it.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import {
  CreateStreamCommand,
  DeleteStreamCommand,
  DescribeStreamCommand,
  GetDataEndpointCommand,
  ListStreamsCommand,
  type ListStreamsCommandOutput,
  ListTagsForStreamCommand,
  TagStreamCommand,
  UntagStreamCommand,
  UpdateDataRetentionCommand,
} from '@aws-sdk/client-kinesis-video';
import { GetHLSStreamingSessionURLCommand } from '@aws-sdk/client-kinesis-video-archived-media';
import { DetectLabelsCommand, RekognitionClient } from '@aws-sdk/client-rekognition';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { startLocalCloud } from '../../agent/local-cloud/main.ts';
import { Secret } from '../../agent/secret.ts';
import { archiveClient, awsCli, controlClient, keys, manualClock, testCloud } from './control-cloud.ts';

test('a stream that was created is described with its ARN, version and retention', async () => {
  await using running = await testCloud();
  const client = controlClient(running.cloud.url);
  const created = await client.send(
    new CreateStreamCommand({ StreamName: 'front-door', DataRetentionInHours: 24, MediaType: 'video/h264,audio/aac' }),
  );
  expect(created.StreamARN).toMatch(/^arn:aws:kinesisvideo:us-west-2:\d{12}:stream\/front-door\/\d{13}$/);
  for (const reference of [{ StreamName: 'front-door' }, { StreamARN: created.StreamARN }]) {
    const { StreamInfo } = await client.send(new DescribeStreamCommand(reference));
    expect(StreamInfo).toMatchObject({
      StreamName: 'front-door',
      StreamARN: created.StreamARN,
      Status: 'ACTIVE',
      DataRetentionInHours: 24,
      MediaType: 'video/h264,audio/aac',
    });
    expect(StreamInfo?.Version).toMatch(/^[a-zA-Z0-9]{20}$/);
    expect(Math.abs(Date.now() - (StreamInfo?.CreationTime?.getTime() ?? 0))).toBeLessThan(10_000);
  }
});

test('errors arrive in the SDK as the exceptions KVS has, with their status and a request id', async () => {
  await using running = await testCloud();
  const client = controlClient(running.cloud.url);
  await client.send(new CreateStreamCommand({ StreamName: 'taken' }));
  const refusals: [Promise<unknown>, string, number][] = [
    [client.send(new DescribeStreamCommand({ StreamName: 'none' })), 'ResourceNotFoundException', 404],
    [client.send(new CreateStreamCommand({ StreamName: 'taken' })), 'ResourceInUseException', 400],
    [client.send(new CreateStreamCommand({ StreamName: '../up' })), 'InvalidArgumentException', 400],
    [client.send(new CreateStreamCommand({ StreamName: 'x'.repeat(257) })), 'InvalidArgumentException', 400],
    [client.send(new CreateStreamCommand({ StreamName: 'a', MediaType: 'video' })), 'InvalidArgumentException', 400],
    [
      client.send(new CreateStreamCommand({ StreamName: 'a', DataRetentionInHours: -1 })),
      'InvalidArgumentException',
      400,
    ],
    [client.send(new DescribeStreamCommand({})), 'InvalidArgumentException', 400],
    [client.send(new ListStreamsCommand({ NextToken: 'bm90IG91cnM=' })), 'InvalidArgumentException', 400],
    [
      client.send(new DescribeStreamCommand({ StreamARN: 'arn:aws:kinesisvideo:us-west-2:1:stream/taken/1' })),
      'ResourceNotFoundException',
      404,
    ],
    [
      controlClient(running.cloud.url, { ...keys, accessKeyId: 'other' }).send(new ListStreamsCommand({})),
      'UnrecognizedClientException',
      403,
    ],
    [
      controlClient(running.cloud.url, { ...keys, secretAccessKey: 'wrong' }).send(new ListStreamsCommand({})),
      'InvalidSignatureException',
      403,
    ],
  ];
  for (const [answer, name, httpStatusCode] of refusals)
    await expect(answer).rejects.toMatchObject({
      name,
      message: expect.stringMatching(/\S/),
      $metadata: { httpStatusCode, requestId: expect.stringMatching(/^[0-9a-f-]{36}$/) },
    });
});

test('streams are listed in pages, by prefix', async () => {
  await using running = await testCloud();
  const client = controlClient(running.cloud.url);
  for (const StreamName of ['gate-2', 'yard', 'gate-1', 'gate-3', '..'])
    await client.send(new CreateStreamCommand({ StreamName }));
  const names: string[] = [];
  let NextToken: string | undefined;
  do {
    const page: ListStreamsCommandOutput = await client.send(
      new ListStreamsCommand({ MaxResults: 2, ...(NextToken ? { NextToken } : {}) }),
    );
    expect(page.StreamInfoList?.length).toBeLessThanOrEqual(2);
    names.push(...(page.StreamInfoList ?? []).map(({ StreamName = '' }) => StreamName));
    NextToken = page.NextToken;
  } while (NextToken);
  expect(names).toEqual(['..', 'gate-1', 'gate-2', 'gate-3', 'yard']);
  const gates = await client.send(
    new ListStreamsCommand({ StreamNameCondition: { ComparisonOperator: 'BEGINS_WITH', ComparisonValue: 'gate' } }),
  );
  expect(gates.StreamInfoList?.map(({ StreamName }) => StreamName)).toEqual(['gate-1', 'gate-2', 'gate-3']);
});

test('the data endpoint is the address the client came to', async () => {
  await using running = await testCloud();
  const { url } = running.cloud;
  const localhost = url.replace('127.0.0.1', 'localhost');
  await controlClient(url).send(new CreateStreamCommand({ StreamName: 'cam' }));
  for (const endpoint of [url, localhost]) {
    const answer = await controlClient(endpoint).send(
      new GetDataEndpointCommand({ StreamName: 'cam', APIName: 'PUT_MEDIA' }),
    );
    expect(answer.DataEndpoint).toBe(endpoint);
  }
});

test('retention changes by the given hours, only for who knows the version', async () => {
  await using running = await testCloud();
  const client = controlClient(running.cloud.url);
  await client.send(new CreateStreamCommand({ StreamName: 'cam', DataRetentionInHours: 10 }));
  const describe = async () => (await client.send(new DescribeStreamCommand({ StreamName: 'cam' }))).StreamInfo;
  const change = async (
    Operation: 'INCREASE_DATA_RETENTION' | 'DECREASE_DATA_RETENTION',
    hours: number,
    version?: string,
  ) =>
    client.send(
      new UpdateDataRetentionCommand({
        StreamName: 'cam',
        CurrentVersion: version ?? (await describe())?.Version,
        Operation,
        DataRetentionChangeInHours: hours,
      }),
    );
  const before = await describe();
  await change('INCREASE_DATA_RETENTION', 14);
  expect((await describe())?.DataRetentionInHours).toBe(24);
  await expect(change('INCREASE_DATA_RETENTION', 1, before?.Version)).rejects.toThrow(
    expect.objectContaining({ name: 'VersionMismatchException' }),
  );
  await expect(change('DECREASE_DATA_RETENTION', 25)).rejects.toThrow(
    expect.objectContaining({ name: 'InvalidArgumentException' }),
  );
  await change('DECREASE_DATA_RETENTION', 24);
  expect((await describe())?.DataRetentionInHours).toBe(0);
});

test('tags and streams survive a restart; a deleted stream does not come back', async () => {
  await using running = await testCloud();
  const client = controlClient(running.cloud.url);
  await client.send(new CreateStreamCommand({ StreamName: 'kept', Tags: { site: 'home', floor: '1' } }));
  await client.send(new TagStreamCommand({ StreamName: 'kept', Tags: { floor: '2', door: 'front' } }));
  await client.send(new UntagStreamCommand({ StreamName: 'kept', TagKeyList: ['door'] }));
  const { StreamARN } = await client.send(new CreateStreamCommand({ StreamName: 'gone' }));
  await client.send(new DeleteStreamCommand({ StreamARN }));
  await running.restart();
  const again = controlClient(running.cloud.url);
  const { StreamInfoList } = await again.send(new ListStreamsCommand({}));
  expect(StreamInfoList?.map(({ StreamName }) => StreamName)).toEqual(['kept']);
  const { Tags } = await again.send(new ListTagsForStreamCommand({ StreamName: 'kept' }));
  expect(Tags).toEqual({ site: 'home', floor: '2' });
});

test('a stream has at most 50 tags', async () => {
  await using running = await testCloud();
  const client = controlClient(running.cloud.url);
  const tags = (from: number, count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`tag-${from + index}`, '']));
  await client.send(new CreateStreamCommand({ StreamName: 'cam', Tags: tags(0, 50) }));
  await expect(client.send(new TagStreamCommand({ StreamName: 'cam', Tags: tags(50, 1) }))).rejects.toThrow(
    expect.objectContaining({ name: 'TagsPerResourceExceededLimitException' }),
  );
});

test('the AWS CLI creates, lists and describes streams', async () => {
  await using running = await testCloud();
  const { url } = running.cloud;
  await awsCli(url, 'kinesisvideo', 'create-stream', '--stream-name', 'yard', '--data-retention-in-hours', '2');
  expect(await awsCli(url, 'kinesisvideo', 'list-streams')).toMatchObject({
    StreamInfoList: [{ StreamName: 'yard', Status: 'ACTIVE', DataRetentionInHours: 2 }],
  });
  await expect(awsCli(url, 'kinesisvideo', 'describe-stream', '--stream-name', 'none')).rejects.toThrow(
    /ResourceNotFoundException.*not found/s,
  );
});

test('requests that are no KVS operation are refused in words, and the server goes on', async () => {
  await using running = await testCloud();
  const { url } = running.cloud;
  const post = (path: string, init: RequestInit = {}) => fetch(`${url}${path}`, { method: 'POST', ...init });
  const answers = await Promise.all([
    post('/ListStreams', { body: '{}' }),
    fetch(`${url}/listStreams`),
    post('/', { headers: { 'x-amz-target': 'RekognitionService.Nothing' } }),
    post('/listStreams', { body: '{}' }),
    post('/listStreams', { body: 'x'.repeat(2 * 1024 * 1024) }),
    post('/putMedia', { body: 'x' }),
  ]);
  const seen = await Promise.all(
    answers.map(async answer => {
      const body = z.object({ __type: z.string() }).parse(await answer.json());
      return [answer.status, answer.headers.get('x-amzn-errortype'), body.__type];
    }),
  );
  expect(seen).toEqual([
    [404, 'UnknownOperationException', 'UnknownOperationException'],
    [404, 'UnknownOperationException', 'UnknownOperationException'],
    [404, 'UnknownOperationException', 'UnknownOperationException'],
    [403, 'MissingAuthenticationTokenException', 'MissingAuthenticationTokenException'],
    [413, 'RequestEntityTooLargeException', 'RequestEntityTooLargeException'],
    [403, 'MissingAuthenticationTokenException', 'MissingAuthenticationTokenException'],
  ]);
  expect(await controlClient(url).send(new ListStreamsCommand({}))).toMatchObject({ StreamInfoList: [] });
  expect(running.problems).toEqual([]);
});

test('HLS and Rekognition answer on the same port', async () => {
  await using running = await testCloud();
  const { url: endpoint } = running.cloud;
  await controlClient(endpoint).send(new CreateStreamCommand({ StreamName: 'cam', DataRetentionInHours: 1 }));
  const hls = archiveClient(endpoint).send(new GetHLSStreamingSessionURLCommand({ StreamName: 'cam' }));
  await expect(hls).rejects.toThrow(expect.objectContaining({ name: 'ResourceNotFoundException' }));
  const rekognition = new RekognitionClient({ endpoint, region: 'eu-west-1', credentials: keys, maxAttempts: 1 });
  const labels = rekognition.send(new DetectLabelsCommand({ Image: { Bytes: new Uint8Array(100) } }));
  await expect(labels).rejects.toThrow(expect.objectContaining({ name: 'InvalidImageFormatException' }));
});

test('a port that is taken is said in a sentence', async () => {
  await using running = await testCloud();
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const address = other.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const dataDir = `${running.dataDir}/other`;
  const start = startLocalCloud({ port, dataDir, accessKeyId: 'local', secretAccessKey: new Secret('local-secret') });
  await expect(start).rejects.toMatchObject({
    code: 'port-in-use',
    message: `Port ${port} on 127.0.0.1 is taken by another program. Stop that one, or choose another port with --port.`,
  });
  other.close();
});

test('a data folder that is a file is said in a sentence', async () => {
  await using running = await testCloud();
  const dataDir = `${running.dataDir}/index.sqlite`;
  const start = startLocalCloud({
    port: 0,
    dataDir,
    accessKeyId: 'local',
    secretAccessKey: new Secret('local-secret'),
  });
  await expect(start).rejects.toMatchObject({
    code: 'disk-failed',
    message: `The embedded server cannot use the data folder ${dataDir}: there is a file in its place. Name a folder with --data.`,
  });
});

test('a body that stops arriving is given up after 30 s', async () => {
  const clock = manualClock(Date.now());
  await using running = await testCloud({ clock });
  const socket = connect(Number(new URL(running.cloud.url).port), '127.0.0.1');
  const date = new Date(clock.nowMs()).toISOString().replace(/[-:]|\.\d+/g, '');
  const credential = `${keys.accessKeyId}/${date.slice(0, 8)}/us-west-2/kinesisvideo/aws4_request`;
  const authorization = `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=host, Signature=${'0'.repeat(64)}`;
  socket.write(`POST /listStreams HTTP/1.1\r\nhost: x\r\nx-amz-date: ${date}\r\nauthorization: ${authorization}\r\n`);
  socket.write('content-length: 10\r\nexpect: 100-continue\r\n\r\n');
  const [answer] = await once(socket, 'data');
  expect(String(answer)).toMatch(/^HTTP\/1\.1 100 /);
  socket.resume();
  clock.advance(29_999);
  expect(await controlClient(running.cloud.url).send(new ListStreamsCommand({}))).toMatchObject({ StreamInfoList: [] });
  expect(socket.readyState).toBe('open');
  clock.advance(1);
  await once(socket, 'close');
  expect(running.problems).toEqual([]);
});

test('a data folder serves one server at a time', async () => {
  await using running = await testCloud();
  const second = startLocalCloud({
    port: 0,
    dataDir: running.dataDir,
    accessKeyId: 'local',
    secretAccessKey: new Secret('local-secret'),
  });
  await expect(second).rejects.toMatchObject({
    code: 'disk-failed',
    message: expect.stringMatching(/Another local-cloud/),
  });
});
