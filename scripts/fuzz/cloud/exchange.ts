// One request and what comes back for it, byte by byte over a socket of its own: what no client would send can be sent, and
// nothing that comes is hidden.
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { BrokenPromise } from '../target.ts';

const patienceMs = 30_000;
const momentMs = 30;

export type Reply = {
  /** 0: hung up on without an answer. */
  status: number;
  /** By lower-case name. */
  headers: Map<string, string>;
  /** Chunks put together. */
  body: Buffer;
  /** Whether the answer was over, by its own account. */
  isWhole: boolean;
};

export type Sending = {
  port: number;
  pieces: Iterable<Uint8Array | string>;
  /** Wait this long between pieces. Default: not at all. */
  pauseMs?: number;
  /** What becomes of our side when all is sent. Default `close`: the server sees the end of it, and may still answer. */
  afterwards?: 'stay' | 'close' | 'reset';
  /** Goes away then, whatever came. */
  leaveAfterMs?: number;
  /** For answers that may never end: goes away when this much of a body came, or no more of it for a moment. */
  enoughBytes?: number;
};

/** @throws BrokenPromise when the server neither answers nor hangs up */
export async function exchange(sending: Sending): Promise<Reply> {
  const { port, pauseMs, afterwards = 'stay', enoughBytes = Infinity } = sending;
  const pieces = [...sending.pieces];
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  const received: Buffer[] = [];
  const over = Promise.withResolvers<void>();
  let moment: NodeJS.Timeout | undefined;
  socket.on('data', data => {
    received.push(data);
    const reply = readReply(received);
    if (reply?.isWhole || (reply && reply.body.length >= enoughBytes)) over.resolve();
    clearTimeout(moment);
    if (reply && enoughBytes < Infinity) moment = setTimeout(over.resolve, momentMs);
  });
  // Hung up on while we were sending: what came before still counts.
  socket.on('error', () => undefined).on('close', () => over.resolve());
  const leave = sending.leaveAfterMs === undefined ? undefined : setTimeout(over.resolve, sending.leaveAfterMs);
  const patience = setTimeout(() => {
    const sent = Buffer.concat(pieces.map(piece => Buffer.from(piece))).toString('latin1', 0, 1500);
    over.reject(new BrokenPromise(`neither answered nor hung up: ${JSON.stringify(sent)}`));
  }, patienceMs);
  try {
    void send(socket, pieces, pauseMs).then(() => {
      if (afterwards === 'close') socket.end();
      if (afterwards === 'reset') socket.resetAndDestroy();
    });
    await over.promise;
    return readReply(received) ?? { status: 0, headers: new Map(), body: Buffer.alloc(0), isWhole: false };
  } finally {
    for (const timer of [patience, leave, moment]) clearTimeout(timer);
    socket.destroy();
  }
}

async function send(socket: Socket, pieces: Iterable<Uint8Array | string>, pauseMs: number | undefined): Promise<void> {
  for (const piece of pieces) {
    if (!socket.writable) return;
    socket.write(piece);
    if (pauseMs !== undefined) await delay(pauseMs);
  }
}

/** The last answer among what came; the others are 1xx. Undefined until its head is there. */
function readReply(received: Buffer[]): Reply | undefined {
  const first = received.length > 1 ? Buffer.concat(received) : received[0];
  if (!first) return undefined;
  received.splice(0, received.length, first);
  for (let at = 0; ; ) {
    const end = first.indexOf('\r\n\r\n', at);
    if (end < 0) return undefined;
    const [statusLine = '', ...lines] = first.toString('latin1', at, end).split('\r\n');
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(statusLine)?.[1]);
    if (!status) throw new BrokenPromise(`this is no answer: ${statusLine.slice(0, 100)}`);
    at = end + 4;
    if (status < 200) continue;
    const headers = new Map(
      lines.map(line => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
    );
    return { status, headers, ...readBody(first.subarray(at), status, headers) };
  }
}

function readBody(bytes: Buffer, status: number, headers: Map<string, string>): Pick<Reply, 'body' | 'isWhole'> {
  if (headers.get('transfer-encoding') === 'chunked') return unchunked(bytes);
  const length = status === 204 ? 0 : Number(headers.get('content-length') ?? Infinity);
  return { body: bytes.subarray(0, length), isWhole: bytes.length >= length };
}

function unchunked(bytes: Buffer): Pick<Reply, 'body' | 'isWhole'> {
  const chunks: Buffer[] = [];
  for (let at = 0; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at);
    const length = Number.parseInt(bytes.toString('latin1', at, Math.max(at, lineEnd)), 16);
    if (lineEnd < 0 || Number.isNaN(length)) return { body: Buffer.concat(chunks), isWhole: false };
    chunks.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + length));
    at = lineEnd + 2 + length + 2;
    if (length === 0) return { body: Buffer.concat(chunks), isWhole: bytes.length >= at };
  }
}
