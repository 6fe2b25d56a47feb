// The console's contract with the agent. All bodies are JSON; every answer that is not 2xx is an ApiError.
//
//   POST   /api/session                      { password }        → 204, sets a cookie    401 | 429
//   GET    /api/session                                          → 204                   401
//   DELETE /api/session                                          → 204
//   GET    /api/cameras                                          → CamerasAnswer
//   POST   /api/cameras                      NewCamera           → 201 CameraEdited      409 camera-exists | 422
//   PATCH  /api/cameras/:id                  CameraChanges       → CameraEdited          404 camera-unknown | 422
//   DELETE /api/cameras/:id?force                                → CameraRemoved         404 | 409 camera-in-rules
//   GET    /api/cameras/:id/settings                             → ShownCamera           404
//   POST   /api/cameras/import               ImportRequest       → ImportAnswer          422 a file that is no CSV
//   GET    /api/cameras/export.csv                               → text/csv, without passwords
//   POST   /api/camera-check                 CameraCheckRequest  → CameraCheck           403 | 404 | 409 | 422 | 504
//   POST   /api/discovery                    DiscoveryRequest    → application/x-ndjson of DiscoveryEvent, `done` last
//                                                                  409 search-running | 422 scan-refused, camera-host-unknown
//   GET    /api/cameras/:id/still.jpg                            → image/jpeg            404 before the first still
//   GET    /api/cameras/:id/footage?fromMs&toMs                  → FootageAnswer
//   GET    /api/cameras/:id/sightings?fromMs&toMs                → SightingsAnswer, with paths, oldest first, at most 5000
//   GET    /api/cameras/:id/label-pauses?fromMs&toMs             → LabelPausesAnswer, oldest first
//   GET    /api/cameras/:id/sightings?fromMs&toMs                → SightingsAnswer, oldest first, at most 5000
//   POST   /api/cameras/:id/playback         PlaybackRequest     → PlaybackAnswer        404 | 502
//   GET    /api/sightings?limit&beforeMs                         → SightingsAnswer, newest first
//   GET    /api/sightings/:id/still.jpg                          → image/jpeg, the frame it was seen best on
//   GET    /api/alerts?limit&beforeMs&cameraId&state             → AlertsAnswer, newest first; `state`: with such a delivery
//   GET    /api/alerts/:id                                       → AlertAnswer           404 alert-unknown
//   POST   /api/alerts/:id/redeliver         RedeliverRequest    → Redelivered           404 alert-unknown, destination-unknown
//   GET    /api/destinations                                     → DestinationsAnswer
//   POST   /api/destinations/:id/test                            → DestinationTested     404 destination-unknown
//   GET    /api/sightings/:id/why                               → WhyAnswer             404 sighting-unknown
//   GET    /api/rules                                            → RulesAnswer
//   POST   /api/rules/replay                 ReplayRequest       → ReplayAnswer          404 | 409 replay-running | 422
//   GET    /api/snoozes                                          → SnoozesAnswer
//   POST   /api/snooze                       SnoozeRequest       → SnoozesAnswer         404
//   GET    /api/budget                                           → Budget
//   GET    /api/events                                           → text/event-stream of LiveEvent, one per `data:` line
//
// 422 is `settings-invalid`, with the settings that are wrong in `fields`. A change of cameras that cannot be written is
// 403 `settings-read-only`. A camera that is removed stops recording at once; with `force` it leaves the rules that name it
// too, and a rule that names no other camera goes with it. A changed address of another host needs the password again.
import type { Alert, DeliveryAttempt } from './alert.ts';
import type { Budget, LabelPause } from './budget.ts';
import type { ImportedRow, ShownCamera } from './camera-edits.ts';
import type { CameraStatus } from './camera-status.ts';
import type { DestinationStatus } from './destination-status.ts';
import type { Sighting } from './sighting.ts';

/** `fields`: settings by their path (`labels.everySeconds`), each with its rule in words. */
export type ApiError = { code: string; message: string; fields?: { path: string; message: string }[] };

export type CamerasAnswer = {
  siteName: string;
  /** The agent's clock, so that ages are right on a device whose clock differs. */
  nowMs: number;
  cameras: CameraStatus[];
  /** Cameras that were removed while video of theirs still waits to be sent. Left out: none. */
  leaving?: { id: string; waitingFragments: number; waitingBytes: number }[];
  /** Who the device is to AWS; `problem` says why there are no credentials or why they could not be renewed. */
  credentials?: { source: string; expiresAtMs?: number; problem?: string };
  /** Not trusted: nothing is sent, and recordings get their times later. `offsetMs`: right time − the machine's clock. */
  clock?: { trusted: boolean; source?: 'ntp' | 'service'; offsetMs?: number };
  /** What labels cost today. */
  budget?: Budget;
};

/** `needRestart`: other settings that changed in the file and hold only after a restart of the agent, by name. */
export type CameraEdited = { camera: ShownCamera; needRestart: string[] };
/** Ids of rules. */
export type CameraRemoved = { changedRules: string[]; removedRules: string[]; needRestart: string[] };
/** `added`: how many; 0 when a row is bad and bad ones are not skipped. Each row of the file has its outcome. */
export type ImportAnswer = { added: number; rows: ImportedRow[]; needRestart: string[] };

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

/** When labels of a camera were paused within the range, and why. */
export type LabelPausesAnswer = { pauses: LabelPause[] };

export type SightingsAnswer = { sightings: Sighting[] };
/** Sightings of alerts are as they are known by now, with the box of their still. */
export type AlertsAnswer = { alerts: Alert[] };
/** `attempts`: the newest of each delivery, in the order they were made. */
export type AlertAnswer = { alert: Alert; attempts: DeliveryAttempt[] };
/** Without `destination`: to each that has not taken it. It may also be one that the alert never went to. */
export type RedeliverRequest = { destination?: string };
export type DestinationsAnswer = { destinations: DestinationStatus[] };

export type PlaybackRequest = { mode: 'LIVE' } | { mode: 'ON_DEMAND'; startMs: number; endMs: number };
export type PlaybackAnswer = { url: string; expiresAtMs: number };

export type LiveEvent =
  | { type: 'cameras'; answer: CamerasAnswer }
  | { type: 'sighting'; sighting: Sighting }
  | { type: 'alert'; alert: Alert };
