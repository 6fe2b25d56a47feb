// The console's contract with the agent. All bodies are JSON; every answer that is not 2xx is an ApiError.
//
//   POST   /api/session                      { password }        → 204, sets a cookie    401 | 429
//   GET    /api/session                                          → 204                   401
//   DELETE /api/session                                          → 204
//   GET    /api/cameras                                          → CamerasAnswer
//   GET    /api/cameras/:id/still.jpg                            → image/jpeg            404 before the first still
//   GET    /api/cameras/:id/footage?fromMs&toMs                  → FootageAnswer
//   GET    /api/cameras/:id/sightings?fromMs&toMs                → SightingsAnswer, oldest first, at most 5000
//   POST   /api/cameras/:id/playback         PlaybackRequest     → PlaybackAnswer        404 | 502
//   GET    /api/sightings?limit&beforeMs                         → SightingsAnswer, newest first
//   GET    /api/sightings/:id/still.jpg                          → image/jpeg, the frame the label was seen on
//   GET    /api/alerts?limit&beforeMs                            → AlertsAnswer, newest first
//   GET    /api/events                                           → text/event-stream of LiveEvent, one per `data:` line
import type { Alert } from './alert.ts';
import type { CameraStatus } from './camera-status.ts';
import type { Sighting } from './sighting.ts';

export type ApiError = { code: string; message: string };

export type CamerasAnswer = {
  siteName: string;
  /** The agent's clock, so that ages are right on a device whose clock differs. */
  nowMs: number;
  cameras: CameraStatus[];
  /** Who the device is to AWS; `problem` says why there are no credentials or why they could not be renewed. */
  credentials?: { source: string; expiresAtMs?: number; problem?: string };
  /** Not trusted: nothing is sent, and recordings get their times later. `offsetMs`: right time − the machine's clock. */
  clock?: { trusted: boolean; source?: 'ntp' | 'service'; offsetMs?: number };
};

/**
 * Where the video of a span is, exact to the fragment; neighbours of one kind and reason are merged. `cloud` was confirmed
 * as PERSISTED, `disk` still waits, `lost` was recorded and given up (reason: `disk-full`, an ack error's code …).
 * `offline`: the camera gave no video (reason: an error code). `agent-down`: nobody was there to record.
 */
export type FootageSpan = {
  startMs: number;
  endMs: number;
  at: 'cloud' | 'disk' | 'lost' | 'offline' | 'agent-down';
  reason?: string;
};
export type FootageAnswer = { spans: FootageSpan[] };

export type SightingsAnswer = { sightings: Sighting[] };
export type AlertsAnswer = { alerts: Alert[] };

export type PlaybackRequest = { mode: 'LIVE' } | { mode: 'ON_DEMAND'; startMs: number; endMs: number };
export type PlaybackAnswer = { url: string; expiresAtMs: number };

export type LiveEvent =
  | { type: 'cameras'; answer: CamerasAnswer }
  | { type: 'sighting'; sighting: Sighting }
  | { type: 'alert'; alert: Alert };
