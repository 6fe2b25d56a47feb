// Every JSON operation with members that are not what they should be: typed errors, and a server that goes on.
import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';
import { expect, test } from 'vitest';
import { altered, oddities, seeded } from '../odd-json.ts';
import { keys, testCloud } from './control-cloud.ts';
import { startMs } from './ingest-producer.ts';
import { createStream, h264, recordAs, uploadRecording } from './stored-media.ts';

const stream = { StreamName: 'cam' };
const range = { StartTimestamp: startMs / 1000, EndTimestamp: startMs / 1000 + 2 };
const selector = { FragmentSelectorType: 'PRODUCER_TIMESTAMP', TimestampRange: range };
const ResourceARN = 'arn:aws:kinesisvideo:us-west-2:000000000000:stream/cam/1';
const images = {
  ...{ Status: 'ENABLED', ImageSelectorType: 'SERVER_TIMESTAMP', SamplingInterval: 3000, Format: 'JPEG' },
  ...{ FormatConfig: { JPEGQuality: '70' }, WidthPixels: 64, HeightPixels: 48 },
  DestinationConfig: { Uri: 's3://pictures', DestinationRegion: 'us-west-2' },
};

const operations: Record<string, object> = {
  '/createStream': { ...stream, DeviceName: 'd', MediaType: 'video/h264', DataRetentionInHours: 1, Tags: { a: 'b' } },
  '/describeStream': stream,
  '/listStreams': { MaxResults: 1, StreamNameCondition: { ComparisonOperator: 'BEGINS_WITH', ComparisonValue: 'c' } },
  '/updateStream': { ...stream, CurrentVersion: 'v', MediaType: 'video/h264' },
  '/updateDataRetention': {
    ...{ ...stream, CurrentVersion: 'v' },
    ...{ Operation: 'INCREASE_DATA_RETENTION', DataRetentionChangeInHours: 1 },
  },
  '/getDataEndpoint': { ...stream, APIName: 'GET_CLIP' },
  '/tagStream': { ...stream, Tags: { a: 'b' } },
  '/untagStream': { ...stream, TagKeyList: ['a'] },
  '/listTagsForStream': stream,
  '/TagResource': { ResourceARN, Tags: [{ Key: 'a', Value: 'b' }] },
  '/UntagResource': { ResourceARN, TagKeyList: ['a'] },
  '/ListTagsForResource': { ResourceARN },
  '/updateImageGenerationConfiguration': { ...stream, ImageGenerationConfiguration: images },
  '/updateNotificationConfiguration': {
    ...stream,
    NotificationConfiguration: { Status: 'ENABLED', DestinationConfig: { Uri: 'sns:topic' } },
  },
  '/updateStreamStorageConfiguration': {
    ...{ ...stream, CurrentVersion: 'v' },
    StreamStorageConfiguration: { DefaultStorageTier: 'WARM' },
  },
  '/getMedia': {
    ...stream,
    StartSelector: { StartSelectorType: 'PRODUCER_TIMESTAMP', StartTimestamp: startMs / 1000 },
  },
  '/listFragments': { ...stream, MaxResults: 3, FragmentSelector: selector },
  '/getMediaForFragmentList': { ...stream, Fragments: ['1'] },
  '/getClip': { ...stream, ClipFragmentSelector: selector },
  '/getImages': { ...stream, ...range, ImageSelectorType: 'PRODUCER_TIMESTAMP', Format: 'PNG', NextToken: 'MQ==' },
  '/getHLSStreamingSessionURL': { ...stream, PlaybackMode: 'ON_DEMAND', HLSFragmentSelector: selector, Expires: 300 },
};

async function call(url: string, path: string, body: string): Promise<{ status: number; type: string | null }> {
  const signer = new SignatureV4({ credentials: keys, region: 'us-west-2', service: 'kinesisvideo', sha256: Sha256 });
  const { host, hostname } = new URL(url);
  const unsigned = { method: 'POST', protocol: 'http:', hostname, path, query: {}, headers: { host }, body };
  const { headers } = await signer.sign(unsigned);
  const leave = new AbortController();
  const response = await fetch(`${url}${path}`, { method: 'POST', headers, body, signal: leave.signal });
  // GetMedia has no end of its own.
  leave.abort();
  return { status: response.status, type: response.headers.get('x-amzn-errortype') };
}

test('odd members are refused by name, and never by a failure of the server', async () => {
  await using running = await testCloud();
  const { url } = running.cloud;
  await createStream(url, 'cam');
  await uploadRecording(url, await recordAs(`${h264} -an`, 2, '64x48'), startMs);
  const below = seeded(7);
  const counts = { answered: 0, refused: 0 };
  for (let round = 0; round < 12; round++) {
    for (const [path, input] of Object.entries(operations)) {
      // What KVS does not know it ignores, and null is nothing to it.
      const odd =
        below(3) > 0 ? altered(input, below) : { ...input, Odd: oddities[below(oddities.length)], KmsKeyId: null };
      const body = JSON.stringify(odd);
      const { status, type } = await call(url, path, body);
      const told = `${path} ${body.slice(0, 300)}: ${status} ${type}`;
      expect(status, told).toBeLessThan(500);
      expect(type === null, told).toBe(status === 200);
      counts[status === 200 ? 'answered' : 'refused']++;
    }
  }
  for (const body of ['', '{', '[]', 'null', '"x"', '{"StreamName":"cam"}{', '\ufeff{}'])
    for (const path of Object.keys(operations)) expect((await call(url, path, body)).status, path).toBeLessThan(500);
  expect(counts.refused).toBeGreaterThan(100);
  expect(counts.answered).toBeGreaterThan(20);
  expect(running.problems).toEqual([]);
});
