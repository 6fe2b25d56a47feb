// What the scripted agent knows of setting cameras up: who answers a search, what a check finds (worded by the agent's own
// tables), and cameras that are added, changed and removed. Remembers what was asked of it.
import { checkCamera } from '../../agent/camera-check/check-camera.ts';
import { advise } from '../../agent/discovery/advice.ts';
import { cameraInRules } from '../../agent/settings/edit-errors.ts';
import type { ApiError, CamerasAnswer } from '../../shared/api.ts';
import type { CameraCheck, CameraCheckRequest, CameraFacts, ProfileFacts } from '../../shared/camera-check.ts';
import type { ImportedRow, NewCamera, ShownCamera } from '../../shared/camera-edits.ts';
import type { CameraStatus } from '../../shared/camera-status.ts';
import type { DiscoveredCamera, DiscoveryEvent, DiscoveryRequest, InterfaceEvent } from '../../shared/discovery.ts';
import { cameraFacts, failed } from '../camera-check/good-camera.ts';
import { SEGMENT_MS } from './scene.ts';
import { liveCamera, sightingOf } from './story.ts';

export const CAMERA_PASSWORD = 'p@ss w:rd/#1';
export const FINGERPRINT = Array.from({ length: 32 }, (_, index) => (index * 7 + 16).toString(16)).join(':');

const interfaces: InterfaceEvent[] = [
  { type: 'interface', name: 'eth0', address: '10.0.0.5', probed: true },
  { type: 'interface', name: 'wlan0', address: '', probed: false, reason: 'it has no address' },
];

const devices: DiscoveredCamera[] = [
  device(20, { vendor: 'Amcrest', model: 'IP5M-T1179EW', name: 'Front yard' }),
  device(21, { vendor: 'Dahua', model: 'IPC-HDW2431', location: 'North side' }),
  device(22, { vendor: 'Reolink', model: 'RLC-810A', name: 'Garage', alreadyAdded: 'garage' }),
  {
    id: '10.0.0.41',
    address: '10.0.0.41',
    how: 'scan',
    rtspUrl: 'rtsp://10.0.0.41:554',
    rtspServer: 'Hipcam RealServer',
  },
  device(50, { vendor: 'Axis', model: 'M3106', name: 'Loading dock' }),
];

function device(host: number, camera: Partial<DiscoveredCamera>): DiscoveredCamera {
  const address = `10.0.0.${host}`;
  return {
    id: `urn:uuid:${host}`,
    address,
    how: 'ws-discovery',
    onvifUrl: `http://${address}/onvif/device_service`,
    ...camera,
  };
}

export type SetUpAnswer = { status: number; body?: unknown };
type Asked = { method: string; path: string; body: unknown };

export class ScriptedSetUp {
  /** Nobody answers a search. */
  silent = false;
  /** Between two events of a search, and for each check. */
  paceMs = 60;
  /** Ids of cameras that rules name. */
  inRules: string[] = [];
  readonly asked: Asked[] = [];
  readonly #still: string;
  readonly #added = new Map<string, { camera: NewCamera; sinceMs: number }>();
  readonly #removed = new Set<string>();

  constructor({ still }: { still: Buffer }) {
    this.#still = still.toString('base64');
  }

