// The control plane beyond what its operations answer (test/conformance/api): restarts, what is no operation, one server a folder.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import {
  CreateStreamCommand,
  DeleteStreamCommand,
  DescribeImageGenerationConfigurationCommand,
  DescribeNotificationConfigurationCommand,
  DescribeStreamStorageConfigurationCommand,
  GetDataEndpointCommand,
  ListStreamsCommand,
  ListTagsForStreamCommand,
  TagStreamCommand,
  UntagStreamCommand,
  UpdateImageGenerationConfigurationCommand,
  UpdateNotificationConfigurationCommand,
} from '@aws-sdk/client-kinesis-video';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { startLocalCloud } from '../../agent/local-cloud/main.ts';
import { Secret } from '../../agent/secret.ts';
import { controlClient, keys, manualClock, testCloud } from './control-cloud.ts';
import { signedCall } from './signed-call.ts';

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

test('tags named as what every object has are tags like any other', async () => {
  await using running = await testCloud();
  const call = async (path: string, input: object) => {
    const answer = await signedCall(running.cloud.url, { path }, { body: JSON.stringify(input) });
    return [answer.status, answer.body];
  };
  const [StreamName, odd] = ['cam', ['__proto__', 'constructor', 'hasOwnProperty', 'toString']];
  const Tags = Object.fromEntries(odd.map(name => [name, `of ${name}`]));
  const [, created] = await call('/createStream', { StreamName, Tags });
  const ResourceARN = Object(created).StreamARN;
  const listed = async () => {
    const [, ofStream] = await call('/listTagsForStream', { StreamName });
    const [, ofResource] = await call('/ListTagsForResource', { ResourceARN });
    const [entries, same] = [ofStream, ofResource].map(body => Object.entries(Object(body).Tags).toSorted());
    expect(same).toEqual(entries);
    return entries;
  };
  expect(await listed()).toEqual(Object.entries(Tags));
  const asList = Object.entries(Tags).map(([Key, Value]) => ({ Key, Value }));
  const tagStream = () => call('/tagStream', { StreamName, Tags });
  const tagResource = () => call('/TagResource', { ResourceARN, Tags: asList });
  const untagStream = () => call('/untagStream', { StreamName, TagKeyList: odd });
  const untagResource = () => call('/UntagResource', { ResourceARN, TagKeyList: odd });
  for (const { untag, tag } of [
    { untag: untagStream, tag: tagResource },
    { untag: untagResource, tag: tagStream },
  ]) {
    expect(await untag()).toEqual([200, {}]);
    expect(await listed()).toEqual([]);
    expect(await tag()).toEqual([200, {}]);
    await running.restart();
    expect(await listed()).toEqual(Object.entries(Tags));
  }
  // They are held to the same limits, and break them by their names.
  const tooLong = Object.fromEntries([['__proto__', 'x'.repeat(257)]]);
  const [status, refusal] = await call('/tagStream', { StreamName, Tags: tooLong });
  expect([status, Object(refusal).Message]).toEqual([400, expect.stringContaining(`Value at 'Tags.__proto__' failed`)]);
});

test('configurations survive a restart', async () => {
  await using running = await testCloud();
  const client = controlClient(running.cloud.url);
  const StreamName = 'cam';
  const StreamStorageConfiguration = { DefaultStorageTier: 'WARM' } as const;
  await client.send(new CreateStreamCommand({ StreamName, DataRetentionInHours: 1, StreamStorageConfiguration }));
  const ImageGenerationConfiguration = {
    Status: 'ENABLED' as const,
    ImageSelectorType: 'SERVER_TIMESTAMP' as const,
    DestinationConfig: { Uri: 's3://pictures/cam', DestinationRegion: 'us-west-2' },
    SamplingInterval: 3000,
    Format: 'JPEG' as const,
    FormatConfig: { JPEGQuality: '70' },
    WidthPixels: 640,
  };
  const NotificationConfiguration = {
    Status: 'DISABLED' as const,
    DestinationConfig: { Uri: 'sns:us-west-2:1:topic' },
  };
  await client.send(new UpdateImageGenerationConfigurationCommand({ StreamName, ImageGenerationConfiguration }));
  await client.send(new UpdateNotificationConfigurationCommand({ StreamName, NotificationConfiguration }));
  await running.restart();
  const again = controlClient(running.cloud.url);
  expect(await again.send(new DescribeImageGenerationConfigurationCommand({ StreamName }))).toMatchObject({
    ImageGenerationConfiguration,
  });
  expect(await again.send(new DescribeNotificationConfigurationCommand({ StreamName }))).toMatchObject({
    NotificationConfiguration,
  });
  expect(await again.send(new DescribeStreamStorageConfigurationCommand({ StreamName }))).toMatchObject({
    StreamStorageConfiguration,
  });
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
