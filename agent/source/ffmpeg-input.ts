// From a camera's address to what ffmpeg is told of it, for everything that is not RTSP: HTTP (MJPEG, HLS), files, USB
// cameras and a Raspberry Pi's own camera. Pure. A password appears in the script alone, which travels over stdin.
import { fileURLToPath } from 'node:url';
import type { FfmpegInput } from '../ffmpeg/ffmpeg-run.ts';
import { type CameraAddress, urlWithCredentials } from './camera-script.ts';
import { type CameraPlace, placeError } from './place-errors.ts';

/** `url` begins with http:, https:, file:, v4l2: or libcamera:. */
export type PlaceAddress = CameraAddress & { tlsFingerprint?: string | undefined };

export type CameraInput = {
  place: CameraPlace;
  /** For sentences: host, file or device. No secret in it. */
  name: string;
  inputOptions: string[];
  outputOptions: string[];
} & (
  | { input: Exclude<FfmpegInput, { media: unknown }> }
  /** A program whose H.264 on stdout ffmpeg reads: the first of these that the machine has. */
  | { programs: readonly string[]; args: string[] }
);

export type InputOptions = {
  /** Longest wait for the camera's next byte. */
  ioTimeoutMs: number;
  /** The camera's pictures have no times of their own: theirs is when they arrive. */
  arrivalTimes: boolean;
};

const quiet = ['-hide_banner', '-loglevel', 'level+warning'];
const arrival = ['-use_wallclock_as_timestamps', '1'];
const copyVideo = ['-map', '0:v:0', '-c:v', 'copy'];
/** Raw pictures are too many bytes to be handed on as they are. */
const videoAsJpeg = ['-map', '0:v:0', '-c:v', 'mjpeg', '-q:v', '3', '-pix_fmt', 'yuvj422p'];
const soundIfAny = ['-map', '0:a:0?', '-c:a', 'copy'];
/** A little faster than it was recorded: in step with a camera whose clock runs faster than ours, and without bursts. */
const paced = ['-readrate', '1.05'];
const defaultFps = 25;
const keyFrameSeconds = 2;

/** @throws AgentError `camera-not-found` for an address nothing can be read from, `camera-certificate` */
export function ffmpegInput(camera: PlaceAddress, options: InputOptions): CameraInput {
  switch (new URL(camera.url).protocol) {
    case 'http:':
    case 'https:':
      return httpInput(camera, options);
    case 'file:':
      return fileInput(camera.url);
    case 'v4l2:':
      return deviceInput(camera.url);
    case 'libcamera:':
      return boardCameraInput(camera.url);
    default:
      throw placeError('addressUnknown', 'http', new URL(camera.url).host);
  }
}

function httpInput(camera: PlaceAddress, { ioTimeoutMs, arrivalTimes }: InputOptions): CameraInput {
  const name = new URL(camera.url).host;
  const encrypted = camera.url.startsWith('https:');
  if (encrypted && camera.tlsFingerprint !== undefined) throw placeError('fingerprint', 'http', name);
  const isHls = /\.m3u8?$/i.test(new URL(camera.url).pathname);
  const script = [
    'ffconcat version 1.0',
    `file '${urlWithCredentials(camera)}'`,
    `option rw_timeout ${ioTimeoutMs * 1000}`,
    ...(encrypted ? ['option tls_verify 1'] : []),
    ...(arrivalTimes ? ['option use_wallclock_as_timestamps 1'] : []),
    '',
  ].join('\n');
  const protocols = ['pipe', 'http', 'tcp', 'crypto', ...(encrypted ? ['https', 'tls'] : [])];
  return {
    ...{ place: 'http', name, input: { script } },
    inputOptions: [...quiet, '-safe', '0', '-protocol_whitelist', protocols.join(','), ...(isHls ? paced : [])],
    outputOptions: [...copyVideo, ...soundIfAny],
  };
}

/** Played again and again at the pace it was recorded. */
function fileInput(url: string): CameraInput {
  const path = pathOf(url);
  return {
    ...{ place: 'file', name: path, input: { place: `file:${path}` } },
    inputOptions: [...quiet, '-protocol_whitelist', 'file', '-re', '-stream_loop', '-1'],
    outputOptions: [...copyVideo, ...soundIfAny],
  };
}

function pathOf(url: string): string {
  try {
    return fileURLToPath(url);
  } catch {
    throw placeError('addressUnknown', 'file', url);
  }
}

/** v4l2:/dev/video0?input_format=h264&size=1280x720&fps=25 */
function deviceInput(url: string): CameraInput {
  const { pathname, searchParams } = new URL(url);
  const device = decodeURIComponent(pathname);
  if (!/^\/dev\/[\w./:-]+$/.test(device) || device.includes('..')) throw placeError('addressUnknown', 'v4l2', url);
  const { size, fps } = pictureOptions(url, searchParams);
  const format = searchParams.get('input_format') ?? undefined;
  if (format !== undefined && !/^\w{1,32}$/.test(format)) throw placeError('addressUnknown', 'v4l2', url);
  const isCoded = format !== undefined && ['h264', 'hevc', 'mjpeg'].includes(format);
  return {
    ...{ place: 'v4l2', name: device, input: { place: device, format: 'v4l2' } },
    inputOptions: [
      ...quiet,
      ...(format === undefined ? [] : ['-input_format', format]),
      ...(size === undefined ? [] : ['-video_size', `${size.width}x${size.height}`]),
      ...(fps === undefined ? [] : ['-framerate', String(fps)]),
    ],
    outputOptions: isCoded ? copyVideo : videoAsJpeg,
  };
}

/** libcamera:0?size=1280x720&fps=25 */
function boardCameraInput(url: string): CameraInput {
  const { pathname, searchParams } = new URL(url);
  if (!/^\d{0,2}$/.test(pathname)) throw placeError('addressUnknown', 'libcamera', url);
  const { size = { width: 1280, height: 720 }, fps = defaultFps } = pictureOptions(url, searchParams);
  const index = pathname === '' ? '0' : pathname;
  return {
    ...{ place: 'libcamera', name: `camera ${index} of this board`, programs: ['rpicam-vid', 'libcamera-vid'] },
    args: [
      ...['--nopreview', '--timeout', '0', '--camera', index, '--codec', 'h264', '--inline'],
      ...['--width', String(size.width), '--height', String(size.height), '--framerate', String(fps)],
      ...['--intra', String(Math.round(keyFrameSeconds * fps)), '--flush', '--output', '-'],
    ],
    // A bare stream of H.264 has no times.
    inputOptions: [...quiet, '-framerate', String(fps), ...arrival],
    outputOptions: copyVideo,
  };
}

type PictureOptions = { size?: { width: number; height: number }; fps?: number };

function pictureOptions(url: string, parameters: URLSearchParams): PictureOptions {
  const place = url.startsWith('v4l2:') ? 'v4l2' : 'libcamera';
  const unknown = [...parameters.keys()].filter(key => !['input_format', 'size', 'fps'].includes(key));
  const [sizeText, fpsText] = [parameters.get('size'), parameters.get('fps')];
  const size = sizeText === null ? undefined : /^(\d{2,5})x(\d{2,5})$/.exec(sizeText);
  const fps = fpsText === null ? undefined : Number(fpsText);
  const wrongFps = fps !== undefined && !(fps >= 1 && fps <= 240);
  if (unknown.length > 0 || size === null || wrongFps) throw placeError('addressUnknown', place, url);
  return {
    ...(size ? { size: { width: Number(size[1]), height: Number(size[2]) } } : {}),
    ...(fps === undefined ? {} : { fps }),
  };
}
