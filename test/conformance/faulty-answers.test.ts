// What other people's clients make of a server that was told to misbehave: they meet a fault as they would meet KVS's.
import { afterAll, beforeAll, expect } from 'vitest';
import type { FaultInput } from '../../agent/local-cloud/faults/plan.ts';
import { writeHeader } from '../../agent/matroska/write.ts';
import { awsCli, keys, type TestCloud, testCloud } from '../local-cloud/control-cloud.ts';
import { cluster, startMs, videoTrack } from '../local-cloud/ingest-producer.ts';
import { createStream, run, upload } from '../local-cloud/stored-media.ts';
import { cell } from './cell.ts';

let running: TestCloud;
beforeAll(async () => {
  running = await testCloud({ faults: true });
  await createStream(running.cloud.url, 'cam');
  const fragments = Array.from({ length: 5 }, (_, index) => cluster(startMs + index * 20_000, 150));
  await upload(running.cloud.url, [writeHeader([videoTrack]), ...fragments]);
});
afterAll(() => running[Symbol.asyncDispose]());

const put = (...faults: FaultInput[]) => running.cloud.faults?.put(faults);
const met = () => running.cloud.faults?.report().faults.map(fault => fault.met);

async function python(script: string): Promise<string> {
  const { url } = running.cloud;
  const client = `boto3.client(name, endpoint_url='${url}', region_name='us-west-2', config=Config(retries={'max_attempts': 0}))`;
  const prelude = `import boto3\nfrom botocore.config import Config\nclient = lambda name: ${client}\n`;
  const { stdout } = await run('/usr/bin/python3', ['-c', `${prelude}${script}`], {
    env: {
      ...{ PATH: '/usr/bin:/bin', AWS_ACCESS_KEY_ID: keys.accessKeyId },
      ...{ AWS_SECRET_ACCESS_KEY: keys.secretAccessKey, AWS_EC2_METADATA_DISABLED: 'true' },
    },
  });
  return stdout.trim();
}

cell({ operation: 'ListStreams', client: 'AWS CLI' }, 'tries again after throttling, and gets its answer', async () => {
  put({ fault: 'answer', operation: 'ListStreams', errorType: 'ThrottlingException', times: 1 });
  expect(await awsCli(running.cloud.url, 'kinesisvideo', 'list-streams')).toMatchObject({
    StreamInfoList: [{ StreamName: 'cam' }],
  });
  expect(met()).toEqual([1]);
  expect(running.cloud.faults?.report().requests['/listStreams']).toBe(2);
});

cell({ operation: 'DescribeStream', client: 'boto3' }, 'raises the error by its name, with its status', async () => {
  put({ fault: 'answer', operation: 'DescribeStream', stream: 'cam', errorType: 'ClientLimitExceededException' });
  const said = await python(`
try: client('kinesisvideo').describe_stream(StreamName='cam')
except client('kinesisvideo').exceptions.ClientError as error:
  print(error.response['Error']['Code'], error.response['ResponseMetadata']['HTTPStatusCode'])`);
  expect(said).toBe('ClientLimitExceededException 400');
});

cell({ operation: 'GetMedia', client: 'boto3' }, 'reads up to the cut and notices it', async () => {
  put({ fault: 'cut-answer', operation: 'GetMedia', afterBytes: 30_000 });
  const said = await python(`
answer = client('kinesis-video-media').get_media(StreamName='cam', StartSelector={'StartSelectorType': 'EARLIEST'})
read = 0
try:
  while True:
    piece = answer['Payload'].read(1000)
    if not piece: print('an end', read); break
    read += len(piece)
except Exception as error:
  print(type(error).__name__, read)`);
  expect(said).toMatch(/^(ResponseStreamingError|ProtocolError|IncompleteReadError|IncompleteRead) \d+$/);
  expect(Number(said.split(' ')[1])).toBeLessThanOrEqual(30_000);
});

cell({ operation: 'GetDataEndpoint', client: 'curl' }, 'waits for a slow answer, as long as it likes', async () => {
  const curl = (...args: string[]) => {
    const signed = [
      '--aws-sigv4',
      'aws:amz:us-west-2:kinesisvideo',
      '--user',
      `${keys.accessKeyId}:${keys.secretAccessKey}`,
    ];
    const body = ['-H', 'content-type: application/json', '-d', '{"StreamName":"cam","APIName":"GET_MEDIA"}'];
    return run('/usr/bin/curl', ['-sS', ...args, ...signed, ...body, `${running.cloud.url}/getDataEndpoint`]);
  };
  put({ fault: 'slow-answer', operation: 'GetDataEndpoint', bytesPerSecond: 100 });
  const { stdout } = await curl('-w', ' %{time_total}');
  expect(stdout).toContain(`{"DataEndpoint":"${running.cloud.url}"}`);
  expect(Number(stdout.split(' ').at(-1))).toBeGreaterThan(0.2);
  put({ fault: 'no-answer', operation: 'GetDataEndpoint' });
  await expect(curl('--max-time', '0.3')).rejects.toMatchObject({ code: 28 });
});
