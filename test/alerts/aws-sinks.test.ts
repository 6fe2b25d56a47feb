// Alerts to SNS, SQS, Kinesis Data Streams and Firehose: signed, within the services' limits, each entry with its outcome.
import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { Sink } from '../../agent/alerts/sink.ts';
import { firehoseSink } from '../../agent/alerts/sinks/firehose.ts';
import { kinesisSink } from '../../agent/alerts/sinks/kinesis.ts';
import { snsSink } from '../../agent/alerts/sinks/sns.ts';
import { sqsSink } from '../../agent/alerts/sinks/sqs.ts';
import { connectAws } from '../../agent/aws/aws.ts';
import { systemClock } from '../../agent/clock.ts';
import type { Alert } from '../../shared/alert.ts';
import { accessKeyId, awsStandIn, secretAccessKey } from './aws-stand-in.ts';
import { firing, sinkParts } from './scene.ts';

const never = new AbortController().signal;

beforeEach(() => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', accessKeyId);
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', secretAccessKey);
  return () => vi.unstubAllEnvs();
});

type Place = { endpoint: string; transform?: string };
const sqsUrl = 'https://sqs.eu-central-1.amazonaws.com/123456789012/alerts';
const topicArn = 'arn:aws:sns:eu-central-1:123456789012:alerts';

function parts() {
  const aws = connectAws({ region: 'us-west-2' }, { clock: systemClock, random: () => 0.5 });
  return { ...sinkParts({ clock: systemClock, aws }), destination: 'ops' };
}

const sinks: Record<string, (place: Place) => Sink> = {
  sns: place => snsSink({ ...parts(), settings: { topicArn, ...place } }),
  sqs: place => sqsSink({ ...parts(), settings: { queueUrl: sqsUrl, ...place } }),
  kinesis: place => kinesisSink({ ...parts(), settings: { streamName: 'alerts', ...place } }),
  firehose: place => firehoseSink({ ...parts(), settings: { streamName: 'alerts', ...place } }),
};
const names = Object.keys(sinks);

function sinkTo(name: string, place: Place): Sink {
  const sink = sinks[name]?.(place);
  if (!sink) throw new Error(`There is no sink ${name}`);
  return sink;
}

function alerts(count: number, change: Partial<Alert> = {}): Alert[] {
  return Array.from({ length: count }, (_, index) => ({
    ...{ ...firing({ cameraId: index % 2 ? 'yard' : 'gate' }), deliveries: [] },
    id: `alert-${index}`,
    ...change,
  }));
}

const idOf = (body: string) => JSON.parse(body).data.alertId;

