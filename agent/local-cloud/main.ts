// The embedded server's composition root: one listener for the control plane, PutMedia, GetMedia, archived media, HLS, DASH
// and Rekognition, over one store. Speaks HTTP or HTTPS, on loopback unless told; knows nothing of the agent.

import type { Server } from 'node:http';
import type { Clock } from '../clock.ts';
import { systemClock } from '../clock.ts';
import { type AgentError, asAgentError } from '../errors.ts';
import type { Secret } from '../secret.ts';
import type { Certificate } from './certificate.ts';
import { clipRoute } from './clip/route.ts';
import { configurationRoutes } from './control/configuration-routes.ts';
import { streamChangeRoutes } from './control/stream-changes.ts';
import { streamRoutes } from './control/stream-routes.ts';
import { tagRoutes } from './control/tags.ts';
import { dashRoutes } from './dash/routes.ts';
import type { Faults } from './faults/faults.ts';
import { FaultyServer } from './faults/faulty-server.ts';
import { fragmentListRoute } from './get-media/fragment-list.ts';
import { getMedia } from './get-media/route.ts';
import { hlsRoutes } from './hls/routes.ts';
import { createListener, type ListenerOptions } from './http.ts';
import { imagesRoute } from './images/route.ts';
import { listFragmentsRoute } from './list-fragments.ts';
import { listen } from './listen.ts';
import { pageGuard } from './page-guard.ts';
import type { ConnectionPolicy } from './put-media/route.ts';
import { putMedia } from './put-media/route.ts';
import { MediaPaces } from './quotas/media-paces.ts';
import { type AskedOperation, Quotas, type SessionUse } from './quotas/quotas.ts';
import type { QuotaName } from './quotas/table.ts';
import { PeopleDetector } from './rekognition/detector.ts';
import { rekognitionRoutes } from './rekognition/routes.ts';
import type { Route, RouteContext } from './route.ts';
import { showCertificate } from './server.ts';
import { checkStart } from './start-checks.ts';
import { storageRoute } from './storage-route.ts';
import { type StorageState, Store } from './store/store.ts';

export type LocalCloudOptions = {
  /** Default 127.0.0.1. Beyond loopback neither faults nor the key pair that everybody knows are taken. */
  host?: string;
  /** 0 takes any free port. */
  port: number;
  /** Made when missing. Belongs to one server at a time. */
  dataDir: string;
  accessKeyId: string;
  secretAccessKey: Secret;
  clock?: Clock;
  /** In [0, 1). */
  random?: () => number;
  /** Default newest-wins; refuse when the quota PutMediaConnections is kept. */
  connectionPolicy?: ConnectionPolicy;
  /** Which of KVS's quotas clients are kept to. Default: none. */
  quotas?: ReadonlySet<QuotaName>;
  /** Take fault plans, in `LocalCloud.faults` and at /admin/faults. Only on a loopback address. Default false. */
  faults?: boolean;
  /** Speak https, and name https addresses in answers. Default: plain http. */
  tls?: Certificate | undefined;
  /** What all media may take together; the oldest leaves for new. Default: what the disk has. */
  maxBytes?: number | undefined;
  /** Room on the disk that is left to others. Default 256 MiB, of small disks a twentieth. */
  minFreeBytes?: number | undefined;
  /** Told of the server's own failures; by default they go to standard error. */
  onProblem?: (error: AgentError) => void;
  /** Told what the owner should know of, in a sentence; by default it goes to standard error. */
  onNotice?: (sentence: string) => void;
};

export type LocalCloud = AsyncDisposable & {
  /** Without a trailing slash. */
  url: string;
  port: number;
  /** Undefined unless started with `faults`. */
  faults: Faults | undefined;
  storage(): Promise<StorageState>;
  /** For new connections, in place of the one it was started with. Nothing without `tls`. */
  useCertificate(certificate: Certificate): void;
  /** Ends PutMedia and GetMedia sessions, drops what was not complete, finishes changes of streams. May be called twice. */
  close(): Promise<void>;
};

/**
 * Listens when it resolves.
 * @throws AgentError settings-invalid, port-in-use, disk-full, disk-read-only or disk-failed
 */
