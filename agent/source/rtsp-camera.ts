// What a source of RTSP is told of its camera, whoever reads it.
import type { Clock } from '../clock.ts';
import type { Facts } from '../facts.ts';
import type { Secret } from '../secret.ts';

export type RtspCamera = {
  id: string;
  /** `rtsp://` or `rtsps://`, without user and password. */
  url: string;
  username?: string | undefined;
  password?: Secret | undefined;
  /** SHA-256 of the certificate to trust with rtsps://; left out: the authorities this machine trusts. */
  tlsFingerprint?: string | undefined;
  /** `auto`, the default: TCP, and UDP when the camera refuses it. */
  transport?: 'auto' | 'tcp' | 'udp' | undefined;
  /** `transcode` takes pictures that are no H.264 or H.265 too; default `copy`. Transcoding itself is not the source's. */
  video?: 'copy' | 'transcode' | undefined;
  /** `aac` copies AAC and re-encodes other audio to AAC; `off` leaves sound out. */
  audio: 'aac' | 'off';
};

export type SourceTimings = {
  /** Longest wait from the start of ffmpeg to its first byte: connecting, signing in, waiting for a key frame. */
  firstByteMs: number;
  /** Longest silence while the stream runs. */
  silenceMs: number;
  /** Longest wait for the camera's answer while connecting. */
  ioTimeoutMs: number;
  /** Failures are forgotten after this long a time with pictures. */
  steadyMs: number;
};

export type RtspSourceOptions = {
  camera: RtspCamera;
  clock: Clock;
  facts: Facts;
  /** 0 ≤ value < 1, as Math.random. */
  random: () => number;
  /** Default: `ffmpeg` on the PATH. */
  ffmpegPath?: string;
  timings?: Partial<SourceTimings>;
};

export const defaultTimings: SourceTimings = {
  firstByteMs: 20_000,
  silenceMs: 10_000,
  ioTimeoutMs: 5_000,
  steadyMs: 60_000,
};
