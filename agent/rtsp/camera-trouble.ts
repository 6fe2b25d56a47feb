// What can be wrong with a camera as seen from its connection, each with what its owner can do about it. The one table for
// RTSP, whoever speaks it: the agent itself or ffmpeg.
import { AgentError, type ErrorCode, type ErrorKind } from '../errors.ts';

type Row = { code: ErrorCode; kind: ErrorKind; sentence: (host: string) => string };

const rows = {
  denied: {
    code: 'camera-denied',
    kind: 'denied',
    sentence: host =>
      `The camera at ${host} refuses the user name or password. Check username and password of this camera; the agent tries again rarely, because cameras lock an account after a few wrong passwords.`,
  },
  notFound: {
    code: 'camera-not-found',
    kind: 'invalid',
    sentence: host =>
      `The camera at ${host} has no stream at this path. Look up its RTSP path in the camera's manual or web page and correct url.`,
  },
  transport: {
    code: 'camera-transport',
    kind: 'invalid',
    sentence: host =>
      `The camera at ${host} does not offer the way of transport that the settings ask for. Set transport to auto for this camera, or allow it (TCP is also called interleaved) in the camera's network settings.`,
  },
  hostUnknown: {
    code: 'camera-host-unknown',
    kind: 'unavailable',
    sentence: host =>
      `No device is known under the name of ${host}. Check the host in url, or use the camera's IP address.`,
  },
  unreachable: {
    code: 'camera-unreachable',
    kind: 'unavailable',
    sentence: host =>
      `The camera at ${host} cannot be reached. Check that it is on and in this network, and that the port is its RTSP port (usually 554).`,
  },
  bFrames: {
    code: 'camera-b-frames',
    kind: 'invalid',
    sentence: host =>
      `The camera at ${host} sends B-frames (pictures out of their order), which the agent cannot pass on. Turn them off in its video settings: H.264 profile Baseline or "B-frames: 0", and no "smart" or "+" codec.`,
  },
  noVideo: {
    code: 'camera-no-video',
    kind: 'invalid',
    sentence: host =>
      `The stream of the camera at ${host} has no video. Correct the path in url, or turn the video of that stream on.`,
  },
  codecUnsupported: {
    code: 'camera-codec-unsupported',
    kind: 'invalid',
    sentence: host =>
      `The camera at ${host} sends video that is neither H.264 nor H.265. Choose H.264 in its video settings.`,
  },
  notRtsp: {
    code: 'camera-not-rtsp',
    kind: 'invalid',
    sentence: host =>
      `What answers at ${host} does not speak RTSP; a camera's web page has another port. Check the port in url (RTSP is usually 554).`,
  },
  stalled: {
    code: 'camera-stalled',
    kind: 'unavailable',
    sentence: host =>
      `The camera at ${host} is connected but sends nothing. If it stays so, restart the camera and check its network.`,
  },
  ended: {
    code: 'camera-ended',
    kind: 'unavailable',
    sentence: host => `The camera at ${host} ended the connection. This is usual when it restarts.`,
  },
  busy: {
    code: 'camera-busy',
    kind: 'exhausted',
    sentence: host =>
      `The camera at ${host} has no room for one more viewer. Close other players and recorders that watch it, or use its second stream.`,
  },
  certificate: {
    code: 'camera-certificate',
    kind: 'denied',
    sentence: host =>
      `The certificate of the camera at ${host} is not vouched for by an authority this machine trusts, nor is it the one in tlsFingerprint.`,
  },
  invalid: {
    code: 'camera-answer-invalid',
    kind: 'unavailable',
    sentence: host =>
      `The camera at ${host} answers in a way that is not RTSP as it should be. Restart it; if it stays so, look for newer firmware, or set reader to ffmpeg for this camera.`,
  },
  failed: {
    code: 'camera-failed',
    kind: 'unavailable',
    sentence: host =>
      `The stream of the camera at ${host} cannot be opened. Try the same address in another player, such as VLC.`,
  },
} as const satisfies Record<string, Row>;

export type CameraTrouble = keyof typeof rows;

/** `host` is shown; `detail`, a sentence of its own, follows what the table says. Neither may hold a secret. */
export function cameraError(trouble: CameraTrouble, host: string, detail?: string): AgentError {
  const { code, kind, sentence } = rows[trouble];
  const message = detail === undefined ? sentence(host) : `${sentence(host)} ${detail}`;
  return new AgentError({ code, kind, retry: 'later', message });
}

/** Host and port, for sentences: the path and the query of some cameras' addresses hold the password. */
export function cameraHost(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'the address in its url setting';
}
