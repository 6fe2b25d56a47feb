// The verifier against AWS's published vectors, and against the signer AWS's own SDK uses.
import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';
import { describe, expect, test } from 'vitest';
import type { RequestHead } from '../../agent/local-cloud/canonical-request.ts';
import { sha256Hex } from '../../agent/local-cloud/canonical-request.ts';
import { emptyPayloadHash, unsignedPayload, verifySignature } from '../../agent/local-cloud/sigv4.ts';
import { Secret } from '../../agent/secret.ts';

const accessKeyId = 'AKIDEXAMPLE';
const secretAccessKey = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
const signedAtMs = Date.UTC(2015, 7, 30, 12, 36, 0);
const verifier = {
  accessKeyId,
  secretAccessKey: new Secret(secretAccessKey),
  services: ['service', 'iam'],
  nowMs: signedAtMs,
};

type Vector = {
  name: string;
  signature: string;
  method?: string;
  target?: string;
  headers?: [string, string][];
  signedHeaders?: string;
  service?: string;
  body?: string;
};

// Names and signatures of AWS's Signature Version 4 test suite, and the ListUsers example of the IAM guide.
const published: Vector[] = [
  { name: 'get-vanilla', signature: '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31' },
  {
    name: 'get-vanilla-query-order-key-case',
    target: '/?Param2=value2&Param1=value1',
    signature: 'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
  },
  {
    name: 'get-header-value-trim',
    headers: [
      ['My-Header1', ' value1'],
      ['My-Header2', ' "a   b   c"'],
    ],
    signedHeaders: 'host;my-header1;my-header2;x-amz-date',
    signature: 'acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736',
  },
  {
    name: 'get-header-key-duplicate',
    headers: [
      ['My-Header1', 'value2'],
      ['My-Header1', 'value2'],
      ['My-Header1', 'value1'],
    ],
    signedHeaders: 'host;my-header1;x-amz-date',
    signature: 'c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea',
  },
  {
    name: 'get-unreserved',
    target: '/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz',
    signature: '07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f',
  },
  {
    name: 'get-relative',
    target: '/example/..',
    signature: '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
  },
  { name: 'get-slashes', target: '//', signature: '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31' },
  {
    name: 'post-vanilla',
    method: 'POST',
    signature: '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b',
  },
  {
    name: 'post-x-www-form-urlencoded',
    method: 'POST',
    headers: [['Content-Type', 'application/x-www-form-urlencoded']],
    signedHeaders: 'content-type;host;x-amz-date',
    body: 'Param1=value1',
    signature: 'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
  },
  {
    name: 'iam ListUsers',
    service: 'iam',
    target: '/?Action=ListUsers&Version=2010-05-08',
    headers: [
      ['Host', 'iam.amazonaws.com'],
      ['Content-Type', 'application/x-www-form-urlencoded; charset=utf-8'],
    ],
    signedHeaders: 'content-type;host;x-amz-date',
    signature: '5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7',
  },
];

function headOf(vector: Vector): RequestHead {
  const { headers = [], signedHeaders = 'host;x-amz-date', service = 'service', signature } = vector;
  const host: [string, string][] = headers.some(([name]) => name === 'Host') ? [] : [['Host', 'example.amazonaws.com']];
  const authorization = `AWS4-HMAC-SHA256 Credential=${accessKeyId}/20150830/us-east-1/${service}/aws4_request, SignedHeaders=${signedHeaders}, Signature=${signature}`;
  return {
    method: vector.method ?? 'GET',
    target: vector.target ?? '/',
    rawHeaders: [...host, ...headers, ['X-Amz-Date', '20150830T123600Z'], ['Authorization', authorization]].flat(),
  };
}

describe('published vectors', () => {
  test.each(published)('$name is accepted', vector => {
    const caller = verifySignature(headOf(vector), sha256Hex(vector.body ?? ''), verifier);
    expect(caller).toEqual({ accessKeyId, region: 'us-east-1', service: vector.service ?? 'service' });
  });

  test.each(published)('$name is refused when one bit of the signature differs', vector => {
    const last = Number.parseInt(vector.signature.slice(-1), 16) ^ 1;
    const signature = vector.signature.slice(0, -1) + last.toString(16);
    expect(() => verifySignature(headOf({ ...vector, signature }), sha256Hex(vector.body ?? ''), verifier)).toThrow(
      expect.objectContaining({ type: 'InvalidSignatureException', status: 403 }),
    );
  });
});

const nowMs = Date.UTC(2026, 10, 23, 8, 0, 0);
const kvs = { ...verifier, services: ['kinesisvideo', 'rekognition'], nowMs };