export async function startLocalCloud(options: LocalCloudOptions): Promise<LocalCloud> {
  const { host = '127.0.0.1', dataDir, clock = systemClock, random = Math.random, maxBytes, minFreeBytes } = options;
  const { onNotice = say, onProblem = error => say(error.message) } = options;
  checkStart({ ...options, host });
  const store = await Store.open({ dataDir, clock, random, maxBytes, minFreeBytes, onProblem, onNotice });
  const routes: Route[] = [];
  const names = options.quotas ?? new Set();
  const quotas = new Quotas({ names, clock, store });
  const admit = (asked: AskedOperation) => quotas.admit(asked);
  const guard = pageGuard({ ...options, host });
  const { faulty, server, servers } = createServers(routes, { ...options, host, clock, onProblem, admit, guard });
  const told = (error: unknown) => onProblem(asAgentError(error));
  const port = await listen(server, { host, port: options.port, onProblem: told }).catch(async error => {
    await store.close();
    throw error;
  });
  faulty?.listening(port);
  const url = `${options.tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const paces = new MediaPaces({ names, clock });
  const context = { store, clock, random, url, paces };
  const ingest = putMedia({
    ...context,
    ...(faulty ? { tap: session => faulty.tap(session) } : {}),
    connectionPolicy: options.connectionPolicy ?? (names.has('PutMediaConnections') ? 'refuse' : 'newest-wins'),
    onProblem: told,
  });
  const live = getMedia(context);
  const detector = new PeopleDetector({ clock });
  routes.push(ingest.route, live.route, ...apiRoutes(context, { faulty, quotas, detector }));
  const close = once(async () => {
    store.closing();
    faulty?.close();
    server.close();
    await Promise.all([ingest.close(), live.close()]);
    server.closeAllConnections();
    await detector[Symbol.asyncDispose]();
    // Changes of streams that are under way.
    await store.exclusively(async () => undefined);
    await store.close();
  });
  const storage = () => store.storage();
  const useCertificate = (certificate: Certificate) => {
    for (const listening of servers) showCertificate(listening, certificate);
  };
  return { url, port, faults: faulty?.faults, storage, useCertificate, close, [Symbol.asyncDispose]: close };
}

type Parts = { faulty: FaultyServer | undefined; quotas: Quotas; detector: PeopleDetector };

/** All but those that have sessions to end. */
function apiRoutes(
  context: RouteContext & { store: Store; paces: MediaPaces },
  { faulty, quotas, detector }: Parts,
): Route[] {
  const { store, clock } = context;
  const dataEndpoint = (origin: string) => faulty?.dataEndpoint(origin) ?? origin;
  const player = { ...context, admit: (use: SessionUse) => quotas.admitSession(use) };
  return [
    ...streamRoutes({ ...context, dataEndpoint, admitStream: () => quotas.admitStream() }),
    ...streamChangeRoutes(context),
    ...tagRoutes(store),
    ...configurationRoutes(store),
    listFragmentsRoute({ store: faulty?.listed(store) ?? store, clock }),
    fragmentListRoute(context),
    ...hlsRoutes(player),
    ...dashRoutes(player),
    clipRoute(context),
    imagesRoute(context),
    ...rekognitionRoutes(detector),
    storageRoute(store),
    ...(faulty?.routes ?? []),
  ];
}

function say(sentence: string): void {
  process.stderr.write(`local-cloud: ${sentence}\n`);
}

/** With faults there is a second server, for media to move to. */
function createServers(
  routes: readonly Route[],
  options: LocalCloudOptions & Pick<ListenerOptions, 'clock' | 'onProblem' | 'admit' | 'guard'> & { host: string },
): { server: Server; servers: Server[]; faulty?: FaultyServer } {
  const { host, clock, onProblem, faults, ...rest } = options;
  if (!faults) {
    const server = createListener(routes, { ...rest, clock, onProblem });
    return { server, servers: [server] };
  }
  const faulty = new FaultyServer(clock, host);
  const listener = () => createListener(routes, { ...rest, clock, onProblem, faults: faulty.requests });
  const [server, moved] = [listener(), listener()];
  faulty.watch(server, moved, error => onProblem(asAgentError(error)));
  return { server, servers: [server, moved], faulty };
}

/** The same work however often it is asked for. */
function once(work: () => Promise<void>): () => Promise<void> {
  let result: Promise<void> | undefined;
  return () => {
    result ??= work();
    return result;
  };
}
