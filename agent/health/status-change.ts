// What one fact changes about one camera's status: pure, so that every transition is a row in a test table.
import type { CameraStatus, Problem } from '../../shared/camera-status.ts';
import type { AgentError } from '../errors.ts';
import type { Fact, FactOf } from '../facts.ts';

/** The part of a status that facts tell; what the spool holds is read from the spool. */
export type ToldStatus = Omit<CameraStatus, 'upload' | 'lostSeconds'> & {
  upload: Omit<CameraStatus['upload'], 'waitingFragments' | 'waitingBytes' | 'oldestWaitingMs'>;
};

/** The camera a fact is about; `undefined` for facts about rules and deliveries. */
export function cameraOf(fact: Fact): string | undefined {
  if ('cameraId' in fact) return fact.cameraId;
  return fact.type === 'sighting.seen' ? fact.sighting.cameraId : undefined;
}

/** The same object when the fact changes nothing that the console shows. */
export function statusAfter(status: ToldStatus, fact: Fact, nowMs: number): ToldStatus {
  switch (fact.type) {
    case 'camera.state':
      return withCameraState(status, fact, nowMs);
    case 'camera.problem':
      return { ...status, problem: problemOf(fact.error) };
    case 'camera.clock':
      return { ...status, clockOffsetMs: fact.offsetMs };
    case 'camera.motion':
      return { ...status, motion: { active: fact.active, sinceMs: fact.atMs } };
    case 'camera.events':
      return withEvents(status, fact);
    case 'upload.state':
      return withUploadState(status, fact);
    case 'upload.backlog':
      return withBacklog(status, fact);
    case 'stream.checked':
      return withStream(status, fact);
    case 'fragment.spooled':
      return withFragment(status, fact);
    case 'spool.failed':
      return { ...status, diskProblem: problemOf(fact.error) };
    case 'fragment.persisted':
      return { ...status, upload: { ...without(status.upload, 'problem'), lastPersistedAckMs: nowMs } };
    case 'fragment.rejected':
      return { ...status, upload: { ...status.upload, problem: problemOf(fact.error) } };
    case 'still.sampled':
      return { ...status, stillAtMs: fact.atMs };
    case 'labels.failed':
      return { ...status, labels: { ...status.labels, problem: problemOf(fact.error) } };
    case 'labels.detected':
      return { ...status, labels: without(status.labels, 'problem') };
    case 'labels.paused':
      return { ...status, labels: { ...status.labels, paused: { reason: fact.reason, untilMs: fact.untilMs } } };
    case 'labels.resumed':
      return { ...status, labels: without(status.labels, 'paused') };
    case 'sighting.seen':
      return { ...status, lastSighting: fact.sighting };
    default:
      return status;
  }
}

function withCameraState(status: ToldStatus, fact: FactOf<'camera.state'>, nowMs: number): ToldStatus {
  return {
    ...without(without(status, 'problem'), 'retryAtMs'),
    state: fact.state,
    sinceMs: status.state === fact.state ? status.sinceMs : nowMs,
    ...(fact.error ? { problem: problemOf(fact.error) } : {}),
    ...(fact.retryAtMs === undefined ? {} : { retryAtMs: fact.retryAtMs }),
  };
}

function withEvents(status: ToldStatus, { state, error }: FactOf<'camera.events'>): ToldStatus {
  if (state === 'listening') return without(status, 'eventsProblem');
  return { ...without(status, 'motion'), ...(error ? { eventsProblem: problemOf(error) } : {}) };
}

// Without labels no still is sampled, and whoever asks gets the newest fragment's first picture.
function withFragment(status: ToldStatus, { startMs }: FactOf<'fragment.spooled'>): ToldStatus {
  const recorded = without(status, 'diskProblem');
  return status.labels.on ? recorded : { ...recorded, stillAtMs: startMs };
}

// A problem stays while the uploader tries again and again; only a confirmed fragment, or nothing left to send, ends it.
function withUploadState(status: ToldStatus, fact: FactOf<'upload.state'>): ToldStatus {
  const pace = fact.state === 'waiting' ? without(status.upload, 'etaSeconds') : status.upload;
  const upload = without(pace, 'retryAtMs');
  const problem = fact.error ? problemOf(fact.error) : fact.state === 'idle' ? undefined : upload.problem;
  return {
    ...status,
    upload: {
      ...without(upload, 'problem'),
      state: fact.state,
      ...(problem ? { problem } : {}),
      ...(fact.retryAtMs === undefined ? {} : { retryAtMs: fact.retryAtMs }),
    },
  };
}

function withBacklog(status: ToldStatus, { backlogSeconds, etaSeconds }: FactOf<'upload.backlog'>): ToldStatus {
  const upload = without(status.upload, 'etaSeconds');
  return { ...status, upload: { ...upload, backlogSeconds, ...(etaSeconds === undefined ? {} : { etaSeconds }) } };
}

function withStream(status: ToldStatus, fact: FactOf<'stream.checked'>): ToldStatus {
  const warnings = streamWarnings(fact);
  return { ...without(status, 'streamWarnings'), ...(warnings.length > 0 ? { streamWarnings: warnings } : {}) };
}

/** What the owner should know of a stream that is used as it is. */
function streamWarnings({ stream, retentionHours, drift }: FactOf<'stream.checked'>): Problem[] {
  const differing = drift.map(({ setting, wanted, actual }) => ({
    code: 'stream-drift',
    message: `The stream ${stream} has ${setting} ${actual || 'unset'}, the settings say ${wanted}: change one of them. The agent does not change streams that exist.`,
  }));
  if (retentionHours > 0) return differing;
  const message = `The stream ${stream} keeps nothing (retention 0), so its video cannot be played back: give it a retention in the AWS console.`;
  return [...differing, { code: 'stream-keeps-nothing', message }];
}

function problemOf({ code, message }: AgentError): Problem {
  return { code, message };
}

/** A copy without an optional member; `exactOptionalPropertyTypes` does not let it be set to undefined. */
function without<T extends object, K extends OptionalKey<T>>(value: T, key: K): T {
  const copy = { ...value };
  delete copy[key];
  return copy;
}

type OptionalKey<T> = { [K in keyof T]-?: object extends Pick<T, K> ? K : never }[keyof T];
