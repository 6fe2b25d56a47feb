// An agent by script, for the console's browser tests and for looking at its pages: serves the built console under a strict
// Content-Security-Policy, speaks shared/api.ts, tells the story of story.ts and plays the scene over HLS.
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { extname, join } from 'node:path';
import type { ApiError, CamerasAnswer, LiveEvent, PlaybackRequest } from '../../shared/api.ts';
import type { CameraStatus } from '../../shared/camera-status.ts';
import type { DiscoveryRequest } from '../../shared/discovery.ts';
import { RuleStory } from './rule-story.ts';
import { type Scene, SEGMENT_MS, SEGMENTS } from './scene.ts';
import { livePlaylist, masterPlaylist, recordedPlaylist } from './scene-playlists.ts';
import type { ScriptedSetUp } from './set-up.ts';
import { footage, labelPauses, sightingOf, sightingsBetween } from './story.ts';

const PASSWORD_TRIES = 5;
const CONTENT_TYPES: Record<string, string> = {
  '.css': 'text/css',
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.svg': 'image/svg+xml',
};

export type Script = {
  /** Folder of the built console. */
  dist: string;
  scene: Scene;
  password: string;
  cameras: (nowMs: number) => CameraStatus[];
  /** With false there are no sightings and alerts at all. */
  busy: boolean;
  /** Where it listens. Left out: 127.0.0.1. */
  host?: string;
  /** Left out: cameras can be neither searched for nor changed. */
  setUp?: ScriptedSetUp;
};

type Answer = { status: number; type?: string; body?: string | Buffer; headers?: Record<string, string> };

const json = (body: unknown, status = 200): Answer => ({
  status,
  type: 'application/json',
  body: JSON.stringify(body),
});
const refusal = (status: number, error: ApiError): Answer => json(error, status);
const notFound = refusal(404, { code: 'not-found', message: 'There is nothing here.' });

export class ScriptedAgent {
  readonly script: Script;
  /** What to answer instead, by the beginning of the path. */
  readonly faults = new Map<string, Answer>();
  readonly #server: Server;
  readonly #rules: RuleStory;
  readonly #listeners = new Set<(event: LiveEvent) => void>();
  #wrongTries = 0;
  #sessions = 1;
  #playbacks = 1;

