// Alerts into kinesalite, an implementation of Kinesis Data Streams nobody here wrote: what a consumer reads back.
import {
  CreateStreamCommand,
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  ListShardsCommand,
} from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import kinesalite from 'kinesalite';
import { expect, onTestFinished, test, vi } from 'vitest';
import { runDeliveries } from '../../agent/alerts/deliver.ts';
import { kinesisSink } from '../../agent/alerts/sinks/kinesis.ts';
import { connectAws } from '../../agent/aws/aws.ts';
import { systemClock } from '../../agent/clock.ts';
import { accessKeyId, secretAccessKey } from './aws-stand-in.ts';
import { firing, frameMs, scene, sinkParts } from './scene.ts';

async function kinesis(): Promise<string> {
  const server = kinesalite({ createStreamMs: 0 });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('kinesalite has no port');
  return `http://127.0.0.1:${address.port}`;
}

test('a consumer reads every alert once, those of a camera in order, whatever the number of shards', async () => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', accessKeyId);
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', secretAccessKey);
  onTestFinished(() => void vi.unstubAllEnvs());
  const endpoint = await kinesis();
  const aws = connectAws({ region: 'us-west-2', endpoint }, { clock: systemClock, random: () => 0.5 });
  const { region, credentials } = aws;
  const client = new KinesisClient({ region, credentials, endpoint, requestHandler: new NodeHttpHandler() });
  onTestFinished(() => client.destroy());
  const StreamName = 'alerts';
  await client.send(new CreateStreamCommand({ StreamName, ShardCount: 3 }));
  const status = async () =>
    (await client.send(new DescribeStreamSummaryCommand({ StreamName }))).StreamDescriptionSummary?.StreamStatus;
  await expect.poll(status).toBe('ACTIVE');

  const { outbox, facts, stop } = scene({ clock: systemClock });
  const settings = { streamName: StreamName };
  const sink = kinesisSink({ ...sinkParts({ clock: systemClock, aws, facts }), settings, destination: 'ops' });
  const cameras = ['gate', 'yard', 'quay', 'roof'];
  for (let index = 0; index < 60; index++)
    outbox.raise(firing({ cameraId: cameras[index % 4] ?? '', atMs: frameMs + index }), ['ops']);
  const done = runDeliveries({
    ...{ outbox, sinks: [sink], clock: systemClock, random: () => 0.5, facts, signal: stop.signal },
  });
  await expect.poll(() => outbox.waiting('ops', 1)[0]).toBeUndefined();
  stop.abort();
  await done;

  const { Shards = [] } = await client.send(new ListShardsCommand({ StreamName }));
  const read: { cameraId: string; atMs: number }[] = [];
  for (const { ShardId } of Shards) {
    const from = { StreamName, ShardId, ShardIteratorType: 'TRIM_HORIZON' } as const;
    const { ShardIterator } = await client.send(new GetShardIteratorCommand(from));
    const { Records = [] } = await client.send(new GetRecordsCommand({ ShardIterator }));
    for (const { Data, PartitionKey } of Records) {
      const { data } = JSON.parse(Buffer.from(Data ?? []).toString('utf8'));
      expect(PartitionKey).toBe(data.cameraId);
      read.push(data);
    }
  }
  for (const [at, camera] of cameras.entries()) {
    const times = read.filter(({ cameraId }) => cameraId === camera).map(({ atMs }) => atMs - frameMs);
    expect(times).toEqual(Array.from({ length: 15 }, (_, index) => index * 4 + at));
  }
});
