// One TCP or TLS connection to the camera. With TLS nothing is sent before the certificate is vouched for by a known
// authority or has the fingerprint that was confirmed.
import { once } from 'node:events';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import {
  connect as connectTls,
  createSecureContext,
  getCACertificates,
  type SecureContext,
  type TLSSocket,
} from 'node:tls';
import { onvifError } from '../onvif-errors.ts';
import type { CameraAddress } from './camera-address.ts';

export type ConnectOptions = {
  camera: CameraAddress;
  port: number;
  /** SHA-256 of the one certificate that is accepted, in hexadecimal with or without colons. */
  tlsFingerprint?: string | undefined;
  signal: AbortSignal;
};

/** The caller destroys the socket. Rejects with errors of the socket, or with `camera-certificate`. */
export async function connect({ camera, port, tlsFingerprint, signal }: ConnectOptions): Promise<Socket> {
  signal.throwIfAborted();
  const { ip, secure } = camera;
  const socket = secure ? openTls(camera, port) : connectTcp({ host: ip, port });
  // Errors that come after somebody stopped listening must not end the process.
  socket.on('error', () => undefined);
  try {
    await once(socket, secure ? 'secureConnect' : 'connect', { signal });
    if (secure) verify(socket as TLSSocket, camera.host, tlsFingerprint);
    socket.setNoDelay(true);
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

function openTls({ host, ip }: CameraAddress, port: number): TLSSocket {
  return connectTls({
    host: ip,
    port,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    secureContext: authorities(),
    // Judged by `verify`, which can name the fingerprint of what it refuses.
    rejectUnauthorized: false,
  });
}

let known: SecureContext | undefined;

/** Node's own authorities and the machine's, where an owner's private authority would be. Read once: it takes a while. */
function authorities(): SecureContext {
  known ??= createSecureContext({
    ca: [...new Set([...getCACertificates('default'), ...getCACertificates('system')])],
  });
  return known;
}

function verify(socket: TLSSocket, host: string, expected: string | undefined): void {
  const fingerprint = socket.getPeerX509Certificate()?.fingerprint256 ?? 'none';
  if (expected === undefined) {
    if (!socket.authorized) throw onvifError('certificate', { host, detail: fingerprint });
  } else if (bareHex(expected) !== bareHex(fingerprint))
    throw onvifError('otherCertificate', { host, detail: fingerprint });
}

function bareHex(fingerprint: string): string {
  return fingerprint.replace(/[^0-9a-f]/gi, '').toLowerCase();
}
