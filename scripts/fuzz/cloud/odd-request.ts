// Damage to a request around its body: its line, its headers, how its body is sent. What AWS's clients sign is signed, so
// that most of it reaches the operation.
import { mutateBytes } from '../mutate-bytes.ts';
import { below, oneOf, pieces, type Random } from '../target.ts';
import { headOf, type RunningCloud } from './running-cloud.ts';
import { signedHeaders } from './signed-request.ts';

type Content = { path: string; body: Buffer };
type Pieces = Iterable<Uint8Array | string>;

const methods = [
  'GET',
  'PUT',
  'DELETE',
  'OPTIONS',
  'HEAD',
  'PATCH',
  'TRACE',
  'post',
  'POSTPOST',
  'M-SEARCH',
  'CONNECT',
  'POST ',
];
const versions = ['HTTP/1.0', 'HTTP/1.1', 'HTTP/2.0', 'HTTP/0.9', 'HTTP/1.1 ', 'ICY', ''];
const headers: readonly string[] = [
  ...[
    'content-type: application/json',
    'content-type:',
    'content-encoding: gzip',
    'accept-encoding: *',
    'origin: null',
  ],
  ...['expect: 100-continue', 'expect: 200-maybe', 'connection: close', 'connection: upgrade', 'upgrade: h2c'],
  ...['x-amz-content-sha256: UNSIGNED-PAYLOAD', 'x-amz-content-sha256: x', 'x-amz-security-token: x'],
  ...['x-amz-target: RekognitionService.DetectLabels', 'x-amz-target: __proto__', 'x-amz-date: 99999999T999999Z'],
  ...['host:', 'host: a b:c', 'authorization: AWS4-HMAC-SHA256 Credential=local/', 'content-length: 0'],
  ...['content-length: 99999999999999999999', 'content-length: -1', 'transfer-encoding: gzip, chunked'],
  ...['transfer-encoding: chunked', `cookie: ${'x'.repeat(9000)}`, `x: ${'y'.repeat(20_000)}`, ' folded', 'no colon'],
];

export function oddRequest(cloud: RunningCloud, content: Content, random: Random): Pieces {
  return oneOf(ways, random)(cloud, content, random);
}

const ways: ((cloud: RunningCloud, content: Content, random: Random) => Pieces)[] = [
  (cloud, content, random) => [headWith(cloud, content, { method: oneOf(methods, random) }), content.body],
  (cloud, content, random) => [headWith(cloud, content, { version: oneOf(versions, random) }), content.body],
  (cloud, content, random) => [headWith(cloud, content, { target: oddTarget(content.path, random) }), content.body],
  (cloud, content, random) => [headWith(cloud, content, { extra: some(headers, random) }), content.body],
  (cloud, content, random) => [headWith(cloud, content, { extra: some(headers, random) }), content.body],
  (cloud, content, random) => [mutateBytes(Buffer.from(headWith(cloud, content, {}), 'latin1'), random), content.body],
  // More or less than was announced.
  (cloud, content, random) => [
    headWith(cloud, content, {}),
    content.body.subarray(0, below(content.body.length + 1, random)),
  ],
  (cloud, content) => [headWith(cloud, content, {}), content.body, content.body],
  (cloud, content, random) => [
    headWith(cloud, content, { framing: 'transfer-encoding: chunked' }),
    ...chunked(content.body, random),
  ],
  (cloud, content, random) => {
    const damaged = mutateBytes(Buffer.concat([...chunked(content.body, random)]), random);
    return [headWith(cloud, content, { framing: 'transfer-encoding: chunked' }), damaged];
  },
  (cloud, content) => [headWith(cloud, content, { framing: 'x: y' }), content.body],
  // One after the other, without waiting for the answer.
  (cloud, content) => [1, 2, 3].flatMap(() => [headWith(cloud, content, {}), content.body]),
  (cloud, content, random) => [
    headWith(cloud, content, { framing: `content-length: ${2 ** (20 + below(3, random))}` }),
    content.body,
  ],
  (_, { path }, random) => [headOf(`POST ${path} HTTP/1.1`, { host: 'x' }, ...some(headers, random))],
];

type Changes = {
  method?: string;
  version?: string;
  target?: string;
  framing?: string;
  extra?: readonly string[];
};

function headWith(cloud: RunningCloud, { path, body }: Content, changes: Changes): string {
  const { method = 'POST', version = 'HTTP/1.1', target = path, extra = [] } = changes;
  const framing = changes.framing ?? `content-length: ${body.length}`;
  const signed = signedHeaders({ method, target, host: cloud.host, body, nowMs: Date.now() });
  return headOf(`${method} ${target} ${version}`, signed, framing, ...extra);
}

function oddTarget(path: string, random: Random): string {
  const targets = [
    ...[
      `${path}/`,
      `/${path}`,
      path.toUpperCase(),
      `${path}?`,
      `${path}?a=b&a=%zz&%00`,
      `${path}#x`,
      `${path}%20`,
      `.${path}`,
    ],
    ...[
      `http://x${path}`,
      '*',
      '',
      path.slice(1),
      `/${'a/../'.repeat(2000)}${path.slice(1)}`,
      `${path}?${'&'.repeat(3000)}`,
    ],
    ...[
      `${path}?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=local`,
      '/__proto__',
      '/hls/v1/*',
      '//',
      '/%',
      '/\u00ff',
    ],
  ];
  return oneOf(targets, random);
}

/** The body in chunks of any length, some with extensions; trailers at the end. */
export function* chunked(body: Uint8Array, random: Random): Generator<Buffer> {
  for (const piece of pieces(body, random)) {
    const extension = random() < 0.05 ? ';name="value"' : '';
    if (piece.length > 0)
      yield Buffer.concat([Buffer.from(`${piece.length.toString(16)}${extension}\r\n`), piece, Buffer.from('\r\n')]);
  }
  yield Buffer.from(random() < 0.1 ? '0\r\nx-trailer: y\r\n\r\n' : '0\r\n\r\n');
}

function some<T>(values: readonly T[], random: Random): T[] {
  return Array.from({ length: 1 + below(3, random) }, () => oneOf(values, random));
}
