// From what happens to a connection to one AgentError: system errors, TLS errors, RTSP status codes, timeouts.
import { type AgentError, systemCode } from '../errors.ts';
import { type CameraTrouble, cameraError } from './camera-trouble.ts';

const systemTable: Readonly<Record<string, CameraTrouble>> = {
  ENOTFOUND: 'hostUnknown',
  EAI_AGAIN: 'hostUnknown',
  ECONNREFUSED: 'unreachable',
  ETIMEDOUT: 'unreachable',
  EHOSTUNREACH: 'unreachable',
  EHOSTDOWN: 'unreachable',
  ENETUNREACH: 'unreachable',
  EADDRNOTAVAIL: 'unreachable',
  ECONNRESET: 'ended',
  EPIPE: 'ended',
};

const statusTable: Readonly<Record<number, CameraTrouble>> = {
  401: 'denied',
  403: 'denied',
  404: 'notFound',
  410: 'notFound',
  453: 'busy',
  454: 'ended',
  461: 'transport',
  503: 'busy',
};

/** `phase`: while connecting a reset means that nobody listens who wants us; later, that the camera left. */
export function socketError(error: unknown, host: string, phase: 'connecting' | 'open'): AgentError {
  const code = systemCode(error);
  if (code === undefined) return cameraError(phase === 'connecting' ? 'failed' : 'ended', host);
  // OpenSSL could not make sense of what came: the port speaks something else, RTSP without TLS for instance.
  if (/^ERR_SSL|^EPROTO$/.test(code))
    return cameraError('notRtsp', host, 'An rtsps:// address needs its port for TLS.');
  return cameraError(systemTable[code] ?? 'failed', host);
}

/** Of an answer that is not 2xx. */
export function statusError(status: number, host: string): AgentError {
  const trouble = statusTable[status];
  if (trouble) return cameraError(trouble, host);
  return cameraError(status >= 500 ? 'invalid' : 'failed', host, `It answered with RTSP status ${status}.`);
}

/** `seen`: colon-separated SHA-256 of the certificate the camera showed. */
export function certificateError(seen: string, host: string): AgentError {
  return cameraError(
    'certificate',
    host,
    `It shows one with the fingerprint ${seen}: if that is your camera's, set tlsFingerprint to it.`,
  );
}
