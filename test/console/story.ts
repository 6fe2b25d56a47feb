// What the scripted agent tells: cameras in every state, sightings that lie on the scene's block, alerts in every state.
import type { Alert } from '../../shared/alert.ts';
import type { FootageSpan } from '../../shared/api.ts';
import type { LabelPause } from '../../shared/budget.ts';
import type { CameraStatus } from '../../shared/camera-status.ts';
import type { Sighting } from '../../shared/sighting.ts';
import { boxOf, SEGMENT_MS } from './scene.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

const quiet = { state: 'idle', waitingFragments: 0, waitingBytes: 0 } as const;

/** A camera whose video flows. */
export function liveCamera(nowMs: number): CameraStatus {
  return {
    id: 'front-door',
    stream: 'front-door',
    state: 'live',
    sinceMs: nowMs - 3 * HOUR_MS,
    upload: {
      state: 'uploading',
      waitingFragments: 1,
      waitingBytes: 210_000,
      oldestWaitingMs: nowMs - 2600,
      lastPersistedAckMs: nowMs - 1200,
    },
    lostSeconds: 0,
    labels: { on: true, everySeconds: SEGMENT_MS / 1000 },
    lastSighting: sightingOf('front-door', Math.floor((nowMs - 4000) / SEGMENT_MS)),
    stillAtMs: Math.floor(nowMs / SEGMENT_MS) * SEGMENT_MS - 1000,
  };
}

/** Good picture, but the service is out of reach. */
export function diskOnlyCamera(nowMs: number): CameraStatus {
  return {
    ...liveCamera(nowMs),
    id: 'yard',
    stream: 'yard',
    upload: {
      state: 'waiting',
      waitingFragments: 384,
      waitingBytes: 96_000_000,
      oldestWaitingMs: nowMs - 41 * MINUTE_MS,
      lastPersistedAckMs: nowMs - 41 * MINUTE_MS,
      problem: {
        code: 'service-unreachable',
        message: 'The video service does not answer. Check the internet connection.',
      },
      retryAtMs: nowMs + 12_000,
    },
    lostSeconds: 42,
  };
}

/** Was there until four minutes ago. */
export function offlineCamera(nowMs: number): CameraStatus {
  return {
    ...liveCamera(nowMs),
    id: 'garage',
    stream: 'garage',
    state: 'offline',
    sinceMs: nowMs - 4 * MINUTE_MS,
    problem: {
      code: 'camera-unreachable',
      message: 'No answer from 10.0.0.22. Check that the camera has power and network.',
    },
    retryAtMs: nowMs + 20_000,
    upload: { ...quiet, lastPersistedAckMs: nowMs - 4 * MINUTE_MS },
    labels: { on: false },
  };
}

/** Never seen yet, and will not be before someone changes a setting. */
export function refusedCamera(nowMs: number): CameraStatus {
  return {
    id: 'side-gate-behind-the-house',
    stream: 'side-gate',
    state: 'refused',
    sinceMs: nowMs - 50_000,
    problem: {
      code: 'camera-b-frames',
      message: 'The camera sends B-frames, which the service cannot store. Set its H.264 profile to Baseline.',
    },
    upload: quiet,
    lostSeconds: 0,
    labels: { on: false },
  };
}

/** The sighting on the frame in the middle of a segment. */
export function sightingOf(cameraId: string, segment: number): Sighting {
  const label = segment % 90 < 75 ? 'Person' : 'Car';
  const atMs = segment * SEGMENT_MS + SEGMENT_MS / 2;
  return { id: `${cameraId}.${segment}`, cameraId, atMs, label, confidence: 80 + (segment % 19), box: boxOf(segment) };
}

/** Everything seen at the live cameras in a range, oldest first: all of the last three minutes, a minute in seven before. */
export function sightingsBetween(
  cameraId: string,
  { fromMs, toMs }: { fromMs: number; toMs: number },
  nowMs: number,
): Sighting[] {
  const last = Math.min(Math.floor(toMs / SEGMENT_MS), Math.floor((nowMs - 2000) / SEGMENT_MS));
  const seen: Sighting[] = [];
  for (let segment = Math.floor(fromMs / SEGMENT_MS); segment <= last; segment++) {
    const sighting = sightingOf(cameraId, segment);
    const recent = nowMs - sighting.atMs < 3 * MINUTE_MS;
    const inRange = sighting.atMs >= fromMs && sighting.atMs <= toMs;
    if (inRange && (recent || Math.floor(sighting.atMs / MINUTE_MS) % 7 === 0)) seen.push(sighting);
  }
  return seen;
}

/** Six hours of footage with a lost part, a gap without a record, and an end that still waits on disk. */
export function footage(nowMs: number): FootageSpan[] {
  const ago = (minutes: number) => nowMs - minutes * MINUTE_MS;
  return [
    { startMs: ago(360), endMs: ago(200), at: 'cloud' },
    { startMs: ago(170), endMs: ago(40), at: 'cloud' },
    { startMs: ago(40), endMs: ago(34), at: 'lost', reason: 'The disk was full, so the oldest video made room.' },
    { startMs: ago(34), endMs: ago(0.2), at: 'cloud' },
    { startMs: ago(0.2), endMs: nowMs, at: 'disk' },
  ];
}

export function alerts(nowMs: number): Alert[] {
  const alert = (minutesAgo: number, deliveries: Alert['deliveries']): Alert => {
    const sighting = sightingOf('front-door', Math.floor((nowMs - minutesAgo * MINUTE_MS) / SEGMENT_MS));
    return {
      id: `alert-${minutesAgo}`,
      kind: 'sighting',
      why: `${sighting.label} ${Math.round(sighting.confidence)} %.`,
      ruleId: 'person-at-door',
      cameraId: 'front-door',
      atMs: sighting.atMs,
      sightings: [sighting],
      deliveries,
    };
  };
  const destination = 'http://127.0.0.1:9000/hook';
  return [
    alert(1, [{ destination, state: 'delivered', attempts: 1, atMs: nowMs - 55_000 }]),
    alert(2, [
      { destination, state: 'waiting', attempts: 3, atMs: nowMs + 14_000, problem: 'The receiver answered 503.' },
      { destination: 'http://10.0.0.5/alarm', state: 'delivered', attempts: 1, atMs: nowMs - 118_000 },
    ]),
    alert(180, [
      { destination, state: 'dead', attempts: 12, atMs: nowMs - HOUR_MS, problem: 'No connection to 127.0.0.1:9000.' },
    ]),
  ];
}

/** The provider could not be reached for a while. */
export function labelPauses(nowMs: number): LabelPause[] {
  return [{ fromMs: nowMs - 26 * MINUTE_MS, toMs: nowMs - 19 * MINUTE_MS, reason: 'failure' }];
}