  /** The cameras of the story without the removed ones, and the added ones on their way. */
  statuses(others: CameraStatus[], nowMs: number): CameraStatus[] {
    const added = [...this.#added.values()].map(({ camera, sinceMs }) => arriving(camera, sinceMs, nowMs));
    return [...others, ...added].filter(({ id }) => !this.#removed.has(id));
  }

  /** Removed ones, with video of theirs that still waits. */
  leaving(): NonNullable<CamerasAnswer['leaving']> {
    return [...this.#removed].map(id => ({ id, waitingFragments: 1, waitingBytes: 210_000 }));
  }

  async *search(asked: DiscoveryRequest): AsyncGenerator<DiscoveryEvent> {
    this.asked.push({ method: 'POST', path: '/api/discovery', body: asked });
    const { host, scan } = asked;
    const found = this.silent ? [] : devices.filter(({ address }) => host === undefined || address === host);
    const shown = host === undefined && scan === undefined ? interfaces : [];
    for (const event of shown) yield event;
    for (const camera of found) {
      await this.#pause();
      yield { type: 'found', camera };
    }
    await this.#pause();
    const place = scan !== undefined ? { kind: 'scan' as const, range: scan } : { kind: 'network' as const };
    yield {
      type: 'done',
      advice: advise({
        asked: host === undefined ? place : { kind: 'host', host, reached: found.length > 0 },
        ...{ interfaces: shown, container: false, found: found.length },
        ...{ onlyIpv6: [], namedOthers: [], unreadable: [], overflowed: false },
      }),
    };
  }

  /** Undefined for what is none of its business. */
  async answer({ method, path, body }: Asked): Promise<SetUpAnswer | undefined> {
    const id = /^\/api\/cameras\/([^/?]+)(\/settings)?$/.exec(path)?.[1] ?? '';
    if (method !== 'GET') this.asked.push({ method, path, body });
    if (path === '/api/camera-check') return this.#check(body as CameraCheckRequest);
    if (path === '/api/cameras/import') return importAnswer(body as { csv: string; dryRun: boolean });
    if (method === 'POST' && path === '/api/cameras') return this.#add(body as NewCamera);
    if (method === 'GET' && path.endsWith('/settings'))
      return this.#removed.has(id)
        ? refused(404, 'camera-unknown', 'There is no camera with this id.')
        : ok(shownCamera(id));
    if (method === 'PATCH') return change(id, body as Record<string, unknown>);
    if (method === 'DELETE') return this.#remove(path);
    return undefined;
  }

  async #check(asked: CameraCheckRequest): Promise<SetUpAnswer> {
    await this.#pause();
    return ok(this.#checkOf(factsFor(asked)));
  }

  #checkOf(facts: CameraFacts): CameraCheck {
    const still = facts.stream?.video ? { still: this.#still } : {};
    return { facts, findings: checkCamera(facts), ...still };
  }

  #add(camera: NewCamera): SetUpAnswer {
    if (this.#added.has(camera.id) || camera.id === 'garage')
      return refused(409, 'camera-exists', `There is a camera ${camera.id} already.`);
    this.#added.set(camera.id, { camera, sinceMs: Date.now() });
    return { status: 201, body: { camera: shownCamera(camera.id), needRestart: [] } };
  }

  #remove(path: string): SetUpAnswer {
    const [, id = '', force] = /^\/api\/cameras\/([^/?]+)(\?force=true)?$/.exec(path) ?? [];
    if (this.inRules.includes(id) && force === undefined)
      return refused(409, 'camera-in-rules', cameraInRules(id, ['person-at-door']).message);
    this.#removed.add(id);
    return ok({ changedRules: [], removedRules: [], needRestart: [] });
  }

  #pause(): Promise<void> {
    return new Promise(resolve => setTimeout(resolve, this.paceMs));
  }
}

const ok = (body: unknown): SetUpAnswer => ({ status: 200, body });
function refused(status: number, code: string, message: string, fields?: ApiError['fields']): SetUpAnswer {
  return { status, body: { code, message, ...(fields ? { fields } : {}) } };
}

function arriving({ id, stream = id, labels }: NewCamera, sinceMs: number, nowMs: number): CameraStatus {
  const { upload, lastSighting: _, ...live } = liveCamera(nowMs);
  const ageMs = nowMs - sinceMs;
  const on = labels !== undefined;
  return {
    ...{ ...live, id, stream, sinceMs, state: ageMs < 1000 ? 'starting' : 'live', labels: { on } },
    upload: {
      state: ageMs < 1000 ? 'idle' : 'uploading',
      waitingFragments: ageMs < 1000 ? 0 : 1,
      waitingBytes: 200_000,
      ...(ageMs < 2000 ? {} : { lastPersistedAckMs: upload.lastPersistedAckMs ?? nowMs }),
    },
    ...(on && ageMs > 3000 ? { lastSighting: sightingOf(id, Math.floor(nowMs / SEGMENT_MS)) } : {}),
  };
}

const main: ProfileFacts = {
  ...{ name: 'MediaProfile000', role: 'main', codec: 'h264', width: 2592, height: 1944, fps: 20, gopLength: 40 },
  ...{ url: 'rtsp://10.0.0.20/cam/realmonitor?channel=1&subtype=0', checked: true },
};
const sub: ProfileFacts = {
  ...{ name: 'MediaProfile001', role: 'sub', codec: 'h264', width: 704, height: 480, fps: 20, gopLength: 40 },
  ...{ url: 'rtsp://10.0.0.20/cam/realmonitor?channel=1&subtype=1', checked: false },
};

/** What is true of the cameras at these addresses. */
function factsFor({ url = '', cameraId, password, tlsFingerprint }: CameraCheckRequest): CameraFacts {
  const host = cameraId === undefined ? new URL(url).hostname : '10.0.0.20';
  const profiles = [main, sub].map(profile => ({ ...profile, url: profile.url?.replace('10.0.0.20', host) ?? '' }));
  const good = cameraFacts({ stream: { certificate: undefined, tls: false }, onvif: { profiles } });
  const facts = { ...good, host, checkedAtMs: Date.now() };
  if (cameraId === undefined && password !== CAMERA_PASSWORD) return denied(facts, password);
  if (host === '10.0.0.21') return { ...withG711(facts), host };
  if (host === '10.0.0.41') return { ...withBFrames(url), host };
  if (host === '10.0.0.50' && tlsFingerprint === undefined) {
    const certificate = { fingerprint: FINGERPRINT, vouchedFor: false };
    const { onvif: _, ...unknown } = cameraFacts({ stream: failed('camera-certificate', { certificate }) });
    return { ...unknown, host };
  }
  return facts;
}

function denied(facts: CameraFacts, password: string | undefined): CameraFacts {
  const signedIn = password !== undefined;
  const message = 'The camera refuses this user and password.';
  const stream = failed('camera-denied', { signedIn, problem: { code: 'camera-denied', message } });
  const { onvif: _, ...refused } = cameraFacts({ stream });
  return { ...refused, host: facts.host };
}

function withG711(facts: CameraFacts): CameraFacts {
  const changes = {
    video: { gopSeconds: [4, 4], kbps: 9200, profile: 'High' },
    stream: {
      ...{ certificate: undefined, tls: false, signIn: 'basic' as const, clockOffsetMs: 65_000 },
      media: [
        { type: 'video', encoding: 'H264' },
        { type: 'audio', encoding: 'PCMA' },
      ],
      audio: { encoding: 'PCMA', sampleRate: 8000, channels: 1, kbps: 64 },
    },
  };
  return { ...facts, stream: cameraFacts(changes).stream ?? {} } as CameraFacts;
}

function withBFrames(url: string): CameraFacts {
  const { onvif: _, ...facts } = cameraFacts({
    video: { bFrames: true, gopSeconds: [12], openGopSeconds: 3 },
    stream: { certificate: undefined, tls: false, media: [{ type: 'video', encoding: 'H264' }], audio: undefined },
    repairCost: { percentOfCore: 38.4, realTimeFactor: 2.6, encoder: 'libx264' },
  });
  if (new URL(url).pathname.length > 1) return facts;
  const problem = { code: 'camera-not-found', message: 'The camera has no stream at this path.' };
  const { onvif: __, ...without } = cameraFacts({ stream: failed('camera-not-found', { problem }) });
  return without;
}

function shownCamera(id: string): ShownCamera {
  return {
    ...{ id, url: 'rtsp://10.0.0.20/stream1', username: 'admin', hasPassword: true, stream: id },
    ...{ transport: 'auto', reader: 'auto', video: 'copy', audio: 'aac', labels: undefined },
    ...{ retentionHours: 24, localRetentionHours: 0, tags: {} },
  } as ShownCamera;
}

function change(id: string, changes: Record<string, unknown>): SetUpAnswer {
  if (
    typeof changes.url === 'string' &&
    new URL(changes.url).hostname !== '10.0.0.20' &&
    changes.password === undefined
  )
    return refused(422, 'settings-invalid', 'The settings are not right.', [
      { path: 'password', message: 'is needed again: the address is of another host' },
    ]);
  return ok({ camera: { ...shownCamera(id), ...changes }, needRestart: [] });
}

/** Rows with a second cell that is no address are bad. */
function importAnswer({ csv, dryRun }: { csv: string; dryRun: boolean }): SetUpAnswer {
  const [head = '', ...lines] = csv.trim().split('\n');
  if (!head.startsWith('id,url'))
    return refused(422, 'settings-invalid', 'The first row must name the columns, among them id and url.');
  const rows = lines.map((line, index): ImportedRow => {
    const [id = '', url = ''] = line.split(',');
    const problem = { code: 'settings-invalid', message: 'url must be an address that begins with rtsp://' };
    if (!url.startsWith('rtsp://')) return { row: index + 2, id, outcome: 'refused', problem };
    return { row: index + 2, id, outcome: dryRun ? 'good' : 'added' };
  });
  return ok({ added: rows.filter(({ outcome }) => outcome === 'added').length, rows, needRestart: [] });
}
