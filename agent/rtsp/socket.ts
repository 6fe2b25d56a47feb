// A connection to a camera: TCP, or TLS whose certificate is checked before anything is said. What arrives is handed on in
// a buffer that is used again for what arrives next: at 4 Mbit/s a camera would otherwise cost a buffer every few packets.
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { Clock } from '../clock.ts';
import { AgentError } from '../errors.ts';
import { cameraError } from './camera-trouble.ts';
import type { RtspAddress } from './rtsp-address.ts';
import { certificateError, socketError } from './rtsp-errors.ts';
import type { Witness } from './witness.ts';

export type SocketOptions = {
  address: RtspAddress;
  /** SHA-256 of the certificate to trust; left out: the authorities this machine trusts. */
  tlsFingerprint?: string | undefined;
  clock: Clock;
  /** Longest wait for the connection, TLS included. */
  timeoutMs: number;
  signal: AbortSignal;
  witness?: Witness | undefined;
  /** `chunk` is only valid during the call. */
  onData: (chunk: Uint8Array) => void;
};

const readBufferBytes = 32_768;

/** @throws AgentError `camera-host-unknown`, `camera-unreachable`, `camera-certificate`, `camera-not-rtsp`; or the signal's reason */
export async function openSocket(options: SocketOptions): Promise<Socket> {
  const { address, clock, timeoutMs, signal, witness } = options;
  signal.throwIfAborted();
  const startedMs = clock.monotonicMs();
  const socket = address.tls ? tlsSocket(options) : tcpSocket(options);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onAbort = () => reject(signal.reason);
  const cancelTimeout = clock.after(timeoutMs, () => reject(cameraError('unreachable', address.host)));
  signal.addEventListener('abort', onAbort, { once: true });
  socket.once(address.tls ? 'secureConnect' : 'connect', resolve);
  socket.once('error', reject).once('close', () => reject(cameraError('ended', address.host)));
  try {
    await promise;
    witness?.connected(clock.monotonicMs() - startedMs);
    if (address.tls) checkCertificate(socket as TLSSocket, options);
    return socket;
  } catch (error) {
    // Errors that follow the end are nobody's business any more.
    socket.on('error', () => undefined).destroy();
    if (signal.aborted) throw signal.reason;
    throw error instanceof AgentError ? error : socketError(error, address.host, 'connecting');
  } finally {
    cancelTimeout();
    signal.removeEventListener('abort', onAbort);
  }
}

function tcpSocket({ address, onData }: SocketOptions): Socket {
  const callback = (bytes: number, buffer: Uint8Array): boolean => {
    onData(buffer.subarray(0, bytes));
    return true;
  };
  return connectTcp({
    ...{ host: address.hostname, port: address.port, noDelay: true },
    // Not a Buffer, whose `slice` is a view: what is kept of it would be overwritten.
    onread: { buffer: new Uint8Array(readBufferBytes), callback },
  });
}

function tlsSocket({ address, onData }: SocketOptions): Socket {
  const { hostname, port } = address;
  // Not rejected by Node: a certificate that nobody vouches for may be the one the owner has named.
  const socket = connectTls({
    host: hostname,
    port,
    rejectUnauthorized: false,
    ...(isIP(hostname) ? {} : { servername: hostname }),
  });
  socket.setNoDelay(true);
  return socket.on('data', (chunk: Buffer) => onData(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length)));
}

function checkCertificate(socket: TLSSocket, { address, tlsFingerprint, witness }: SocketOptions): void {
  const seen = socket.getPeerCertificate().fingerprint256 ?? '';
  witness?.certificate({ fingerprint: seen, vouchedFor: socket.authorized });
  if (tlsFingerprint === undefined ? socket.authorized : bare(seen) === bare(tlsFingerprint)) return;
  throw certificateError(seen, address.host);
}

function bare(fingerprint: string): string {
  return fingerprint.replaceAll(':', '').toLowerCase();
}