  constructor(script: Script) {
    this.script = script;
    this.#rules = new RuleStory(script);
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  /** Listens and returns the port. */
  async listen(port = 0): Promise<number> {
    const { host = '127.0.0.1' } = this.script;
    await new Promise<void>(resolve => this.#server.listen(port, host, resolve));
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new TypeError('The server has no port.');
    return address.port;
  }

  /** Dies: no more answers, open connections cut. */
  async stop(): Promise<void> {
    const closed = new Promise(resolve => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  /** Makes all cookies worthless. */
  endSessions(): void {
    this.#sessions += 1;
  }

  /** To every page that listens, at once. */
  tell(event: LiveEvent): void {
    for (const tell of this.#listeners) tell(event);
  }

  /** HLS sessions that were opened before play nothing more. */
  endPlaybacks(): void {
    this.#playbacks += 1;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    if (url.pathname === '/api/events' && this.#signedIn(request)) return this.#stream(response);
    const isSearch = url.pathname === '/api/discovery' && this.#signedIn(request) && !this.faults.has(url.pathname);
    if (isSearch && this.script.setUp) return tellSearch(this.script.setUp, request, response);
    const answer = await this.#answer(request, url);
    const headers: Record<string, string> = {
      'content-security-policy': "default-src 'self'; media-src 'self' blob:; img-src 'self' blob: data:",
      'cache-control': 'no-store',
      ...answer.headers,
    };
    if (answer.type) headers['content-type'] = answer.type;
    response.writeHead(answer.status, headers).end(answer.body);
  }

  async #answer(request: IncomingMessage, url: URL): Promise<Answer> {
    const fault = [...this.faults].find(([start]) => url.pathname.startsWith(start));
    if (fault) return fault[1];
    if (url.pathname.startsWith('/hls/')) return this.#hls(url);
    if (!url.pathname.startsWith('/api/')) return this.#file(url.pathname);
    if (url.pathname === '/api/session') return this.#session(request);
    if (!this.#signedIn(request)) return refusal(401, { code: 'signed-out', message: 'Sign in first.' });
    return this.#api(request, url);
  }

  async #session(request: IncomingMessage): Promise<Answer> {
    if (request.method === 'GET') return { status: this.#signedIn(request) ? 204 : 401 };
    if (request.method === 'DELETE') return { status: 204, headers: { 'set-cookie': 'session=; Path=/; Max-Age=0' } };
    if (this.#wrongTries >= PASSWORD_TRIES)
      return refusal(429, { code: 'too-many-tries', message: 'Too many tries. Try again in 60 seconds.' });
    const body = JSON.parse(await textOf(request)) as { password: string };
    if (body.password === this.script.password) {
      return { status: 204, headers: { 'set-cookie': `session=${this.#sessions}; Path=/; HttpOnly; SameSite=Strict` } };
    }
    this.#wrongTries += 1;
    return refusal(401, { code: 'wrong-password', message: 'Wrong password.' });
  }

  #signedIn(request: IncomingMessage): boolean {
    return (request.headers.cookie ?? '').split('; ').includes(`session=${this.#sessions}`);
  }

  async #api(request: IncomingMessage, url: URL): Promise<Answer> {
    const now = Date.now();
    const number = (name: string, otherwise: number) => Number(url.searchParams.get(name) ?? otherwise);
    const range = { fromMs: number('fromMs', 0), toMs: number('toMs', now) };
    const setUp = (await this.#setUp(request, url)) ?? (await this.#rule(request, url, now));
    if (setUp) return setUp;
    const [, , place, id = '', what] = url.pathname.split('/').map(decodeURIComponent);
    if (place === 'cameras' && id === '') return json(this.#camerasAnswer(now));
    if (place === 'cameras' && what === 'still.jpg')
      return this.#cameraStill(id, Math.floor(number('at', now) / SEGMENT_MS));
    if (place === 'cameras' && what === 'footage') return json({ spans: footage(now) });
    if (place === 'cameras' && what === 'label-pauses') return json({ pauses: labelPauses(now) });
    if (place === 'cameras' && what === 'sightings')
      return json({ sightings: this.#sightings(id, range).slice(0, 5000) });
    if (place === 'cameras' && what === 'playback')
      return playback(JSON.parse(await textOf(request)) as PlaybackRequest, this.#playbacks, now);
    if (place === 'sightings' && what === 'still.jpg') return this.#still(Number(id.split('.').at(-1)));
    const newestFirst = <T extends { atMs: number }>(items: T[]) =>
      items.filter(item => item.atMs < number('beforeMs', now + 1)).slice(0, number('limit', 100));
    if (place === 'sightings') {
      const seen = this.#sightings('front-door', { fromMs: now - 3_600_000, toMs: now });
      return json({ sightings: newestFirst(seen.reverse()) });
    }
    if (place === 'alerts') {
      const state = url.searchParams.get('state');
      const told = this.script.busy ? this.#rules.alerts(now) : [];
      const wanted = told.filter(({ deliveries }) => !state || deliveries.some(delivery => delivery.state === state));
      return json({ alerts: newestFirst(wanted) });
    }
    return notFound;
  }

  async #rule(request: IncomingMessage, url: URL, nowMs: number): Promise<Answer | undefined> {
    const [, , place = '', id = '', what] = url.pathname.split('/').map(decodeURIComponent);
    if (!['rules', 'snooze', 'snoozes', 'destinations', 'alerts', 'sightings'].includes(place)) return undefined;
    const method = request.method ?? 'GET';
    const text = method === 'GET' ? '' : await textOf(request);
    const body: unknown = text === '' ? undefined : JSON.parse(text);
    const answer = this.#rules.answer({ method, place, id, what, body, nowMs });
    return answer && json(answer.body, answer.status);
  }

  async #setUp(request: IncomingMessage, url: URL): Promise<Answer | undefined> {
    const { setUp } = this.script;
    const isPlayback = url.pathname.endsWith('/playback');
    if (!setUp || isPlayback) return undefined;
    const text = request.method === 'GET' ? '' : await textOf(request);
    const body: unknown = text === '' ? undefined : JSON.parse(text);
    const answer = await setUp.answer({ method: request.method ?? 'GET', path: `${url.pathname}${url.search}`, body });
    return answer && json(answer.body, answer.status);
  }

  #camerasAnswer(nowMs: number): CamerasAnswer {
    const { setUp, cameras } = this.script;
    const answer = { siteName: 'Mill Lane 4', nowMs, cameras: cameras(nowMs) };
    return setUp ? { ...answer, cameras: setUp.statuses(answer.cameras, nowMs), leaving: setUp.leaving() } : answer;
  }

  #sightings(cameraId: string, range: { fromMs: number; toMs: number }) {
    return this.script.busy ? sightingsBetween(cameraId, range, Date.now()) : [];
  }

  #cameraStill(cameraId: string, segment: number): Answer {
    const camera = this.script.cameras(Date.now()).find(candidate => candidate.id === cameraId);
    return camera?.stillAtMs === undefined ? notFound : this.#still(segment);
  }

  #still(segment: number): Answer {
    const body = this.script.scene.stills[segment % SEGMENTS];
    return body ? { status: 200, type: 'image/jpeg', body } : notFound;
  }

  #hls(url: URL): Answer {
    const name = url.pathname.slice('/hls/'.length);
    const playlist = (body: string | undefined): Answer =>
      body === undefined ? notFound : { status: 200, type: 'application/vnd.apple.mpegurl', body };
    if (name === 'master.m3u8') return playlist(masterPlaylist(url.searchParams.toString()));
    const isOver = url.searchParams.has('session') && url.searchParams.get('session') !== String(this.#playbacks);
    if (isOver) return { status: 403 };
    if (name === 'media.m3u8') {
      const start = url.searchParams.get('startMs');
      if (start === null) return playlist(livePlaylist(Date.now()));
      return playlist(recordedPlaylist(Number(start), Number(url.searchParams.get('endMs'))));
    }
    const { init, segments } = this.script.scene;
    const body = name === 'init.mp4' ? init : segments[Number(name.replace('.m4s', ''))];
    return body ? { status: 200, type: 'video/mp4', body } : notFound;
  }

  async #file(path: string): Promise<Answer> {
    const asset = /^\/assets\/[\w.-]+$/.test(path);
    const name = asset ? path : '/index.html';
    const type = CONTENT_TYPES[extname(name)] ?? 'application/octet-stream';
    return readFile(join(this.script.dist, name)).then(
      body => ({ status: 200, type, body }),
      () => notFound,
    );
  }

  #stream(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    const tell = (event: LiveEvent) => response.write(`data: ${JSON.stringify(event)}\n\n`);
    let segment = Math.floor((Date.now() - 2000) / SEGMENT_MS);
    const beat = () => {
      const now = Date.now();
      tell({ type: 'cameras', answer: this.#camerasAnswer(now) });
      for (; segment * SEGMENT_MS < now - 2000; segment++) {
        if (this.script.busy) tell({ type: 'sighting', sighting: sightingOf('front-door', segment) });
      }
    };
    beat();
    const timer = setInterval(beat, 1000);
    this.#listeners.add(tell);
    response.on('close', () => {
      clearInterval(timer);
      this.#listeners.delete(tell);
    });
  }
}

async function tellSearch(setUp: ScriptedSetUp, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const asked = JSON.parse(await textOf(request)) as DiscoveryRequest;
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  for await (const event of setUp.search(asked)) {
    if (response.destroyed) return;
    response.write(`${JSON.stringify(event)}\n`);
  }
  response.end();
}

/** An HLS session; 404 where the footage has its gap of half an hour. */
function playback(request: PlaybackRequest, session: number, nowMs: number): Answer {
  const expiresAtMs = nowMs + 300_000;
  if (request.mode === 'LIVE') return json({ url: `/hls/master.m3u8?session=${session}`, expiresAtMs });
  const { startMs, endMs } = request;
  const recorded = footage(nowMs).some(
    span => span.at === 'cloud' && span.startMs < endMs && span.endMs > startMs + 20_000,
  );
  if (!recorded) return refusal(404, { code: 'service-failed', message: 'No fragments found in the stream.' });
  return json({ url: `/hls/master.m3u8?startMs=${startMs}&endMs=${endMs}&session=${session}`, expiresAtMs });
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
