// What an error means for the next attempt: whether waiting can help, and how long to wait. Pure.
import type { CameraState } from '../../shared/camera-status.ts';
import type { AgentError, ErrorCode } from '../errors.ts';

export type Outlook = { state: Extract<CameraState, 'offline' | 'refused'>; firstMs: number; maxMs: number };

/** A camera that restarts is back within a minute: no more than a quarter of that is lost by waiting. */
const network: Outlook = { state: 'offline', firstMs: 1_000, maxMs: 15_000 };
/** Somebody must change a setting; still tried, because they may do so on the camera and tell nobody. */
const setting: Outlook = { state: 'refused', firstMs: 10_000, maxMs: 60_000 };
/** Each attempt counts at the camera, and about five wrong passwords lock the account. */
const password: Outlook = { state: 'refused', firstMs: 60_000, maxMs: 300_000 };

const outlooks: Partial<Record<ErrorCode, Outlook>> = {
  'camera-denied': password,
  'camera-not-found': setting,
  'camera-not-rtsp': setting,
  'camera-transport': setting,
  'camera-certificate': setting,
  'camera-b-frames': setting,
  'camera-codec-unsupported': setting,
  'camera-no-video': setting,
  'ffmpeg-missing': setting,
};

/** Codes that a camera also gives while it starts: its web server is up, its streams are not. */
const usualWhileStarting: ReadonlySet<ErrorCode> = new Set(['camera-not-found', 'camera-not-rtsp']);

/** `wasLive`: pictures came from the same address before, so the address is right. */
export function cameraOutlook({ code }: AgentError, wasLive: boolean): Outlook {
  if (wasLive && usualWhileStarting.has(code)) return network;
  return outlooks[code] ?? network;
}

/** Doubles with each failure in a row (from 1), up to the outlook's maximum; the upper half of it is chance. */
export function retryDelayMs({ firstMs, maxMs }: Outlook, failures: number, random: () => number): number {
  const fullMs = Math.min(maxMs, firstMs * 2 ** Math.min(failures - 1, 30));
  return Math.round(fullMs * (0.5 + 0.5 * random()));
}
