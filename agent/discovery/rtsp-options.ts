// Whether an RTSP server listens at a port: one connection, one OPTIONS, no sign-in and no guessed paths, since cameras lock
// accounts after a few of those. Time and bytes are bounded.
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Clock } from '../clock.ts';
import { systemCode } from '../errors.ts';
import { hostInUrl } from './host-in-url.ts';
import { printable } from './printable.ts';

const connectTimeoutMs = 500;
const answerTimeoutMs = 1_500;
const mostBytes = 8_192;

export type RtspPort = { port: number; tls: boolean };

/** IANA's port, the usual others of cameras and recorders, RTSP over TLS, and UniFi's. */
export const rtspPorts: readonly RtspPort[] = [
  { port: 554, tls: false },
  { port: 8554, tls: false },
  { port: 10554, tls: false },
  { port: 322, tls: true },
  { port: 7447, tls: false },
];

/** `silent`: no answer at all; `closed`: the host is there and refuses; `other`: somebody listens who does not speak RTSP. */
export type RtspVerdict = { port: 'silent' | 'closed' | 'other' } | { port: 'rtsp'; url: string; server?: string };

export type RtspQuestion = RtspPort & { address: string; clock: Clock; signal: AbortSignal };

/** Rejects only with the signal's reason when it is aborted. */
export async function askRtspOptions(question: RtspQuestion): Promise<RtspVerdict> {
  const { address, port, tls, clock, signal } = question;
  signal.throwIfAborted();
  const url = `rtsp${tls ? 's' : ''}://${hostInUrl(address)}${port === (tls ? 322 : 554) ? '' : `:${port}`}/`;
  // Nothing secret is sent, and cameras make their certificates themselves.
  const target = { host: address, port };
  const socket = tls ? connectTls({ ...target, rejectUnauthorized: false }) : connect(target);
  const giveUp = () => socket.destroy(signal.reason);
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    const state = await stateOf(socket, clock);
    if (state !== 'open') return { port: state };
    return verdict(await answerOf(socket, url, clock), url);
  } finally {
    signal.removeEventListener('abort', giveUp);
    socket.destroy();
    signal.throwIfAborted();
  }
}

async function stateOf(socket: Socket, clock: Clock): Promise<'open' | 'closed' | 'silent'> {
  const state = Promise.withResolvers<'open' | 'closed' | 'silent'>();
  const cancel = clock.after(connectTimeoutMs, () => state.resolve('silent'));
  socket.once('connect', () => state.resolve('open'));
  // Stays, for what goes wrong later too.
  socket.on('error', error => state.resolve(systemCode(error) === 'ECONNREFUSED' ? 'closed' : 'silent'));
  return state.promise.finally(cancel);
}

/** What came until the end of the headers, the limit, the deadline, or whatever went wrong. */
async function answerOf(socket: Socket, url: string, clock: Clock): Promise<string> {
  const ended = Promise.withResolvers<void>();
  const cancel = clock.after(answerTimeoutMs, ended.resolve);
  let text = '';
  socket.setEncoding('latin1').on('data', chunk => {
    text += chunk;
    if (text.includes('\r\n\r\n') || text.length > mostBytes) socket.destroy();
  });
  socket.once('close', ended.resolve);
  socket.write(`OPTIONS ${url} RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: kvs-edge\r\n\r\n`);
  await ended.promise.finally(cancel);
  return text;
}

/** A refusal (401, 404, 454 …) is an answer in RTSP too. */
function verdict(answer: string, url: string): RtspVerdict {
  if (!/^RTSP\/\d\.\d \d{3}/.test(answer)) return { port: 'other' };
  const server = printable(/^server:(.*)$/im.exec(answer)?.[1] ?? '');
  return { port: 'rtsp', url, ...(server ? { server } : {}) };
}
