// The console's server: shared/api.ts over HTTP and the built console beside it. Reads what it is handed, and changes nothing
// but the settings of cameras. Everything under /api needs a session, except signing in; a picture that a link in an alert
// leads to needs none.
import cookie from '@fastify/cookie';
import rateLimit from '@fastify/rate-limit';
import fastify, { type FastifyInstance } from 'fastify';
import type { CamerasAnswer } from '../../shared/api.ts';
import type { Clock } from '../clock.ts';
import type { Facts } from '../facts.ts';
import type { Auth } from './auth.ts';
import { listenOn, parseListen } from './listen.ts';
import { LiveEvents } from './live-events.ts';
import type {
  AlertReader,
  BudgetReader,
  CameraChecker,
  CameraEditor,
  CameraFinder,
  CameraReader,
  DestinationReader,
  FootageReader,
  PlaybackReader,
  RelayReader,
  RuleReader,
  SightingReader,
  SiteReader,
  StillLinkReader,
  StillReader,
} from './readers.ts';
import { answerErrors, unknownAddress } from './refusal.ts';
import { guardRequest } from './request-guard.ts';
import { alertRoutes } from './routes/alerts.ts';
import { budgetRoutes } from './routes/budget.ts';
import { cameraBookRoutes } from './routes/camera-book.ts';
import { cameraCheckRoute } from './routes/camera-check.ts';
import { cameraRoutes } from './routes/cameras.ts';
import { consoleRoutes } from './routes/console.ts';
import { discoveryRoute } from './routes/discovery.ts';
import { eventRoute } from './routes/events.ts';
import { playbackRoutes } from './routes/playback.ts';
import { ruleRoutes } from './routes/rules.ts';
import { requireSession, sessionRoutes, signInRoute } from './routes/session.ts';
import { sightingRoutes } from './routes/sightings.ts';
import { signedStillRoute } from './routes/signed-stills.ts';
import { securityHeaders } from './security-headers.ts';

export type WebOptions = {
  /** `host:port`; port 0 takes a free one. */
  listen: string;
  siteName: string;
  /** The built console: console/dist. It may be missing, or come later. */
  consoleDir: string;
  /** Where browsers fetch video from, beside the console itself. */
  hlsOrigins: readonly string[];
  auth: Auth;
  clock: Clock;
  facts: Facts;
  /** Left out: nothing is told of the device. */
  site?: SiteReader;
  cameras: CameraReader;
  book: CameraEditor;
  /** Left out: cameras are not checked from the console. */
  checker?: CameraChecker;
  finder: CameraFinder;
  footage: FootageReader;
  sightings: SightingReader;
  alerts: AlertReader;
  destinations: DestinationReader;
  /** Left out: nothing is told of rules. */
  rules?: RuleReader;
  budget: BudgetReader;
  stills: StillReader;
  /** Left out: no picture opens without a session. */
  stillLinks?: StillLinkReader;
  playback: PlaybackReader;
  relay: RelayReader;
  /** Told of failures inside; the browser only learns that there was one. */
  onUnexpectedError: (error: unknown, where: string) => void;
};

export type Web = AsyncDisposable & {
  /** `http://127.0.0.1:8080` */
  url: string;
};

/** Throws AgentError `port-in-use` or `settings-invalid` when it cannot listen. */
export async function startWeb(options: WebOptions): Promise<Web> {
  const { cameras, siteName, clock, site, sightings, stillLinks } = options;
  const snapshot = (): CamerasAnswer => ({
    siteName,
    nowMs: clock.nowMs(),
    cameras: cameras.statuses(),
    ...site?.site(),
  });
  const app = makeServer(options);
  const events = new LiveEvents({ ...options, snapshot });
  try {
    await app.register(cookie);
    await app.register(rateLimit, { global: false });
    await app.register(async api => apiRoutes(api, { ...options, snapshot, events }), { prefix: '/api' });
    if (stillLinks) signedStillRoute(app, { stillLinks, sightings });
    await consoleRoutes(app, options.consoleDir);
    const url = await listenOn(app, options.listen);
    return { url, [Symbol.asyncDispose]: () => stop(app, events) };
  } catch (error) {
    await stop(app, events);
    throw error;
  }
}

function makeServer({ listen, hlsOrigins, onUnexpectedError }: WebOptions): FastifyInstance {
  const app = fastify({
    bodyLimit: 16_384,
    // Time to receive a request, not to answer it: event streams stay open.
    requestTimeout: 30_000,
    forceCloseConnections: true,
    // A destination's id may be an address.
    routerOptions: { maxParamLength: 2_048 },
  });
  // Only JSON is parsed: a form of another site cannot send it without asking first.
  app.removeContentTypeParser('text/plain');
  const headers = securityHeaders(hlsOrigins);
  const guard = { listensOnLoopback: parseListen(listen).loopback };
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(headers);
    guardRequest(request, guard);
  });
  app.setErrorHandler(answerErrors(onUnexpectedError));
  return app;
}

type ApiOptions = WebOptions & { snapshot: () => CamerasAnswer; events: LiveEvents };

async function apiRoutes(api: FastifyInstance, options: ApiOptions): Promise<void> {
  api.addHook('onRequest', async (_request, reply) => {
    reply.header('cache-control', 'no-store');
  });
  signInRoute(api, options.auth);
  await api.register(async signedIn => {
    signedIn.addHook('onRequest', requireSession(options.auth));
    sessionRoutes(signedIn, options.auth);
    cameraRoutes(signedIn, options);
    cameraBookRoutes(signedIn, options);
    cameraCheckRoute(signedIn, options);
    discoveryRoute(signedIn, options);
    sightingRoutes(signedIn, options);
    alertRoutes(signedIn, options);
    if (options.rules) ruleRoutes(signedIn, options.rules);
    budgetRoutes(signedIn, options);
    playbackRoutes(signedIn, options);
    eventRoute(signedIn, options);
    signedIn.all('/*', async () => {
      throw unknownAddress();
    });
  });
}

async function stop(app: FastifyInstance, events: LiveEvents): Promise<void> {
  events[Symbol.dispose]();
  await app.close();
}
