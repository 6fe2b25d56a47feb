// Whether an RTSP server listens at a port: one connection, one OPTIONS, no sign-in and no guessed paths, since cameras lock
// accounts after a few of those. Time and bytes are bounded.
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Clock } from '../clock.ts';
import { systemCode } from '../errors.ts';
import { hostInUrl } from './camera-from-match.ts';
import { printable } from './scopes.ts';

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
    if (!(await isOpen(socket, clock))) return { port: 'silent' };
    return verdict(await answerOf(socket, url, clock), url);
  } catch (error) {
    signal.throwIfAborted();
    return { port: systemCode(error) === 'ECONNREFUSED' ? 'closed' : socket.bytesRead > 0 ? 'other' : 'silent' };
  } finally {
    signal.removeEventListener('abort', giveUp);
    socket.destroy();
  }
}

/** Rejects with the socket's error; resolves with false when it takes too long. */
async function isOpen(socket: Socket, clock: Clock): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(connectTimeoutMs, () => resolve(false));
    socket.once('connect', () => {
      cancel();
      resolve(true);
    });
    socket.on('error', error => {
      cancel();
      reject(error);
    });
  });
}

/** What came until the end of the headers, the limit or the deadline. */
async function answerOf(socket: Socket, url: string, clock: Clock): Promise<string> {
  const cancel = clock.after(answerTimeoutMs, () => socket.destroy());
  let text = '';
  try {
    socket.write(`OPTIONS ${url} RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: kvs-edge\r\n\r\n`);
    for await (const chunk of socket.setEncoding('latin1')) {
      text += chunk;
      if (text.includes('\r\n\r\n') || text.length > mostBytes) break;
    }
    return text;
  } catch (error) {
    // A reset after the answer does not take it back.
    if (text === '') throw error;
    return text;
  } finally {
    cancel();
  }
}

/** A refusal (401, 404, 454 …) is an answer in RTSP too. */
function verdict(answer: string, url: string): RtspVerdict {
  if (!/^RTSP\/\d\.\d \d{3}/.test(answer)) return { port: 'other' };
  const server = printable(/^server:(.*)$/im.exec(answer)?.[1] ?? '');
  return { port: 'rtsp', url, ...(server ? { server } : {}) };
}
