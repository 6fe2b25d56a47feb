// How people reach a running agent: the console over HTTP, and commands on this machine over a socket.
import { join } from 'node:path';
import { ConsoleChecks } from './camera-check/console-checks.ts';
import { systemClock } from './clock.ts';
import { alertRequests } from './commands/alert-requests.ts';
import { cameraRequests } from './commands/camera-requests.ts';
import { spoolRequests } from './commands/spool-command.ts';
import { type ControlRequests, serveControl } from './control/control-server.ts';
import { agentStatus } from './control/status-request.ts';
import { searchForConsole } from './discovery/console-search.ts';
import { asAgentError } from './errors.ts';
import type { Fleet } from './fleet.ts';
import type { LiveSettings } from './live-settings.ts';
import type { AgentParts } from './parts.ts';
import { CloudSessions } from './playback/cloud-session.ts';
import { hlsOrigins } from './playback/hls-origins.ts';
import { HlsRelay } from './playback/hls-relay.ts';
import { RuleAnswers } from './rule-answers.ts';
import { createStillDecoder } from './sampler/decode.ts';
import { Secret } from './secret.ts';
import { shownCamera } from './settings/shown-camera.ts';
import { alertsAsPictured } from './web/alerts-as-pictured.ts';
import { openAuth, setPassword } from './web/auth.ts';
import type { CameraEditor, SiteReader } from './web/readers.ts';
import { startWeb, type Web } from './web/web.ts';

const checkStillPixels = 640;

/** The console, and its password if this is the first start. @throws AgentError `port-in-use`, `settings-invalid`, `disk-…` */
export async function serveConsole(shared: AgentParts, fleet: Fleet, announce: (line: string) => void): Promise<Web> {
  const {
    settings,
    live,
    aws,
    clock,
    facts,
    service,
    spool,
    statuses,
    sightings,
    outbox,
    stillLinks,
    deliveries,
    budget,
    pauses,
    latestStills,
    stillsOnDemand,
    journal,
  } = shared;
  const { dataDir, siteName } = settings;
  const chosen = process.env.KVS_EDGE_CONSOLE_PASSWORD;
  if (chosen) await setPassword(dataDir, new Secret(chosen));
  // The machine's clock: sessions must not end because the right time was learnt.
  const { auth, created } = await openAuth({ dataDir, clock: systemClock });
  const sessions = new CloudSessions({ aws, service, clock });
  const web = await startWeb({
    listen: settings.web.listen,
    siteName,
    consoleDir: join(import.meta.dirname, '../console/dist'),
    hlsOrigins: hlsOrigins(aws),
    auth,
    clock,
    facts,
    site: { site: () => siteOf(shared, fleet) },
    cameras: statuses,
    book: cameraEditor(live),
    checker: consoleChecks(shared),
    finder: {
      search: (asked, closed) => searchForConsole(asked, { cameras: live.settings.cameras, clock, signal: closed }),
    },
    footage: { footage: (cameraId, fromMs, toMs) => spool.spans(cameraId, fromMs, toMs) },
    sightings: {
      ofCamera: (cameraId, range) => sightings.between({ cameraId, ...range, paths: true }),
      newest: page => sightings.newest(page),
      still: id => sightings.still(id),
    },
    alerts: alertsAsPictured(outbox, ids => sightings.byIds(ids)),
    stillLinks: { judge: signed => stillLinks.judge(signed, clock.nowMs()) },
    destinations: deliveries,
    rules: new RuleAnswers(shared),
    budget: { today: () => budget.today(), pauses: (cameraId, range) => pauses.between(cameraId, range) },
    stills: { latestStill: cameraId => latestStills.get(cameraId) ?? stillsOnDemand.latest(cameraId) },
    playback: { open: (stream, request, closed) => sessions.open(stream, request, closed) },
    relay: new HlsRelay({ endpoint: aws.endpoint, mount: '/api/hls/', clock }),
    onUnexpectedError: (error, where) => journal.unexpected(error, where),
  });
  announce(`Console: ${web.url}`);
  // Standard error, not the journal: it is seen once, by whoever starts the agent.
  if (created) announce(`Console password, shown only this once: ${created.reveal()}`);
  return web;
}

/** The settings of cameras as the console may change them: without naming variables and files of this device. */
export function cameraEditor(live: LiveSettings): CameraEditor {
  const { book } = live;
  return {
    add: camera => book.add(camera),
    change: (id, changes) => book.change(id, changes),
    remove: (id, options) => book.remove(id, options),
    importCsv: request => book.importCsv({ ...request, references: false }),
    exportCsv: () => book.exportCsv(),
    shown: id => {
      const camera = live.camera(id);
      return camera && shownCamera(camera);
    },
  };
}

/** What the console's check of a camera works with: pictures of its own size, and the cameras as they are now. */
function consoleChecks({ live, clock, encoders }: AgentParts): ConsoleChecks {
  const decoder = createStillDecoder({ clock, concurrency: 1, maxSidePixels: checkStillPixels });
  return new ConsoleChecks({ cameras: () => live.cameras(), clock, random: Math.random, encoders, decoder });
}

/** Commands on this machine, such as `kvs-edge status`. An agent that cannot be asked still records. */
export async function answerCommands(
  shared: AgentParts,
  fleet: Fleet,
  announce: (line: string) => void,
): Promise<AsyncDisposable | undefined> {
  const { settings, live, clock, spool, statuses, outbox, deliveries, journal } = shared;
  const requests: ControlRequests = {
    ...spoolRequests(spool),
    ...alertRequests(outbox, deliveries),
    ...cameraRequests(live.book),
    'settings.reload': () => live.book.reload(),
    status: () =>
      agentStatus({
        siteName: settings.siteName,
        nowMs: clock.nowMs(),
        cameras: statuses.statuses(),
        footage: (cameraId, fromMs, toMs) => spool.spans(cameraId, fromMs, toMs),
        site: siteOf(shared, fleet),
        destinations: () => deliveries.statuses(),
      }),
  };
  try {
    const onUnexpectedError = (error: unknown, request: string) => journal.unexpected(error, `request ${request}`);
    return await serveControl({ dataDir: settings.dataDir, requests, clock, onUnexpectedError });
  } catch (thrown) {
    announce(asAgentError(thrown).message);
    return undefined;
  }
}

function siteOf({ aws, clock, budget }: AgentParts, fleet: Fleet): ReturnType<SiteReader['site']> {
  const leaving = fleet.leaving();
  return {
    credentials: aws.state(),
    clock: clock.state(),
    budget: budget.today(),
    ...(leaving.length > 0 ? { leaving } : {}),
  };
}
