// PutMedia requests as no good producer sends them: how a body is announced, cut, delayed and followed, whatever is in it.
import { mutateBytes } from '../mutate-bytes.ts';
import { below, oneOf, pieces, type Random } from '../target.ts';
import type { Sending } from './exchange.ts';
import { chunked } from './odd-request.ts';
import { headOf, type RunningCloud } from './running-cloud.ts';
import { signedHeaders } from './signed-request.ts';

export type OddSession = {
  sending: Omit<Sending, 'port'>;
  /** What arrives is this body, or a part of it from its beginning. */
  isFaithful: boolean;
};

const names: Record<string, readonly string[]> = {
  'x-amzn-fragment-timecode-type': ['ABSOLUTE', 'RELATIVE', 'relative', ''],
  'x-amzn-producer-start-timestamp': [
    '0',
    '1700000000.007',
    '1e3',
    '-1',
    'now',
    '253402300799.999',
    '9'.repeat(400),
    ' 1 ',
  ],
  'x-amzn-fragment-acknowledgment-required': ['0', '1', '2', ''],
  'x-amzn-stream-name': ['nobody', '', '../x', 'x'.repeat(300), 'fuzz-0'],
  'x-amzn-stream-arn': ['arn:aws:kinesisvideo:us-west-2:000000000000:stream/fuzz-0/1', 'arn:'],
  expect: ['100-continue', '100-Continue', '100-continue, x', '200-ok', ''],
  connection: ['close', 'keep-alive', 'upgrade', 'te'],
  'content-type': ['video/x-matroska', ''],
  'transfer-encoding': ['chunked', 'identity', 'gzip, chunked', 'chunked, chunked'],
};

export function oddSession(cloud: RunningCloud, stream: string, body: Uint8Array, random: Random): OddSession {
  const framing = random();
  const isChunked = framing < 0.6;
  const isExact = random() < 0.75;
  const announced = isExact ? body.length : oneOf([0, 1, body.length - 1, body.length + 1, 2 ** 40], random);
  const headers: Record<string, string> = {
    ...signedHeaders({ target: '/putMedia', host: cloud.host, nowMs: Date.now() }),
    'x-amzn-stream-name': stream,
    'x-amzn-fragment-timecode-type': oneOf(['ABSOLUTE', 'RELATIVE'], random),
    'x-amzn-producer-start-timestamp': oneOf(['1700000000.007', '1700000000.7', '0'], random),
    ...(isChunked
      ? { 'transfer-encoding': 'chunked' }
      : framing < 0.97
        ? { 'content-length': String(Math.max(0, announced)) }
        : {}),
  };
  const isOdd = random() < 0.2;
  if (isOdd) {
    const name = oneOf(Object.keys(names), random);
    headers[name] = oneOf(names[name] ?? [''], random);
  }
  const head: Uint8Array = Buffer.from(headOf('POST /putMedia HTTP/1.1', headers));
  const sent = [...(isChunked ? chunked(body, random) : pieces(body, random))];
  const damage = random();
  const isDamaged = isChunked && damage < 0.2;
  const wire = isDamaged ? [mutateBytes(Buffer.concat(sent), random)] : sent;
  const cut = random() < 0.2 ? wire.slice(0, below(wire.length + 1, random)) : wire;
  const followed = random() < 0.06 ? [...cut, head, ...sent] : cut;
  // A server that has all it was promised answers by itself; of the others it must learn that nothing more will come.
  const isComplete = !isOdd && !isDamaged && cut === wire && (isChunked || framing >= 0.97 || announced <= body.length);
  return {
    sending: {
      pieces: glued([head, ...followed], random),
      ...(followed.length < 60 && random() < 0.2 ? { pauseMs: below(3, random) } : {}),
      afterwards: isComplete && random() < 0.9 ? 'stay' : oneOf(['close', 'close', 'close', 'reset'] as const, random),
      ...(random() < 0.05 ? { leaveAfterMs: below(30, random) } : {}),
    },
    isFaithful: !isDamaged && headers['transfer-encoding'] !== 'identity',
  };
}

/** As one write, or as many as there are pieces; sometimes a byte at a time at the beginning. */
function glued(wire: Uint8Array[], random: Random): Uint8Array[] {
  if (random() < 0.4) return [Buffer.concat(wire)];
  if (random() < 0.1) return [...[...(wire[0] ?? [])].map(byte => Uint8Array.of(byte)), ...wire.slice(1)];
  return wire;
}
