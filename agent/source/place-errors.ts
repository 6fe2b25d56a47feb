// The errors of cameras that are no RTSP cameras: from what ffmpeg, or the program that runs a board's camera, leaves on
// stderr to one AgentError whose sentence the camera's owner can act on.
import { AgentError, type ErrorCode, type ErrorKind } from '../errors.ts';
import { ffmpegMissing } from '../ffmpeg/ffmpeg-missing.ts';
import type { RunEnd } from './read-run.ts';

/** What a camera is read from. */
export type CameraPlace = 'http' | 'file' | 'v4l2' | 'libcamera';

type Row = { code: ErrorCode; kind: ErrorKind; sentence: (name: string) => string };

const forms: Record<CameraPlace, string> = {
  http: 'http://HOST/PATH',
  file: 'file:///PATH',
  v4l2: 'v4l2:/dev/video0?input_format=mjpeg&size=1280x720&fps=25',
  libcamera: 'libcamera:0?size=1280x720&fps=25',
};

const rows = {
  denied: {
    code: 'camera-denied',
    kind: 'denied',
    sentence: name => `${name} refuses the user name or password. Check username and password of this camera.`,
  },
  notPermitted: {
    code: 'camera-denied',
    kind: 'denied',
    sentence: name =>
      `The agent may not read ${name}. Let its user read it; for a camera of this machine: usermod -aG video USER, then restart the agent.`,
  },
  notFound: {
    code: 'camera-not-found',
    kind: 'invalid',
    sentence: name => `There is no video at this address of ${name}. Correct url.`,
  },
  fileMissing: {
    code: 'camera-not-found',
    kind: 'invalid',
    sentence: name => `There is no file ${name}. Correct url.`,
  },
  deviceMissing: {
    code: 'device-missing',
    kind: 'unavailable',
    sentence: name =>
      `There is no camera at ${name}. Check that it is plugged in; v4l2-ctl --list-devices (apt-get install -y v4l-utils) shows where each camera is.`,
  },
  boardCameraMissing: {
    code: 'device-missing',
    kind: 'unavailable',
    sentence: name =>
      `Nothing is connected as ${name}. Check the camera's ribbon cable on both ends; rpicam-hello --list-cameras shows what the board sees.`,
  },
  programMissing: {
    code: 'device-missing',
    kind: 'invalid',
    sentence: () =>
      'The program that reads a board’s own camera is not installed. On Raspberry Pi OS: apt-get install -y rpicam-apps',
  },
  deviceBusy: {
    code: 'device-busy',
    kind: 'unavailable',
    sentence: name => `Another program uses ${name}. End it; fuser -v /dev/video* shows which one it is.`,
  },
  deviceFormat: {
    code: 'camera-codec-unsupported',
    kind: 'invalid',
    sentence: name =>
      `${name} has no video of this format, size or frame rate. v4l2-ctl --list-formats-ext shows what it has: correct input_format, size and fps in url.`,
  },
  hostUnknown: {
    code: 'camera-host-unknown',
    kind: 'unavailable',
    sentence: name => `No device is known under the name of ${name}. Check the host in url, or use its IP address.`,
  },
  unreachable: {
    code: 'camera-unreachable',
    kind: 'unavailable',
    sentence: name => `${name} cannot be reached. Check that it is on and in this network, and the port in url.`,
  },
  certificate: {
    code: 'camera-certificate',
    kind: 'denied',
    sentence: name =>
      `This machine does not trust the certificate of ${name}. Use an address with http://, or make the certificate known to this machine (update-ca-certificates).`,
  },
  fingerprint: {
    code: 'camera-certificate',
    kind: 'invalid',
    sentence: name =>
      `A tlsFingerprint can be checked for rtsps:// only, not for ${name}. Make its certificate known to this machine (update-ca-certificates) and take tlsFingerprint out.`,
  },
  noVideo: {
    code: 'camera-no-video',
    kind: 'invalid',
    sentence: name => `What comes from ${name} has no video. Correct url.`,
  },
  notVideo: {
    code: 'camera-answer-invalid',
    kind: 'invalid',
    sentence: name =>
      `What ${name} answers is no video. Its web page has another address than its stream: look for MJPEG or HLS in its manual and correct url.`,
  },
  needsTranscoding: {
    code: 'camera-codec-unsupported',
    kind: 'invalid',
    sentence: name =>
      `${name} sends single pictures (MJPEG), which Kinesis Video Streams does not take. Set video: transcode for this camera: it takes a good part of a processor core, kvs-edge check says how much here. Or choose H.264 if it has it.`,
  },
  codecUnsupported: {
    code: 'camera-codec-unsupported',
    kind: 'invalid',
    sentence: name =>
      `${name} sends video that is neither H.264 nor H.265. Choose H.264 in its settings, or set video: transcode.`,
  },
  addressUnknown: {
    code: 'camera-not-found',
    kind: 'invalid',
    sentence: form => `This url says nothing that can be read. It should look like ${form}.`,
  },
  stalled: {
    code: 'camera-stalled',
    kind: 'unavailable',
    sentence: name => `${name} is connected but sends nothing. If it stays so, restart it.`,
  },
  ended: {
    code: 'camera-ended',
    kind: 'unavailable',
    sentence: name => `${name} ended the stream. This is usual when it restarts.`,
  },
  failed: {
    code: 'camera-failed',
    kind: 'unavailable',
    sentence: name => `The video of ${name} cannot be opened. Try the same address in another player, such as VLC.`,
  },
} as const satisfies Record<string, Row>;

