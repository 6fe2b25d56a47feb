// What the console's server needs to know, and nothing more: the agent hands it objects of other stages that fit.
import type { Alert, DeliveryState } from '../../shared/alert.ts';
import type {
  AlertAnswer,
  CameraEdited,
  CameraRemoved,
  CamerasAnswer,
  FootageSpan,
  ImportAnswer,
  PlaybackAnswer,
  PlaybackRequest,
} from '../../shared/api.ts';
import type { Budget, LabelPause } from '../../shared/budget.ts';
import type { CameraCheck, CameraCheckRequest } from '../../shared/camera-check.ts';
import type { CameraChanges, ImportRequest, NewCamera, ShownCamera } from '../../shared/camera-edits.ts';
import type { CameraStatus } from '../../shared/camera-status.ts';
import type { DestinationStatus, DestinationTested, Redelivered } from '../../shared/destination-status.ts';
import type { DiscoveryEvent, DiscoveryRequest } from '../../shared/discovery.ts';
import type {
  ReplayAnswer,
  ReplayRequest,
  RulesAnswer,
  SnoozeRequest,
  SnoozesAnswer,
  WhyAnswer,
} from '../../shared/rule-answers.ts';
import type { Sighting } from '../../shared/sighting.ts';

type Awaitable<T> = T | Promise<T>;

export type CameraReader = {
  statuses(): CameraStatus[];
  /** Calls back after changes, not more often than viewers should redraw. Returns the function that ends it. */
  onChange(listener: () => void): () => void;
};

/** Where cameras are changed. Methods reject with an AgentError: `camera-…`, `settings-…`, `disk-…`. */
export type CameraEditor = {
  /** Undefined when there is no such camera. */
  shown(id: string): ShownCamera | undefined;
  add(camera: NewCamera): Promise<CameraEdited>;
  change(id: string, changes: CameraChanges): Promise<CameraEdited>;
  remove(id: string, options: { force: boolean }): Promise<CameraRemoved>;
  importCsv(request: Required<ImportRequest>): Promise<ImportAnswer>;
  /** With a byte order mark; never with passwords. */
  exportCsv(): Promise<string>;
};

export type CameraFinder = {
  /**
   * Searches for cameras. Rejects with the signal's reason, and before the first event with an AgentError: `scan-refused` for
   * what may not be searched from the console, `camera-host-unknown`.
   */
  search(asked: DiscoveryRequest, signal: AbortSignal): AsyncGenerator<DiscoveryEvent, void, undefined>;
};

/** What is true of the device as a whole. */
export type SiteReader = { site(): Pick<CamerasAnswer, 'credentials' | 'clock' | 'leaving' | 'budget'> };

export type BudgetReader = {
  today(): Budget;
  /** Of one camera, oldest first. */
  pauses(cameraId: string, range: { fromMs: number; toMs: number }): Awaitable<LabelPause[]>;
};

export type FootageReader = { footage(cameraId: string, fromMs: number, toMs: number): Awaitable<FootageSpan[]> };

export type CameraChecker = {
  /**
   * Looks at a camera. `address`: it may not be looked at from the console; `password`: the stored one is not sent there;
   * `camera`: there is none of that id; `time`: it took too long. Rejects with the signal's reason.
   */
  check(
    asked: CameraCheckRequest,
    signal: AbortSignal,
  ): Promise<{ check: CameraCheck } | { refused: 'address' | 'password' | 'camera' | 'time' }>;
};

export type SightingReader = {
  /** What was there at some time in `fromMs` ≤ time < `toMs`, the one that came first first, with their paths. */
  ofCamera(cameraId: string, range: { fromMs: number; toMs: number; limit: number }): Awaitable<Sighting[]>;
  /** Before `beforeMs`, newest first. */
  newest(page: Page): Awaitable<Sighting[]>;
  /** JPEG of the frame the label was seen best on; `undefined` when there is none or no longer. */
  still(sightingId: string): Awaitable<Uint8Array | undefined>;
};

export type Page = { limit: number; beforeMs?: number };

export type AlertReader = {
  /** Before `beforeMs`, newest first; of one camera, with a delivery in the state. */
  list(page: AlertPage): Alert[];
  /** Undefined when there is none of that id, or no longer. */
  alert(id: string): AlertAnswer | undefined;
};

export type AlertPage = {
  limit: number;
  beforeMs?: number | undefined;
  cameraId?: string | undefined;
  state?: DeliveryState | undefined;
};

export type DestinationReader = {
  statuses(): DestinationStatus[];
  /** Sends an alert of kind `test` to it, now. Rejects with an AgentError `destination-unknown`. */
  test(id: string): Promise<DestinationTested>;
  /** Throws AgentError `alert-unknown` or `destination-unknown`. */
  redeliver(asked: { alertId: string; destination?: string | undefined }): Redelivered;
};

export type StillLinkReader = {
  /** Of a link to a picture as it was sent in an alert: whether it was signed here, and still holds. */
  judge(signed: { sightingId: string; expires: string; signature: string }): 'valid' | 'expired' | 'wrong';
};

/** Methods throw AgentError `rule-unknown`, `camera-unknown`, `sighting-unknown`, `disk-*`. */
export type RuleReader = {
  rules(): RulesAnswer;
  why(sightingId: string): WhyAnswer;
  snoozes(): SnoozesAnswer;
  snooze(asked: SnoozeRequest): SnoozesAnswer;
  /** Rejects with `settings-invalid` for a rule that is not right, `replay-running` while another runs, the signal's reason. */
  replay(asked: ReplayRequest, signal: AbortSignal): Promise<ReplayAnswer>;
};

export type StillReader = {
  /** The newest still of the camera as JPEG; `undefined` before the first. */
  latestStill(cameraId: string): Awaitable<Uint8Array | undefined>;
};

export type PlaybackReader = {
  /** Opens an HLS session of the stream at the service. Throws AgentError `footage-missing` or `service-*`. */
  open(stream: string, request: PlaybackRequest, signal: AbortSignal): Promise<PlaybackAnswer>;
};

/** Serves HLS sessions of a service that only this machine can reach. */
export type RelayReader = {
  /** The session's address on the console's own server; `undefined` when browsers can reach the service themselves. */
  pathFor(sessionUrl: string): string | undefined;
  /** `undefined` when this is no address of an HLS session. Throws AgentError `service-unreachable`. */
  fetch(file: string, query: string, signal: AbortSignal): Promise<RelayedAnswer | undefined>;
};

export type RelayedAnswer = { status: number; contentType: string; body: ReadableStream<Uint8Array> | null };
