// From what ffmpeg leaves behind (lines on stderr, the way it ended, how long it had been silent) to one AgentError whose
// sentence the camera's owner can act on. The patterns are ffmpeg's own lines, each provoked in test/source.
import { AgentError, type ErrorCode, type ErrorKind } from '../errors.ts';
import type { FfmpegExit } from '../ffmpeg/ffmpeg-run.ts';

/** How one run of ffmpeg went. */
export type Aftermath = {
  exit: FfmpegExit;
  stderrLines: string[];
  /** Whether pictures had come in this run. */
  delivered: boolean;
  /** Between the last byte, or the start, and the end. */
  silentMs: number;
  /** From this much silence on the camera did not hang up but fell silent. */
  ioTimeoutMs: number;
};

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
      `The camera at ${host} does not offer RTSP over TCP, which the agent uses because UDP loses pictures. Allow TCP (also called interleaved) in the camera's network settings.`,
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
  failed: {
    code: 'camera-failed',
    kind: 'unavailable',
    sentence: host =>
      `The stream of the camera at ${host} cannot be opened. Try the same address in another player, such as VLC.`,
  },
} as const satisfies Record<string, Row>;

export type CameraTrouble = keyof typeof rows;

/** In order of meaning: an earlier one wins, wherever its line stands. */
const stderrTable: readonly [pattern: RegExp, trouble: CameraTrouble][] = [
  [/\b40[13] (Unauthorized|Forbidden)/, 'denied'],
  [/\b404 Not Found/, 'notFound'],
  [/\b461 Unsupported Transport/i, 'transport'],
  [/Failed to resolve hostname/, 'hostUnknown'],
  [/Connection refused|Connection timed out|No route to host|Network is unreachable/, 'unreachable'],
  [/Can't write packet with unknown timestamp/, 'bFrames'],
  [/Stream map '0:v:0' matches no streams/, 'noVideo'],
];

/** What ffmpeg says, after one look at too little of the stream, of video whose size it does not know yet. */
const sizeUnknown = /Could not find codec parameters for stream \d+ \(Video|dimensions not set/;

/** True when looking at more of the stream may help (see Probe). */
export function needsLongProbe(stderrLines: string[]): boolean {
  return stderrLines.some(line => sizeUnknown.test(line));
}

/** The one reason for the end of a run. `host` is shown; no text of ffmpeg's is. */
export function explain(aftermath: Aftermath, host: string): AgentError {
  const { exit } = aftermath;
  if (exit.how === 'missing') return ffmpegMissing();
  const trouble = troubleIn(aftermath);
  if (trouble === 'ended' && exit.how === 'killed') return ffmpegKilled(host, exit.signal);
  return cameraError(trouble, host);
}

/** The error of a trouble that was seen in the stream itself. */
export function cameraError(trouble: CameraTrouble, host: string): AgentError {
  const { code, kind, sentence } = rows[trouble];
  return new AgentError({ code, kind, retry: 'later', message: sentence(host) });
}

function troubleIn({ stderrLines, delivered, silentMs, ioTimeoutMs }: Aftermath): CameraTrouble {
  const said = stderrTable.find(([pattern]) => stderrLines.some(line => pattern.test(line)));
  if (said) return said[1];
  if (silentMs >= ioTimeoutMs) return 'stalled';
  if (delivered) return 'ended';
  return stderrLines.some(line => line.includes('Invalid data found when processing input')) ? 'notRtsp' : 'failed';
}

function ffmpegMissing(): AgentError {
  return new AgentError({
    code: 'ffmpeg-missing',
    kind: 'invalid',
    retry: 'later',
    message: 'ffmpeg is not installed or does not run on this machine. Install it: apt-get install -y ffmpeg',
  });
}

function ffmpegKilled(host: string, signal: string): AgentError {
  return new AgentError({
    code: 'camera-failed',
    kind: 'unavailable',
    retry: 'now',
    message: `ffmpeg, which reads the camera at ${host}, was ended from outside (${signal}). If it happens again, look whether this machine runs out of memory.`,
  });
}