async function signed(options: {
  target?: string;
  headers?: Record<string, string>;
  body?: string;
  host?: string;
  atMs?: number;
  key?: string;
  secret?: string;
  region?: string;
  service?: string;
}): Promise<RequestHead> {
  const { target = '/describeStream', host = '127.0.0.1:4600', body, region = 'us-west-2' } = options;
  const url = new URL(target, 'http://127.0.0.1');
  const signer = new SignatureV4({
    credentials: { accessKeyId: options.key ?? accessKeyId, secretAccessKey: options.secret ?? secretAccessKey },
    region,
    service: options.service ?? 'kinesisvideo',
    sha256: Sha256,
  });
  const request = {
    method: 'POST',
    protocol: 'http:',
    hostname: '127.0.0.1',
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers: { host, ...options.headers },
    ...(body === undefined ? {} : { body }),
  };
  const result = await signer.sign(request, { signingDate: new Date(options.atMs ?? nowMs) });
  return { method: 'POST', target, rawHeaders: Object.entries(result.headers).flat() };
}

const refusal = (type: string, status: number) => expect.objectContaining({ type, status });

test('what the AWS SDK signs is accepted, in any region, for both services', async () => {
  const body = '{"StreamName":"front-door"}';
  for (const region of ['us-west-2', 'eu-central-1', 'cn-north-1', 'moon-1'])
    for (const service of ['kinesisvideo', 'rekognition']) {
      const head = await signed({ body, region, service });
      expect(verifySignature(head, sha256Hex(body), kvs)).toEqual({ accessKeyId, region, service });
    }
});

test('a path and query that need encoding are accepted as the AWS SDK signs them', async () => {
  const head = await signed({ target: "/a%20b/%E1%88%B4?z=1&a=x%20y&a-b=%2F!'()*" });
  expect(verifySignature(head, emptyPayloadHash, kvs).region).toBe('us-west-2');
});

test('a body other than the signed one is refused', async () => {
  const head = await signed({ body: '{"StreamName":"front-door"}' });
  expect(() => verifySignature(head, sha256Hex('{"StreamName":"back-door"}'), kvs)).toThrow(
    refusal('InvalidSignatureException', 403),
  );
});

test('an unsigned payload and a session token added after signing are accepted', async () => {
  const head = await signed({ headers: { 'x-amz-content-sha256': unsignedPayload } });
  const rawHeaders = [...head.rawHeaders, 'x-amz-security-token', 'anything'];
  expect(verifySignature({ ...head, rawHeaders }, unsignedPayload, kvs).service).toBe('kinesisvideo');
});

test('a host signed without the port that was sent is accepted, another host is not', async () => {
  const withHost = async (host: string) => {
    const head = await signed({ host: '127.0.0.1' });
    return { ...head, rawHeaders: head.rawHeaders.map(value => (value === '127.0.0.1' ? host : value)) };
  };
  expect(verifySignature(await withHost('127.0.0.1:4600'), emptyPayloadHash, kvs).accessKeyId).toBe(accessKeyId);
  const other = await withHost('127.0.0.2:4600');
  expect(() => verifySignature(other, emptyPayloadHash, kvs)).toThrow(refusal('InvalidSignatureException', 403));
});

test.each([
  { what: 'an unknown key', options: { key: 'AKIDOTHER' }, type: 'UnrecognizedClientException', status: 403 },
  { what: 'a wrong secret', options: { secret: 'wrong' }, type: 'InvalidSignatureException', status: 403 },
  { what: 'another service', options: { service: 's3' }, type: 'InvalidSignatureException', status: 403 },
  {
    what: 'a clock 5 min 1 s slow',
    options: { atMs: nowMs - 301_000 },
    type: 'InvalidSignatureException',
    status: 403,
  },
  {
    what: 'a clock 5 min 1 s fast',
    options: { atMs: nowMs + 301_000 },
    type: 'InvalidSignatureException',
    status: 403,
  },
])('$what is refused with $type', async ({ options, type, status }) => {
  const head = await signed(options);
  expect(() => verifySignature(head, emptyPayloadHash, kvs)).toThrow(refusal(type, status));
});

test('a clock 5 minutes off is still accepted', async () => {
  for (const atMs of [nowMs - 300_000, nowMs + 300_000])
    expect(verifySignature(await signed({ atMs }), emptyPayloadHash, kvs).accessKeyId).toBe(accessKeyId);
});

test.each([
  { header: undefined, type: 'MissingAuthenticationTokenException', status: 403 },
  { header: 'Basic dXNlcjpwYXNz', type: 'IncompleteSignatureException', status: 400 },
  {
    header: 'AWS4-HMAC-SHA256 Credential=A/20261123/r/kinesisvideo/aws4_request',
    type: 'IncompleteSignatureException',
    status: 400,
  },
  {
    header: `AWS4-HMAC-SHA256 Credential=${accessKeyId}/20261123/r/kinesisvideo/aws4_request, SignedHeaders=x-amz-date, Signature=${'0'.repeat(64)}`,
    type: 'IncompleteSignatureException',
    status: 400,
  },
])('the Authorization header "$header" is refused with $type', ({ header, type, status }) => {
  const rawHeaders = ['host', 'h', 'x-amz-date', '20261123T080000Z', ...(header ? ['authorization', header] : [])];
  expect(() => verifySignature({ method: 'POST', target: '/', rawHeaders }, emptyPayloadHash, kvs)).toThrow(
    refusal(type, status),
  );
});