export type PlaceTrouble = keyof typeof rows;

type Pattern = readonly [pattern: RegExp, trouble: PlaceTrouble];

/** In order of meaning: an earlier one wins, wherever its line stands. The places' own, then what all may say. */
const patterns: Record<CameraPlace, readonly Pattern[]> = {
  http: [
    [/\b40[13] (Unauthorized|Forbidden)/, 'denied'],
    [/\b404 Not Found/, 'notFound'],
    [/Failed to resolve hostname/, 'hostUnknown'],
    [/certificate/i, 'certificate'],
    [/Connection refused|Connection timed out|No route to host|Network is unreachable/, 'unreachable'],
    [/Protocol '.*' not on whitelist/, 'notVideo'],
    [/Invalid data found when processing input/, 'notVideo'],
  ],
  file: [
    [/No such file or directory/, 'fileMissing'],
    [/Permission denied/, 'notPermitted'],
    [/Invalid data found when processing input|Protocol '.*' not on whitelist/, 'noVideo'],
  ],
  v4l2: [
    [/No such file or directory|No such device/, 'deviceMissing'],
    [/Device or resource busy/, 'deviceBusy'],
    [/Permission denied/, 'notPermitted'],
    [/Not a video capture device|Inappropriate ioctl for device/, 'deviceMissing'],
    [/No such input format|Cannot find a proper format|Invalid argument|ioctl\(VIDIOC_S_FMT\)/, 'deviceFormat'],
  ],
  libcamera: [
    [/no cameras available|selected camera is not available/i, 'boardCameraMissing'],
    [/Device or resource busy|failed to acquire camera|in use by another process/i, 'deviceBusy'],
    [/Permission denied/, 'notPermitted'],
  ],
};
const patternsOfAll: readonly Pattern[] = [[/Stream map '0:v:0' matches no streams/, 'noVideo']];

export type PlaceEnd = RunEnd & {
  /** Whether pictures had come in this run. */
  delivered: boolean;
  /** From this much silence on it did not end but fall silent. */
  ioTimeoutMs: number;
};

/** The one reason for the end of a run. `name` is shown; no text of a program's is. */
export function explainPlace(place: CameraPlace, name: string, end: PlaceEnd): AgentError {
  if (end.exit.how === 'missing') return ffmpegMissing();
  const said = [...patterns[place], ...patternsOfAll].find(([pattern]) =>
    end.stderrLines.some(line => pattern.test(line)),
  );
  // What was said while pictures came is no reason for their end, but a device that is pulled out says so.
  if (said && (!end.delivered || said[1] === 'deviceMissing')) return placeError(said[1], place, name);
  if (end.silentMs >= end.ioTimeoutMs) return placeError('stalled', place, name);
  return placeError(end.delivered ? 'ended' : 'failed', place, name);
}

/** The error of a trouble that is known without ffmpeg's words. */
export function placeError(trouble: PlaceTrouble, place: CameraPlace, name: string): AgentError {
  const { code, kind, sentence } = rows[trouble];
  const about = trouble === 'addressUnknown' ? forms[place] : name;
  const message = sentence(about);
  return new AgentError({ code, kind, retry: 'later', message: message[0]?.toUpperCase() + message.slice(1) });
}
