// The bytes of an RTSP connection: whatever a camera or something else sends, messages and frames come out the same however
// they are cut, no larger than what went in, and the headers a client reads never throw. After rubbish the next frames are found.
import { isDeepStrictEqual } from 'node:util';
import { Authenticator } from '../../agent/rtsp/authentication.ts';
import type { RtspMessage } from '../../agent/rtsp/message.ts';
import { readRtpInfo, readSession, readTransport } from '../../agent/rtsp/transport-header.ts';
import { RtspWire, WireError } from '../../agent/rtsp/wire.ts';
import { Secret } from '../../agent/secret.ts';
import { mutateBytes } from './mutate-bytes.ts';
import { below, demand, type Ending, oneOf, pieces, type Random, type Target } from './target.ts';

const canary = 'c4n4ry';
const heads = [
  'RTSP/1.0 200 OK\r\nCSeq: 1\r\nPublic: OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER\r\n',
  'RTSP/1.0 401 Unauthorized\r\nCSeq: 2\r\nWWW-Authenticate: Digest realm="cam", nonce="5f", algorithm=SHA-256, qop="auth"\r\nWWW-Authenticate: Basic realm="cam"\r\n',
  'RTSP/1.0 200 OK\r\nCSeq: 3\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1;ssrc=1\r\nSession: 7;timeout=30\r\n',
  'RTSP/1.0 200 OK\r\nCSeq: 4\r\nRTP-Info: url=rtsp://a/1;seq=1;rtptime=2,url=rtsp://a/2;rtptime=3\r\nSession: 7\r\n',
  'OPTIONS rtsp://a/ RTSP/1.0\r\nCSeq: 5\r\n',
];
const rubbish = [
  '',
  '\0',
  '\r\n\r\n',
  '$',
  'RTSP/1.0 ',
  'HTTP/1.1 400 Bad Request\r\n\r\n',
  'GET_PARAM',
  '\xff\xff\xff',
];
/** Good frames, more of them than a cut message's body can swallow. */
const markBytes = 8192;
const mark = Buffer.concat([Uint8Array.of(0x24, 0, markBytes >> 8, markBytes & 0xff), Buffer.alloc(markBytes, 0x4b)]);
const marks = Buffer.concat(Array.from({ length: 150 }, () => mark));
/** They take a hundred times as long as the rest. */
const markedShare = 0.01;

type Seen = { channel: number; data: string } | { message: RtspMessage };

export function rtspTarget(): Target {
  return {
    feed(random) {
      const bytes = mutateBytes(stream(random), random);
      const whole = read([bytes]);
      const cut = read(pieces(bytes, random));
      demand(isDeepStrictEqual(cut, whole), 'the cut made a difference');
      const sizes = whole.seen.map(seen => ('channel' in seen ? seen.data.length / 2 : seen.message.body.length));
      demand(sizes.reduce((sum, size) => sum + size, 0) <= bytes.length, 'more came out than went in');
      for (const seen of whole.seen) if ('message' in seen) readHeaders(seen.message);
      if (whole.ending === 'read' && random() < markedShare) demandResync(bytes);
      return ending(whole);
    },
    async [Symbol.asyncDispose]() {},
  };
}

function stream(random: Random): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let left = 1 + below(6, random); left > 0; left--) {
    if (random() < 0.5) parts.push(frame(random));
    else parts.push(Buffer.from(message(random), 'latin1'));
    if (random() < 0.2) parts.push(Buffer.from(oneOf(rubbish, random), 'latin1'));
  }
  return Buffer.concat(parts);
}

function frame(random: Random): Uint8Array {
  const data = Uint8Array.from({ length: below(300, random) }, () => below(256, random));
  return Buffer.concat([Uint8Array.of(0x24, below(4, random), data.length >> 8, data.length & 0xff), data]);
}

function message(random: Random): string {
  const body = random() < 0.3 ? 'v=0\r\nm=video 0 RTP/AVP 96\r\n' : '';
  const length = body === '' ? '' : `Content-Length: ${random() < 0.9 ? body.length : below(2 ** 31, random)}\r\n`;
  return `${oneOf(heads, random)}${length}\r\n${body}`;
}

type Reading = { seen: Seen[]; ending: 'read' | 'refused' };

function read(chunks: Iterable<Uint8Array>): Reading {
  const seen: Seen[] = [];
  const wire = new RtspWire({
    frame: (channel, data) => seen.push({ channel, data: Buffer.from(data).toString('hex') }),
    message: told => seen.push({ message: told }),
  });
  try {
    // Chunks are copied: the reader of a socket overwrites them.
    for (const chunk of chunks) wire.push(Uint8Array.from(chunk));
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return { seen, ending: 'refused' };
  }
  return { seen, ending: 'read' };
}

/** A frame that was cut swallows what follows, 64 KiB at most, and a message's body up to 1 MiB. */
function demandResync(bytes: Uint8Array): void {
  const { seen, ending: how } = read([bytes, marks]);
  const last = seen.at(-1);
  const found = last && 'channel' in last && last.data === Buffer.alloc(markBytes, 0x4b).toString('hex');
  demand(how === 'refused' || found === true, 'good frames after it were not found');
}

function readHeaders({ headers }: RtspMessage): void {
  const signIn = new Authenticator({ username: 'user', password: new Secret(canary) });
  for (const values of headers.values()) {
    for (const value of values) {
      const { channels, serverPorts } = readTransport(value);
      for (const number of [...(channels ?? []), ...(serverPorts ?? [])])
        demand(number >= 0 && number < 65_536, 'a port');
      for (const { rtpTime = 0 } of readRtpInfo(value)) demand(rtpTime >= 0 && rtpTime < 2 ** 32, 'an RTP time');
      demand((readSession(value)?.timeoutMs ?? 1) > 0, 'a session without time');
    }
    signIn.challenged(values);
    const said = signIn.authorization('OPTIONS', 'rtsp://a/') ?? '';
    demand(!said.includes(canary) && !/[\r\n]/.test(said), 'the password, or a line break, in a header');
  }
}

function ending({ seen, ending: how }: Reading): Ending {
  if (how === 'refused') return 'refused';
  const kinds = new Set(seen.map(one => ('channel' in one ? 'frames' : 'messages')));
  return kinds.size === 0 ? 'nothing' : [...kinds].sort().join(' and ');
}
