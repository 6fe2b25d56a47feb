// A running console server with scripted stages behind it, and a browser's view of it: cookies, any header, raw paths.
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { systemClock } from '../../agent/clock.ts';
import { Facts } from '../../agent/facts.ts';
import { CameraStatuses } from '../../agent/health/camera-statuses.ts';
import { LiveSettings } from '../../agent/live-settings.ts';
import { cameraEditor } from '../../agent/serve.ts';
import type { Auth } from '../../agent/web/auth.ts';
import { startWeb, type WebOptions } from '../../agent/web/web.ts';
import type { Alert, DeliveryAttempt } from '../../shared/alert.ts';
import type { Budget, LabelPause } from '../../shared/budget.ts';
import type { DestinationStatus, DestinationTested } from '../../shared/destination-status.ts';
import type { Sighting } from '../../shared/sighting.ts';
import { SimulatedClock } from '../simulated-clock.ts';

export const atMs = Date.UTC(2026, 10, 23, 7, 41, 12);

export const sighting: Sighting = {
  id: 'sighting-1',
  cameraId: 'yard',
  atMs,
  label: 'Person',
  confidence: 94.5,
  box: { left: 0.1, top: 0.2, width: 0.3, height: 0.4 },
};

export const alert: Alert = {
  id: 'alert-1',
  kind: 'sighting',
  why: 'Person 95 %.',
  ruleId: 'person',
  cameraId: 'yard',
  atMs,
  sightings: [sighting],
  deliveries: [{ destination: 'example.com', state: 'delivered', attempts: 1, atMs }],
};

export const attempt: DeliveryAttempt = {
  destination: 'example.com',
  number: 1,
  atMs,
  tookMs: 42,
  outcome: 'delivered',
  answer: '204',
};

export const destination: DestinationStatus = { id: 'ops', kind: 'webhook', waiting: 2, dead: 1, recentlyDead: 0 };

export const tested: DestinationTested = { alertId: 'test-1', delivered: true, atMs, tookMs: 42, answer: '204' };
export const budget: Budget = {
  ...{ day: '2026-11-23', endsMs: atMs + 3_600_000, calls: 12, limit: 500, dollars: 0.012 },
  month: { calls: 300, dollars: 0.3 },
  cameras: [{ id: 'yard', calls: 12, dollars: 0.012 }],
};
export const pause: LabelPause = { fromMs: atMs - 9000, toMs: atMs, reason: 'budget', untilMs: atMs + 3_600_000 };

export const stillBytes = Buffer.from([0xff, 0xd8, 0xff, 0xe0, 1, 2, 3, 0xff, 0xd9]);

const password = 'abcd-efgh-jkmn-pqrs';

type Calls = { name: string; arguments: unknown[] }[];

/** A password that is checked at once: hashing takes most of a test's time, and is tested where it matters. */
function quickAuth(password: string): Auth {
  const tokens = new Set<string>();
  return {
    async signIn(attempt) {
      if (attempt !== password) return undefined;
      const token = randomBytes(32).toString('base64url');
      tokens.add(token);
      return token;
    },
    isSignedIn: token => tokens.has(token),
    async signOut(token) {
      tokens.delete(token);
    },
  };
}

export async function serveConsole(overrides: Partial<WebOptions> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'kvs-edge-web-'));
  const clock = new SimulatedClock(atMs);
  const unexpected: unknown[] = [];
  const facts = new Facts(error => unexpected.push(error));
  const calls: Calls = [];
  const recorded =
    <A extends unknown[], R>(name: string, answer: (...given: A) => R) =>
    (...given: A): R => {
      calls.push({ name, arguments: given.filter(argument => !(argument instanceof AbortSignal)) });
      return answer(...given);
    };
  const cameras = new CameraStatuses({
    cameras: [{ id: 'yard', stream: 'yard-stream', labels: undefined }],
    facts,
    clock,
    spool: { waiting: () => ({ fragments: 2, bytes: 1000, oldestMs: atMs - 5000 }), lostMs: () => 1500 },
  });
  const path = join(folder, 'kvs-edge.yaml');
  await writeFile(path, 'cameras:\n  - id: yard\n    url: rtsp://10.0.0.20/stream1\n    stream: yard-stream\n');
  const live = await LiveSettings.open({ path, clock: systemClock, facts });
  const web = await startWeb({
    listen: '127.0.0.1:0',
    siteName: 'Test site',
    consoleDir: join(folder, 'console'),
    hlsOrigins: ['https://*.kinesisvideo.us-west-2.amazonaws.com'],
    auth: quickAuth(password),
    clock,
    facts,
    cameras,
    book: cameraEditor(live),
    finder: { search: async function* () {} },
    footage: {
      footage: recorded('footage', (_camera: string, fromMs: number, toMs: number) => [
        { startMs: fromMs, endMs: toMs, at: 'cloud' as const },
      ]),
    },
    sightings: {
      ofCamera: recorded('ofCamera', () => [sighting]),
      newest: recorded('newest', () => [sighting]),
      still: recorded('still', (id: string) => (id === sighting.id ? stillBytes : undefined)),
    },
    alerts: {
      list: recorded('alerts', () => [alert]),
      alert: recorded('alert', (id: string) => (id === alert.id ? { alert, attempts: [attempt] } : undefined)),
    },
    destinations: {
      statuses: recorded('statuses', () => [destination]),
      test: recorded('test', async () => tested),
      redeliver: recorded('redeliver', () => ({ deliveries: 1, destinations: ['ops'] })),
    },
    budget: { today: recorded('budget', () => budget), pauses: recorded('pauses', () => [pause]) },
    stills: { latestStill: recorded('latestStill', () => stillBytes) },
    playback: {
      open: recorded('playback', async () => ({ url: 'https://b-1.example/hls/v1/x.m3u8', expiresAtMs: atMs })),
    },
    relay: { pathFor: () => undefined, fetch: async () => undefined },
    onUnexpectedError: error => unexpected.push(error),
    ...overrides,
  });
  return {
    ...web,
    folder,
    clock,
    facts,
    calls,
    unexpected,
    password,
    async [Symbol.asyncDispose]() {
      cameras[Symbol.dispose]();
      await web[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export type Asked = { method?: string; headers?: Record<string, string>; body?: unknown; cookie?: string };
export type Answered = { status: number; headers: IncomingHttpHeaders; text: string; json: () => unknown };

/** The response with its body still to come. */
export function open(base: string, path: string, asked: Asked = {}): Promise<IncomingMessage> {
  const { method = 'GET', headers = {}, body, cookie } = asked;
  const { hostname, port } = new URL(base);
  const content = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        hostname,
        port,
        path,
        method,
        agent: false,
        headers: {
          ...(cookie ? { cookie } : {}),
          ...(content === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
      },
      resolve,
    );
    sent.on('error', reject);
    sent.end(content);
  });
}

export async function ask(base: string, path: string, asked: Asked = {}): Promise<Answered> {
  const response = await open(base, path, asked);
  const body = await text(response);
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    text: body,
    json: () => JSON.parse(body),
  };
}

/** Signs in and gives the cookie as a browser sends it back. */
export async function signIn(base: string, password: string): Promise<string> {
  const { status, headers } = await ask(base, '/api/session', { method: 'POST', body: { password } });
  if (status !== 204) throw new Error(`Signing in was answered with ${status}`);
  return headers['set-cookie']?.[0]?.split(';')[0] ?? '';
}