describe.each(names)('%s', name => {
  test('takes one alert, signed for the service and its region', async () => {
    const cloud = await awsStandIn();
    await sinkTo(name, cloud).deliver(alerts(1)[0] as Alert, never);
    expect(cloud.taken).toHaveLength(1);
    const [{ service, region, body = '' } = {}] = cloud.taken;
    expect(service).toBe(name);
    expect(region).toBe(name === 'sns' || name === 'sqs' ? 'eu-central-1' : 'us-west-2');
    expect(idOf(body)).toBe('alert-0');
    expect(body.endsWith('\n')).toBe(name === 'kinesis' || name === 'firehose');
  });

  test('takes as many as the service allows in one call, in order, and says which it did not take', async () => {
    const most = sinkTo(name, { endpoint: 'http://127.0.0.1:9' }).batches?.most ?? 0;
    const cloud = await awsStandIn([{ entries: { 1: 'InternalFailure', 3: 'ThrottledException' } }]);
    const outcomes = await sinkTo(name, cloud).batches?.deliver(alerts(most), never);
    expect(cloud.calls).toHaveLength(1);
    expect(outcomes).toHaveLength(most);
    expect(outcomes?.map(problem => problem?.kind ?? 'taken')).toEqual(
      Array.from({ length: most }, (_, at) => (at === 1 ? 'unavailable' : at === 3 ? 'exhausted' : 'taken')),
    );
    const expected = Array.from({ length: most }, (_, at) => `alert-${at}`).filter((_, at) => at !== 1 && at !== 3);
    expect(cloud.taken.map(({ body }) => idOf(body))).toEqual(expected);
  });

  test('divides what is too large for one call, and gives up only what is too large by itself', async () => {
    const cloud = await awsStandIn();
    const long = 'x'.repeat(100 * 1024);
    const list = alerts(6, { why: long });
    const huge = { ...list[0], id: 'huge', why: 'x'.repeat(2 * 1024 * 1024) } as Alert;
    const outcomes = await sinkTo(name, cloud).batches?.deliver([...list, huge], never);
    expect(outcomes?.map(problem => problem?.retry)).toEqual([...Array(6).fill(undefined), 'never']);
    expect(outcomes?.at(-1)?.message).toMatch(/takes at most \d+ KiB/);
    expect(cloud.taken.map(({ body }) => idOf(body))).toEqual(list.map(({ id }) => id));
    const limit = { sns: 262_144, sqs: 262_144, kinesis: 5_242_880, firehose: 4_194_304 }[name] ?? 0;
    expect(Math.max(...cloud.calls.map(({ bytes }) => bytes))).toBeLessThanOrEqual(limit);
  });

  test.each([
    ['AccessDeniedException', 400, 'delivery-refused', 'denied', 'later'],
    ['InvalidSignatureException', 403, 'delivery-refused', 'denied', 'later'],
    ['ThrottlingException', 400, 'delivery-failed', 'exhausted', 'later'],
    ['InternalFailure', 500, 'delivery-failed', 'unavailable', 'later'],
    ['SomethingNew', 400, 'delivery-failed', 'unavailable', 'later'],
  ])('%s of a whole call is typed', async (call, status, code, kind, retry) => {
    const cloud = await awsStandIn([{ call, status }]);
    await expect(sinkTo(name, cloud).deliver(alerts(1)[0] as Alert, never)).rejects.toMatchObject({
      code,
      kind,
      retry,
    });
  });

  test('what a transform makes is sent, what it makes nothing of is not, and what it cannot do is dead', async () => {
    const cloud = await awsStandIn();
    const transform = `data.cameraId = "yard" ? { "who": data.alertId } : data.alertId = "alert-2" ? $error("no") : undefined`;
    const sink = sinkTo(name, {
      endpoint: cloud.endpoint,
      transform: transform.replace('undefined', '$lookup({}, "x")'),
    });
    const outcomes = await sink.batches?.deliver(alerts(4), never);
    await sink.close?.();
    expect(outcomes?.map(problem => problem?.code)).toEqual([undefined, undefined, 'transform-failed', undefined]);
    expect(cloud.taken.map(({ body }) => JSON.parse(body))).toEqual([{ who: 'alert-1' }, { who: 'alert-3' }]);
  });
});

test('FIFO topics and queues keep the order of each camera and know repeats by the alert’s id', async () => {
  const cloud = await awsStandIn();
  const topic = snsSink({ ...parts(), settings: { topicArn: `${topicArn}.fifo`, endpoint: cloud.endpoint } });
  const queue = sqsSink({ ...parts(), settings: { queueUrl: `${sqsUrl}.fifo`, endpoint: cloud.endpoint } });
  for (const sink of [topic, queue]) await sink.batches?.deliver(alerts(2), never);
  expect(cloud.taken.map(({ group, deduplicationId }) => [group, deduplicationId])).toEqual([
    ...[
      ['gate', 'alert-0'],
      ['yard', 'alert-1'],
    ],
    ...[
      ['gate', 'alert-0'],
      ['yard', 'alert-1'],
    ],
  ]);
});

test('another key is refused, in words, and nothing secret is in them', async () => {
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'another-secret');
  const cloud = await awsStandIn();
  const problem = await sinkTo('firehose', cloud)
    .deliver(alerts(1)[0] as Alert, never)
    .catch(error => error);
  expect(problem).toMatchObject({ code: 'delivery-refused', kind: 'denied' });
  expect(JSON.stringify(problem)).not.toMatch(/another-secret/);
  expect(cloud.taken).toEqual([]);
});

test('nothing listens: the destination cannot be reached, and it is tried again later', async () => {
  const problem = sinkTo('sqs', { endpoint: 'http://127.0.0.1:9' }).deliver(alerts(1)[0] as Alert, never);
  await expect(problem).rejects.toMatchObject({ code: 'delivery-failed', kind: 'unavailable', retry: 'later' });
});
