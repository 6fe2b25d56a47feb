// SageMaker's runtime, played by a server that checks what it is sent as AWS does: signature, path, headers, body.
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { sageMaker } from '../../agent/labels/sagemaker.ts';
import { verifySignature } from '../../agent/local-cloud/sigv4.ts';
import { WireError } from '../../agent/local-cloud/wire-error.ts';
import { Secret } from '../../agent/secret.ts';
import type { SageMakerSettings } from '../../shared/label-settings.ts';
import { folder } from './own-model.ts';
import { still } from './still.ts';

const accessKeyId = 'AKIDTEST';
const secretAccessKey = 'canary-secret';

type Answer = { status?: number; body: string; headers?: Record<string, string> } | 'reset';
type Asked = { path: string | undefined; headers: Record<string, unknown>; body: Buffer };

/** Answers each request with the next of the script, the last one again and again; a wrong signature with what AWS says. */
async function pretendSageMaker(...script: Answer[]) {
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const answer = script[asked.length] ?? script.at(-1) ?? { body: '{}' };
    asked.push({ path: request.url, headers: request.headers, body });
    if (answer === 'reset') return request.socket.resetAndDestroy();
    try {
      const head = { method: request.method ?? '', target: request.url ?? '', rawHeaders: request.rawHeaders };
      const hash = createHash('sha256').update(body).digest('hex');
      const verifier = { accessKeyId, secretAccessKey: new Secret(secretAccessKey), services: ['sagemaker'] };
      verifySignature(head, hash, { ...verifier, nowMs: Date.now() });
    } catch (error) {
      const type = error instanceof WireError ? error.type : 'InternalFailure';
      return response.writeHead(403, { 'x-amzn-errortype': type }).end(JSON.stringify({ message: String(error) }));
    }
    response
      .writeHead(answer.status ?? 200, { 'content-type': 'application/json', ...answer.headers })
      .end(answer.body);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return { endpoint: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`, asked };
}

function labelsFile(...names: string[]): string {
  const path = join(folder(), 'labels.txt');
  writeFileSync(path, names.join('\n'));
  return path;
}

function providerAt(endpoint: string, change: Partial<SageMakerSettings> = {}, secret = secretAccessKey) {
  const credentials = async () => ({ accessKeyId, secretAccessKey: secret });
  const aws = { region: 'eu-central-1', endpoint, credentials };
  const provider = sageMaker(aws, { endpointName: 'parcels', ...change });
  onTestFinished(() => provider[Symbol.dispose]());
  return provider;
}

const signal = new AbortController().signal;
const options = { minConfidence: 0, maxLabels: 100, signal };

test('the picture is sent to the endpoint and its variant as it is, signed', async () => {
  const { endpoint, asked } = await pretendSageMaker({ body: '{"labels":[]}' });
  const picture = still({ jpeg: Buffer.from('not looked at') });
  expect(await providerAt(endpoint, { variant: 'blue' }).detect(picture, options)).toEqual([]);
  expect(asked).toMatchObject([
    {
      path: '/endpoints/parcels/invocations',
      headers: {
        'content-type': 'image/jpeg',
        accept: 'application/json',
        'x-amzn-sagemaker-target-variant': 'blue',
        authorization: expect.stringContaining('/eu-central-1/sagemaker/aws4_request'),
      },
      body: picture.jpeg,
    },
  ]);
});

/** The first two rows are of the example in AWS's description of its object detection. */
const prediction = {
  prediction: [
    [4, 0.864_194_55, 0.308_837_47, 0.070_304_84, 0.711_060_7, 0.934_526_68],
    [0, 0.733_766_23, 0.571_418_7, 0.404_273_27, 0.827_075_18, 0.971_215_96],
  ],
};
const box = (left: number, top: number, width: number, height: number) =>
  Object.fromEntries(Object.entries({ left, top, width, height }).map(([side, at]) => [side, expect.closeTo(at, 4)]));
const fiveNames = ['dog', 'bus', 'cat', 'cow', 'car'];

test.each([
  {
    name: 'SageMaker’s object detection',
    answer: prediction,
    names: fiveNames,
    labels: [
      {
        name: 'car',
        confidence: expect.closeTo(86.419),
        instances: [{ box: box(0.3088, 0.0703, 0.4022, 0.8642), confidence: expect.closeTo(86.419) }],
      },
      {
        name: 'dog',
        confidence: expect.closeTo(73.377),
        instances: [{ box: box(0.5714, 0.4043, 0.2557, 0.5669), confidence: expect.closeTo(73.377) }],
      },
    ],
  },
  {
    name: 'SageMaker’s image classification',
    answer: [0.1, 0.7, 0.2],
    names: fiveNames.slice(0, 3),
    labels: [
      { name: 'bus', confidence: 70, instances: [] },
      { name: 'cat', confidence: 20, instances: [] },
      { name: 'dog', confidence: 10, instances: [] },
    ],
  },
  {
    name: 'a Hugging Face object detection, in pixels of the picture',
    answer: [
      { score: 0.5, label: 'cat', box: { xmin: 0, ymin: 0, xmax: 100, ymax: 50 } },
      { score: 0.9, label: 'cat', box: { xmin: 384, ymin: 108, xmax: 800, ymax: 432 } },
    ],
    labels: [
      {
        name: 'cat',
        confidence: 90,
        instances: [
          { box: box(0, 0, 100 / 768, 50 / 432), confidence: 50 },
          { box: box(0.5, 0.25, 0.5, 0.75), confidence: 90 },
        ],
      },
    ],
  },
  {
    name: 'a Hugging Face image classification',
    answer: [{ label: 'street', score: 0.6 }],
    labels: [{ name: 'street', confidence: 60, instances: [] }],
  },
  { name: 'a Hugging Face answer with nothing in it', answer: [], labels: [] },
  {
    name: 'the plain shape',
    answer: {
      labels: [
        { name: 'Parcel', confidence: 91, box: { left: -0.1, top: 0.5, width: 0.3, height: 0.9 } },
        { name: 'Night', confidence: 12 },
      ],
    },
    labels: [
      { name: 'Parcel', confidence: 91, instances: [{ box: box(0, 0.5, 0.2, 0.5), confidence: 91 }] },
      { name: 'Night', confidence: 12, instances: [] },
    ],
  },
])('$name becomes labels', async ({ answer, names, labels }) => {
  const { endpoint } = await pretendSageMaker({ body: JSON.stringify(answer) });
  const provider = providerAt(endpoint, names ? { labelsFile: labelsFile(...names) } : {});
  expect(await provider.detect(still(), options)).toEqual(labels);
});

test('filters apply to what the endpoint answers', async () => {
  const { endpoint } = await pretendSageMaker({ body: JSON.stringify(prediction) });
  const provider = providerAt(endpoint, { labelsFile: labelsFile(...fiveNames) });
  const labels = await provider.detect(still(), { ...options, minConfidence: 50, exclude: ['Car'] });
  expect(labels.map(({ name }) => name)).toEqual(['dog']);
});

test.each([
  { name: 'numbers without names', body: JSON.stringify(prediction), says: /no labelsFile.*Set labelsFile/ },
  {
    name: 'a number beyond the names',
    body: JSON.stringify(prediction),
    names: ['dog'],
    says: /has 1 labels.*Set labelsFile/,
  },
  { name: 'another number of probabilities', body: '[0.5,0.5]', names: ['dog'], says: /has 1 labels/ },
  { name: 'no JSON', body: '<html>', says: /no JSON/ },
  { name: 'JSON of another shape', body: '{"detections":[]}', says: /another shape.*docs\/labels\.md/ },
  {
    name: 'a list that is none and has a length nothing compares with',
    body: '{"labels":{"length":{"toString":1,"valueOf":1}}}',
    says: /another shape/,
  },
  { name: 'half a row', body: '{"prediction":[[1,0.5]]}', says: /another shape/ },
  { name: 'a number that is none', body: '{"labels":[{"name":"a","confidence":1e999}]}', says: /another shape/ },
])('$name is model-invalid, with what to change', async ({ body, names, says }) => {
  const { endpoint } = await pretendSageMaker({ body });
  const provider = providerAt(endpoint, names ? { labelsFile: labelsFile(...names) } : {});
  await expect(provider.detect(still(), options)).rejects.toMatchObject({
    code: 'model-invalid',
    retry: 'later',
    message: expect.stringMatching(says),
  });
});

test('a labels file that is missing is read as soon as it is there', async () => {
  const { endpoint, asked } = await pretendSageMaker({ body: '[1]' });
  const path = join(folder(), 'labels.txt');
  const provider = providerAt(endpoint, { labelsFile: path });
  await expect(provider.detect(still(), options)).rejects.toMatchObject({
    code: 'model-invalid',
    message: expect.stringContaining('is not there. Set labelsFile.'),
  });
  expect(asked).toEqual([]);
  writeFileSync(path, 'dog\n');
  expect(await provider.detect(still(), options)).toMatchObject([{ name: 'dog', confidence: 100 }]);
});

test.each([
  { type: 'ThrottlingException', status: 400, code: 'labels-throttled' },
  { type: 'AccessDeniedException', status: 403, code: 'labels-denied' },
  { type: 'UnrecognizedClientException', status: 403, code: 'labels-denied' },
  { type: 'ExpiredTokenException', status: 403, code: 'labels-denied' },
  { type: 'ValidationError', status: 400, code: 'model-invalid', says: 'no endpoint parcels' },
  { type: 'ModelError', status: 424, code: 'model-failed', says: 'endpoint parcels failed' },
  { type: 'ModelNotReadyException', status: 429, code: 'model-failed', says: 'being loaded' },
  { type: 'ServiceUnavailable', status: 503, code: 'labels-failed' },
  { type: 'InternalFailure', status: 500, code: 'labels-failed' },
  { type: 'SomethingNew', status: 400, code: 'labels-failed' },
])('$type is $code, after one call', async ({ type, status, code, says = '' }) => {
  const { endpoint, asked } = await pretendSageMaker({
    status,
    body: '{"message":"no"}',
    headers: { 'x-amzn-errortype': type },
  });
  const call = providerAt(endpoint).detect(still(), options);
  await expect(call).rejects.toMatchObject({ code, retry: 'later', message: expect.stringContaining(says) });
  expect(asked).toHaveLength(1);
});

test('a wrong secret, a broken connection and nobody there are typed errors without the secret; who leaves hears of it', async () => {
  const { endpoint } = await pretendSageMaker({ body: '[]' });
  const broken = await pretendSageMaker('reset');
  for (const { provider, code } of [
    { provider: providerAt(endpoint, {}, 'canary-wrong'), code: 'labels-denied' },
    { provider: providerAt(broken.endpoint), code: 'labels-failed' },
    { provider: providerAt('http://127.0.0.1:9'), code: 'labels-failed' },
  ]) {
    const error = await provider.detect(still(), options).catch((error: unknown) => error);
    expect(error).toMatchObject({ code });
    expect(JSON.stringify(error) + String(error)).not.toContain('canary');
  }
  const leaving = AbortSignal.abort(new Error('The camera was removed'));
  await expect(providerAt(endpoint).detect(still(), { ...options, signal: leaving })).rejects.toThrow();
});

test('a picture over 5 MB is refused before it is sent', async () => {
  const { endpoint, asked } = await pretendSageMaker({ body: '[]' });
  const large = still({ jpeg: new Uint8Array(6_000_000) });
  await expect(providerAt(endpoint).detect(large, options)).rejects.toMatchObject({
    code: 'labels-failed',
    retry: 'never',
  });
  expect(asked).toEqual([]);
});
