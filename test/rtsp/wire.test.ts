// The bytes of an RTSP connection, however they are cut, and whatever is between them.
import { describe, expect, test } from 'vitest';
import type { RtspMessage } from '../../agent/rtsp/message.ts';
import { readHead, writeRequest } from '../../agent/rtsp/message.ts';
import { RtspWire, WireError } from '../../agent/rtsp/wire.ts';
import { seededRandom } from '../../scripts/fuzz/seeded-random.ts';

type Seen = { frame: number; data: string } | { message: RtspMessage };

function read(chunks: Iterable<Uint8Array>): Seen[] {
  const seen: Seen[] = [];
  const wire = new RtspWire({
    frame: (channel, data) => seen.push({ frame: channel, data: Buffer.from(data).toString('hex') }),
    message: message => seen.push({ message }),
  });
  for (const chunk of chunks) {
    wire.push(chunk);
    // What the connection does: the same memory holds the next chunk.
    chunk.fill(0xee);
  }
  return seen;
}

function frame(channel: number, data: Uint8Array): Buffer {
  return Buffer.concat([Uint8Array.of(0x24, channel, data.length >> 8, data.length & 0xff), data]);
}

const answer = (cseq: number, body = ''): Buffer =>
  Buffer.from(`RTSP/1.0 200 OK\r\nCSeq: ${cseq}\r\nContent-Length: ${body.length}\r\n\r\n${body}`);

function* cut(bytes: Buffer, random: () => number): Generator<Uint8Array> {
  for (let position = 0; position < bytes.length; ) {
    const length = 1 + Math.floor(random() ** 3 * 400);
    yield Uint8Array.from(bytes.subarray(position, position + length));
    position += length;
  }
}

describe('frames and messages', () => {
  const random = seededRandom(7);
  const stream = Buffer.concat([
    answer(1),
    frame(0, Buffer.alloc(1400, 0x24)),
    frame(1, new Uint8Array(0)),
    answer(2, 'v=0\r\n$ not a frame\r\n\r\n'),
    frame(2, Buffer.from('RTSP/1.0 200 OK\r\n\r\n')),
    Buffer.from('OPTIONS rtsp://here RTSP/1.0\r\nCSeq: 9\r\n\r\n'),
    frame(0, Buffer.alloc(65_535, 0x0a)),
    answer(3),
  ]);
  const whole = read([Uint8Array.from(stream)]);

  test('of one chunk come in their order', () => {
    expect(whole.map(seen => ('frame' in seen ? seen.frame : seen.message.type))).toEqual([
      ...['response', 0, 1, 'response', 2, 'request', 0, 'response'],
    ]);
  });

  test.each(Array.from({ length: 60 }, (_, index) => index))('are the same for every cut (%i)', () => {
    expect(read(cut(stream, random))).toEqual(whole);
  });

  test('are the same byte by byte', () => {
    expect(read([...stream].map(byte => Uint8Array.of(byte)))).toEqual(whole);
  });
});

test('rubbish between frames is passed over, and the next frame is found', () => {
  const good = [frame(0, Buffer.from('abcd')), frame(1, Buffer.from('efgh'))];
  for (const rubbish of [
    '\0\0\0',
    'xyz\r\n\r\n',
    '\r\n',
    'ABC',
    'HTTP/1.1 200 OK\r\n\r\n',
    '$\xff\0\x08',
    'OPTION\0',
  ]) {
    const stream = Buffer.concat([answer(1), Buffer.from(rubbish, 'latin1'), ...good, ...good]);
    const frames = read(cut(stream, seededRandom(rubbish.length))).filter(seen => 'frame' in seen);
    expect(frames.length, JSON.stringify(rubbish)).toBeGreaterThanOrEqual(2);
    expect(frames.at(-1)).toEqual({ frame: 1, data: Buffer.from('efgh').toString('hex') });
  }
});

test('what never ends is refused within bounds: a head, a body, rubbish', () => {
  const endless = (first: string, filler: string) => () => {
    read(
      (function* () {
        yield Buffer.from(first);
        for (let kilobytes = 0; kilobytes < 4_096; kilobytes++) yield Buffer.alloc(1024, filler);
      })(),
    );
  };
  expect(endless('RTSP/1.0 200 OK\r\n', 'a')).toThrow(WireError);
  expect(endless('RTSP/1.0 200 OK\r\nContent-Length: 999999999\r\n\r\n', 'a')).toThrow(WireError);
  expect(endless('', '\0')).toThrow(WireError);
  expect(endless('GET / HTTP/1.1\r\n', 'a')).toThrow(WireError);
});

test('heads are read as cameras write them', () => {
  const head = readHead(
    'RTSP/1.0 401 Unauthorized\r\nWWW-Authenticate: Basic realm="a"\r\nwww-authenticate:Digest realm="b"',
  );
  expect(head).toMatchObject({ type: 'response', status: 401, bodyBytes: 0 });
  expect(head?.headers.get('www-authenticate')).toEqual(['Basic realm="a"', 'Digest realm="b"']);
  expect(readHead('RTSP/1.0 200\nContent-length : 12')).toMatchObject({ status: 200, bodyBytes: 12 });
  for (const wrong of ['', 'HTTP/1.1 200 OK', 'RTSP/1.0 20', 'RTSP/1.0 200 OK\r\nContent-Length: -1', 'OPTIONS *']) {
    expect(readHead(wrong), wrong).toBeUndefined();
  }
});

test('a line break in a header is a programmer’s mistake, not another request', () => {
  const request = { method: 'OPTIONS', url: 'rtsp://here/', cseq: 1 };
  expect(() => writeRequest({ ...request, headers: { Range: 'npt\r\nX: 1' } })).toThrow(TypeError);
  expect(() => writeRequest({ ...request, url: 'rtsp://here/\n', headers: {} })).toThrow(TypeError);
});
