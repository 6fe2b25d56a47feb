// What broken and hostile devices do with a connection, each as an answer of the scripted device.
import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import type { Answer } from './scripted-device.ts';
import { information, soap } from './soap-fixtures.ts';

const xml = { 'content-type': 'application/soap+xml' };

/** Writes as fast as the other side reads, until it hangs up or `bytes` are out. */
function pour(response: ServerResponse, chunk: Buffer, bytes: number): void {
  let left = bytes;
  const more = () => {
    if (left <= 0) return void response.end();
    left -= chunk.length;
    if (response.writable && !response.destroyed) response.write(chunk, more);
  };
  more();
}

function raw(bytes: string, then: 'keep' | 'close' = 'keep'): Answer {
  return ({ socket }) => {
    if (then === 'close') socket.end(bytes);
    else socket.write(bytes);
  };
}

function body(content: string | Buffer, headers: Record<string, string> = {}): Answer {
  return { status: 200, headers, body: content };
}

const half = information.slice(0, information.length / 2);
const endless = Number.POSITIVE_INFINITY;

export const misbehaviours = {
  'never answers': () => undefined,
  'stalls in the middle of its headers': raw('HTTP/1.1 200 OK\r\nContent-Ty'),
  'stalls in the middle of its answer': (_request, response) => {
    response.writeHead(200, { ...xml, 'content-length': information.length });
    response.write(half);
  },
  'closes in the middle of its answer': (_request, response) => {
    response.writeHead(200, { ...xml, 'content-length': information.length });
    response.write(half, () => response.destroy());
  },
  'closes in the middle of an answer of unknown length': raw(`HTTP/1.0 200 OK\r\n\r\n${half}`, 'close'),
  'closes at once': ({ socket }) => void socket.destroy(),
  'resets the connection': ({ socket }) => void socket.resetAndDestroy(),
  'drips 10 bytes a second': (_request, response) => {
    response.writeHead(200, { ...xml, 'content-length': information.length });
    let sent = 0;
    const timer = setInterval(() => response.write(information[sent++]), 100);
    response.on('close', () => clearInterval(timer));
  },
  'announces 200 MB': (_request, response) => {
    response.writeHead(200, { ...xml, 'content-length': 200_000_000 });
    pour(response, Buffer.alloc(65_536, 'x'), 200_000_000);
  },
  'sends 200 MB without saying so': (_request, response) => {
    response.writeHead(200, xml);
    pour(response, Buffer.alloc(65_536, '<a>x</a>'), 200_000_000);
  },
  'sends chunks without end': (_request, response) => {
    response.writeHead(200, xml).write(half);
    pour(response, Buffer.from('<tds:Model>x</tds:Model>'.repeat(1000)), endless);
  },
  'sends headers without end': ({ socket }) => {
    socket.write('HTTP/1.1 200 OK\r\n');
    const more = () => void (socket.writable && socket.write(`X-${Math.random()}: ${'y'.repeat(1000)}\r\n`, more));
    more();
  },
  'promises to continue without end': ({ socket }) => {
    const more = () =>
      void (socket.writable && socket.write('HTTP/1.1 100 Continue\r\n\r\n', () => setImmediate(more)));
    more();
  },
  'sends 300 kB of tiny elements': body(soap('<a/>'.repeat(75_000))),
  'sends elements with thousands of attributes': body(
    soap(
      Array.from({ length: 90_000 }, (_, i) => (i % 900 ? `a${i}=""` : '/><a'))
        .join(' ')
        .slice(2),
    ),
  ),
  'nests its elements 100,000 deep': body(soap('<a>'.repeat(100_000))),
  'sends a bomb of entities': body(
    `<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a "aaaaaaaaaa">${Array.from({ length: 20 }, (_, i) => `<!ENTITY a${i + 1} "${`&a${i || ''};`.repeat(10)}">`).join('')}]>${information.replace(/^.*?\?>/s, '').replace('Dome 4K', '&a20;')}`,
  ),
  'names a file in an entity': body(
    `<!DOCTYPE b [<!ENTITY a SYSTEM "file:///etc/passwd">]>${information.replace(/^.*?\?>/s, '').replace('Dome 4K', '&a;')}`,
  ),
  'sends a bomb in gzip': body(gzipSync(Buffer.alloc(200_000_000)), { 'content-encoding': 'gzip' }),
  'sends a login page': body('<!DOCTYPE html>\n<html><body><form>Login</form></body></html>', {
    'content-type': 'text/html',
  }),
  'sends a login page as XML': body('<html><head></head><body/></html>'),
  'sends nothing': body(''),
  'sends a picture': body(Buffer.from([0xff, 0xd8, 0xff, 0xe0]), { 'content-type': 'image/jpeg' }),
  'sends a video without end': (_request, response) => {
    response.writeHead(200, { 'content-type': 'multipart/x-mixed-replace; boundary=x' });
    pour(response, Buffer.alloc(65_536, 'x'), endless);
  },
  'sends JSON': body('{"a":1}', { 'content-type': 'application/json' }),
  'answers another question': body(soap('<tds:GetUsersResponse/>')),
  'sends an envelope without a body': body('<s:Envelope xmlns:s="x"/>'),
  'sends bytes in an unknown charset': body(Buffer.alloc(3000, 0xfe), { 'content-type': 'text/xml; charset=klingon' }),
  'speaks RTSP': raw('RTSP/1.0 400 Bad Request\r\nCSeq: 1\r\n\r\n', 'close'),
  'switches protocols': raw('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'),
  'is too busy': { status: 503, body: 'busy' },
  'has no such path': { status: 404, body: '<html>not found</html>' },
  'fails by itself': { status: 500, body: '' },
} as const satisfies Record<string, Answer>;

export type Misbehaviour = keyof typeof misbehaviours;
