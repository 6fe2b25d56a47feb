// One HTTP request to the camera and its answer: over a connection of its own, within a deadline for all of it and a limit
// of bytes, never redirected, never decompressed. Whatever the device does, it ends in an answer or in one AgentError.
import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '../../clock.ts';
import { AgentError, systemCode } from '../../errors.ts';
import { onvifError } from '../onvif-errors.ts';
import { authorityOf, type CameraAddress, type CameraPath } from './camera-address.ts';
import { connect } from './connect.ts';
import { type Deadline, startDeadline } from './deadline.ts';

export type HttpOptions = {
  camera: CameraAddress;
  tlsFingerprint?: string | undefined;
  clock: Clock;
};

export type HttpRequest = {
  method: 'GET' | 'POST';
  target: CameraPath;
  headers: Record<string, string>;
  body?: string;
  /** From connecting to the last byte. */
  deadlineMs: number;
  maxBytes: number;
  signal?: AbortSignal | undefined;
};

export type HttpAnswer = {
  status: number;
  headers: IncomingHttpHeaders;
  /** Empty for redirects: nobody reads them. */
  body: Buffer;
};

/** Rejects with an AgentError, or with the signal's reason when it aborts. */
export async function exchange(options: HttpOptions, request: HttpRequest): Promise<HttpAnswer> {
  const { camera, tlsFingerprint, clock } = options;
  const { host } = camera;
  using deadline = startDeadline(clock, request.deadlineMs, request.signal);
  let socket: Socket | undefined;
  let isAnswering = false;
  try {
    const { signal } = deadline;
    const { port } = request.target;
    const opened = await connect({ camera, port, tlsFingerprint, signal });
    socket = opened;
    signal.addEventListener('abort', () => opened.destroy(), { once: true });
    signal.throwIfAborted();
    const response = await send(opened, camera, request);
    isAnswering = true;
    return await read(response, host, request.maxBytes);
  } catch (error) {
    throw explain(error, { host, deadline, request, isAnswering, isConnected: socket !== undefined });
  } finally {
    socket?.destroy();
  }
}

function send(socket: Socket, camera: CameraAddress, request: HttpRequest): Promise<IncomingMessage> {
  const { method, target, headers } = request;
  // As bytes: sent together with a text, Node.js would write the headers as UTF-8, and those hold bytes already.
  const body = request.body === undefined ? undefined : Buffer.from(request.body);
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const sent = httpRequest({
    createConnection: () => socket,
    method,
    path: target.path,
    headers: {
      host: authorityOf(camera, target.port),
      'user-agent': 'kvs-edge-agent',
      'accept-encoding': 'identity',
      connection: 'close',
      ...(body === undefined ? {} : { 'content-length': String(body.length) }),
      ...headers,
    },
  });
  sent.once('response', resolve);
  sent.on('error', reject);
  sent.once('close', () => reject(new CutOff()));
  sent.end(body);
  return promise;
}

class CutOff extends Error {
  override readonly name = 'CutOff';
}

async function read(response: IncomingMessage, host: string, maxBytes: number): Promise<HttpAnswer> {
  const { statusCode: status = 0, headers } = response;
  // Node.js takes RTSP's answers for HTTP's.
  if (headers.cseq !== undefined) throw onvifError('notHttp', { host });
  if (status >= 300 && status < 400) return { status, headers, body: Buffer.alloc(0) };
  const tooLarge = () => onvifError('tooLarge', { host, detail: `${Math.round(maxBytes / 2 ** 20)} MiB` });
  if (Number(headers['content-length']) > maxBytes) throw tooLarge();
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw tooLarge();
    chunks.push(chunk);
  }
  if (!response.complete) throw new CutOff();
  return { status, headers, body: Buffer.concat(chunks) };
}

type Circumstances = {
  host: string;
  deadline: Deadline;
  request: HttpRequest;
  isAnswering: boolean;
  isConnected: boolean;
};

function explain(error: unknown, { host, deadline, request, isAnswering, isConnected }: Circumstances): unknown {
  if (request.signal?.aborted) return request.signal.reason;
  if (error instanceof AgentError) return error;
  const port = String(request.target.port);
  if (deadline.isOver()) {
    if (!isConnected) return onvifError('unreachable', { host, detail: port, cause: error });
    return onvifError('stalled', { host, detail: String(Math.round(request.deadlineMs / 100) / 10), cause: error });
  }
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code.startsWith('HPE_')) return onvifError('notHttp', { host, cause: error });
  if (code.startsWith('ERR_SSL_') || code === 'EPROTO') return onvifError('notHttps', { host, cause: error });
  if (isAnswering || isConnected) return onvifError('cutOff', { host, cause: error });
  const unreachable = systemCode(error) !== undefined && code !== 'ECONNRESET';
  return onvifError(unreachable ? 'unreachable' : 'cutOff', { host, detail: port, cause: error });
}
