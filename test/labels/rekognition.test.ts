import { createServer } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { rekognition } from '../../agent/labels/rekognition.ts';
import { still } from './still.ts';

type Answer = { status: number; body: object } | 'reset';
const throttle: Answer = { status: 400, body: { __type: 'ThrottlingException', message: 'Rate exceeded' } };

const detected = {
  Labels: [
    {
      Name: 'Person',
      Confidence: 97.5,
      Instances: [
        { BoundingBox: { Left: 0.25, Top: -0.1, Width: 0.25, Height: 0.6 }, Confidence: 96 },
        { BoundingBox: { Left: 0.5, Top: 0.5, Width: 0.25, Height: 0.75 }, Confidence: 40 },
      ],
      Parents: [],
    },
    { Name: 'Floor', Confidence: 88, Instances: [] },
    { Name: 'Cat', Confidence: 12, Instances: [] },
  ],
  LabelModelVersion: '3.0',
};

/** Answers each request with the next of the script, then with labels. Keeps what was asked. */
async function pretendRekognition(script: Answer[]) {
  const asked: { target: unknown; body: unknown }[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const answer = script[asked.length] ?? { status: 200, body: detected };
    asked.push({ target: request.headers['x-amz-target'], body: JSON.parse(Buffer.concat(chunks).toString()) });
    if (answer === 'reset') return request.socket.resetAndDestroy();
    response
      .writeHead(answer.status, { 'content-type': 'application/x-amz-json-1.1' })
      .end(JSON.stringify(answer.body));
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  return { endpoint: `http://127.0.0.1:${port}`, asked };
}

function providerAt(endpoint: string) {
  const credentials = async () => ({ accessKeyId: 'local', secretAccessKey: 'canary-secret' });
  return rekognition({ region: 'us-west-2', endpoint, credentials });
}

const signal = new AbortController().signal;

test('a still is sent as it is, and the answer becomes labels above the asked confidence, boxes within the picture', async () => {
  const { endpoint, asked } = await pretendRekognition([]);
  const labels = await providerAt(endpoint).detect(still(), { minConfidence: 70, maxLabels: 50, signal });
  expect(asked).toEqual([
    {
      target: 'RekognitionService.DetectLabels',
      body: {
        Image: { Bytes: Buffer.from('not looked at').toString('base64') },
        MinConfidence: 70,
        MaxLabels: 50,
        Features: ['GENERAL_LABELS'],
      },
    },
  ]);
  expect(labels).toEqual([
    {
      name: 'Person',
      confidence: 97.5,
      instances: [{ box: { left: 0.25, top: 0, width: 0.25, height: 0.5 }, confidence: 96 }],
    },
    { name: 'Floor', confidence: 88, instances: [] },
  ]);
});

test('filters go with the request, names that are none of Rekognition’s stay here, and what comes back is filtered again', async () => {
  const { endpoint, asked } = await pretendRekognition([]);
  const wishes = {
    ...{ minConfidence: 30, maxLabels: 1, include: ['person', 'Floor', 'Gerät'], exclude: ['Floor'] },
    ...{ includeCategories: ['Person Description'], excludeCategories: ['Patterns and Shapes'] },
  };
  const labels = await providerAt(endpoint).detect(still(), { ...wishes, signal });
  expect(asked[0]?.body).toMatchObject({
    MaxLabels: 1,
    MinConfidence: 30,
    Settings: {
      GeneralLabels: {
        LabelInclusionFilters: ['person', 'Floor'],
        LabelExclusionFilters: ['Floor'],
        LabelCategoryInclusionFilters: ['Person Description'],
        LabelCategoryExclusionFilters: ['Patterns and Shapes'],
      },
    },
  });
  expect(labels).toMatchObject([{ name: 'Person', instances: [{ confidence: 96 }, { confidence: 40 }] }]);
});

test('a picture over 5 MB is refused before it is sent, and the next one may go through at once', async () => {
  const { endpoint, asked } = await pretendRekognition([]);
  const provider = providerAt(endpoint);
  const options = { minConfidence: 70, maxLabels: 50, signal };
  const large = still({ jpeg: new Uint8Array(5 * 1024 * 1024 + 1) });
  await expect(provider.detect(large, options)).rejects.toMatchObject({
    code: 'labels-failed',
    retry: 'never',
    message: expect.stringContaining('5.2 MB'),
  });
  await expect(provider.detect(still({ jpeg: new Uint8Array(5 * 1024 * 1024) }), options)).resolves.toHaveLength(2);
  expect(asked).toHaveLength(1);
});

test('throttled, then answered: the first call fails as labels-throttled without hidden retries, the second succeeds', async () => {
  const { endpoint, asked } = await pretendRekognition([throttle]);
  const provider = providerAt(endpoint);
  const options = { minConfidence: 70, maxLabels: 50, signal };
  await expect(provider.detect(still(), options)).rejects.toMatchObject({ code: 'labels-throttled', retry: 'later' });
  expect(asked).toHaveLength(1);
  await expect(provider.detect(still(), options)).resolves.toHaveLength(2);
});

test.each([
  { type: 'ProvisionedThroughputExceededException', status: 400, code: 'labels-throttled', retry: 'later' },
  { type: 'AccessDeniedException', status: 400, code: 'labels-denied', retry: 'later' },
  { type: 'UnrecognizedClientException', status: 400, code: 'labels-denied', retry: 'later' },
  { type: 'InvalidSignatureException', status: 400, code: 'labels-denied', retry: 'later' },
  { type: 'InvalidImageFormatException', status: 400, code: 'labels-failed', retry: 'never' },
  { type: 'ImageTooLargeException', status: 400, code: 'labels-failed', retry: 'never' },
  { type: 'InternalServerError', status: 500, code: 'labels-failed', retry: 'later' },
  { type: 'SomethingNew', status: 400, code: 'labels-failed', retry: 'later' },
])('$type is $code, retried $retry', async ({ type, status, code, retry }) => {
  const { endpoint } = await pretendRekognition([{ status, body: { __type: type, message: 'no' } }]);
  const call = providerAt(endpoint).detect(still(), { minConfidence: 70, maxLabels: 50, signal });
  await expect(call).rejects.toMatchObject({ code, retry });
});

test('a connection that breaks and a service that is not there are labels-failed, without the secret', async () => {
  const { endpoint } = await pretendRekognition(['reset']);
  for (const address of [endpoint, 'http://127.0.0.1:9']) {
    const call = providerAt(address).detect(still(), { minConfidence: 70, maxLabels: 50, signal });
    const error = await call.catch((error: unknown) => error);
    expect(error).toMatchObject({ code: 'labels-failed', kind: 'unavailable', retry: 'later' });
    expect(JSON.stringify(error) + String(error)).not.toContain('canary-secret');
  }
});
