// The boundary table of ONVIF devices: what goes wrong on the way to one, and what it answers → AgentError.
// No text of the device's is shown as it is, and no address with a sign-in in it.
import { AgentError, type ErrorCode, type ErrorKind } from '../errors.ts';
import { OnvifFault } from './answers/fault.ts';
import { UnreadableAnswer } from './answers/unreadable.ts';

type Row = {
  code: ErrorCode;
  kind: ErrorKind;
  retry: 'later' | 'never';
  /** `host` as the user wrote it; `detail` completes the sentence where a row says how. */
  sentence: (host: string, detail: string) => string;
};

const rows = {
  hostUnknown: {
    code: 'camera-host-unknown',
    kind: 'unavailable',
    retry: 'later',
    sentence: host =>
      `No device is known under the name of ${host}. Check the name, or use the camera's IP address instead.`,
  },
  unreachable: {
    code: 'camera-unreachable',
    kind: 'unavailable',
    retry: 'later',
    sentence: (host, port) =>
      `The camera at ${host} accepts no connection on port ${port}. Check that it is on and in this network, and that the port is right (ONVIF is usually on 80).`,
  },
  stalled: {
    code: 'camera-stalled',
    kind: 'unavailable',
    retry: 'later',
    sentence: (host, seconds) =>
      `The camera at ${host} did not finish its answer within ${seconds} s. If it stays so, restart the camera and check its network.`,
  },
  cutOff: {
    code: 'camera-ended',
    kind: 'unavailable',
    retry: 'later',
    sentence: host =>
      `The camera at ${host} closed the connection before its answer was complete. This is usual when it restarts.`,
  },
  busy: {
    code: 'camera-busy',
    kind: 'unavailable',
    retry: 'later',
    sentence: host =>
      `The camera at ${host} has too much to do and turns requests away. Close other programs that use it, or restart it.`,
  },
  notHttp: {
    code: 'camera-no-onvif',
    kind: 'invalid',
    retry: 'later',
    sentence: host =>
      `What answers at ${host} does not speak HTTP, and so no ONVIF. Check the port: ONVIF is usually on 80, not on the RTSP port.`,
  },
  notHttps: {
    code: 'camera-no-onvif',
    kind: 'invalid',
    retry: 'later',
    sentence: host =>
      `What answers at ${host} does not speak HTTPS as this device understands it. Use the http address, or turn HTTPS (TLS 1.2 or newer) on in the camera's network settings.`,
  },
  notFound: {
    code: 'camera-no-onvif',
    kind: 'invalid',
    retry: 'later',
    sentence: host =>
      `The camera at ${host} has no ONVIF service at this address. Turn ONVIF on in its network settings, and check the port.`,
  },
  redirects: {
    code: 'camera-no-onvif',
    kind: 'invalid',
    retry: 'later',
    sentence: host =>
      `What answers at ${host} sends requests on to another address, which is not followed. Use the address it stands for, often the same one with https.`,
  },
  webPage: {
    code: 'camera-no-onvif',
    kind: 'invalid',
    retry: 'later',
    sentence: host =>
      `What answers at ${host} is a web page and not an ONVIF service. Turn ONVIF on in the camera's network settings, and check the port.`,
  },
  failedStatus: {
    code: 'camera-failed',
    kind: 'unavailable',
    retry: 'later',
    sentence: (host, status) =>
      `The camera at ${host} answered an ONVIF request with an error of its own (HTTP ${status}). Restart it, and look for newer firmware.`,
  },
  notOffered: {
    code: 'camera-no-onvif',
    kind: 'invalid',
    retry: 'never',
    sentence: (host, what) => `The camera at ${host} does not offer ${what} by ONVIF.`,
  },
  tooLarge: {
    code: 'camera-answer-invalid',
    kind: 'exhausted',
    retry: 'later',
    sentence: (host, limit) =>
      `What answers at ${host} sends more than the ${limit} an answer may have. Check that the address is the camera's, and look for newer firmware.`,
  },
  unreadable: {
    code: 'camera-answer-invalid',
    kind: 'invalid',
    retry: 'later',
    sentence: (host, why) =>
      `The camera at ${host} gives an answer that is not right ONVIF: ${why}. Look for newer firmware, or give the camera by its RTSP address.`,
  },
  foreignAddress: {
    code: 'camera-answer-invalid',
    kind: 'invalid',
    retry: 'later',
    sentence: (host, what) =>
      `The camera at ${host} names no usable address for ${what}. Give the camera by its RTSP address, from its manual.`,
  },
  notAPicture: {
    code: 'camera-answer-invalid',
    kind: 'invalid',
    retry: 'later',
    sentence: host =>
      `The camera at ${host} answers the request for a snapshot with something that is not a JPEG picture.`,
  },
  signInNeeded: {
    code: 'camera-denied',
    kind: 'denied',
    retry: 'never',
    sentence: host =>
      `The camera at ${host} asks for a user name and password. Give those of an ONVIF user; many cameras keep ONVIF users apart from those of the web page.`,
  },
  denied: {
    code: 'camera-denied',
    kind: 'denied',
    retry: 'never',
    sentence: host =>
      `The camera at ${host} refuses the user name or password. Check both; many cameras keep ONVIF users apart from those of the web page, and lock an account for a while after a few wrong passwords.`,
  },
  notAllowed: {
    code: 'camera-denied',
    kind: 'denied',
    retry: 'never',
    sentence: (host, what) =>
      `The camera at ${host} does not let this user ${what}. Give that user more rights in the camera's settings (operator or administrator), or here the new password if it was changed.`,
  },
  basicOnly: {
    code: 'camera-denied',
    kind: 'denied',
    retry: 'never',
    sentence: host =>
      `The camera at ${host} wants the password unencrypted (HTTP Basic without HTTPS), and it was not sent. Turn on digest sign-in or HTTPS in the camera, or allow Basic for it.`,
  },
  refused: {
    code: 'camera-failed',
    kind: 'invalid',
    retry: 'later',
    sentence: (host, what) => `The camera at ${host} refuses to ${what}. Its log may say why.`,
  },
  certificate: {
    code: 'camera-certificate',
    kind: 'denied',
    retry: 'never',
    sentence: (host, fingerprint) =>
      `Nobody vouches for the certificate of the camera at ${host}. If it is your camera, confirm its SHA-256 fingerprint: ${fingerprint}`,
  },
  otherCertificate: {
    code: 'camera-certificate',
    kind: 'denied',
    retry: 'never',
    sentence: (host, fingerprint) =>
      `The camera at ${host} shows another certificate than the one confirmed before. If it was reset or replaced, confirm its new SHA-256 fingerprint: ${fingerprint}`,
  },
} as const satisfies Record<string, Row>;

export type OnvifTrouble = keyof typeof rows;

export type TroubleOptions = { host: string; detail?: string; cause?: unknown };

export function onvifError(trouble: OnvifTrouble, { host, detail = '', cause }: TroubleOptions): AgentError {
  const { sentence, ...row }: Row = rows[trouble];
  return new AgentError({ ...row, message: sentence(host, detail), cause });
}

/** What a call is for. */
export type Purpose = {
  host: string;
  /** Completes "refuses to …": "change the encoder". */
  todo: string;
  /** Completes "does not offer …": "events". */
  offer: string;
};

/** The error of a call whose answer was read: a fault, or XML that is not what was asked for. */
export function answerError(error: unknown, { host, todo, offer }: Purpose): unknown {
  if (error instanceof UnreadableAnswer)
    return onvifError('unreadable', { host, detail: error.reason, cause: error.cause });
  if (!(error instanceof OnvifFault)) return error;
  if (error.means === 'not-offered') return onvifError('notOffered', { host, detail: offer, cause: error });
  if (error.means === 'busy') return onvifError('busy', { host, cause: error });
  if (error.means === 'not-authorized') return onvifError('notAllowed', { host, detail: todo, cause: error });
  return onvifError('refused', { host, detail: todo, cause: error });
}
