// The composition root: the only file that names every stage. Each camera runs three lines side by side, and none of them
// can stop another: ingest (source → fragmenter → spool), upload (spool → KVS) and analysis (spool → labels → alerts).
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Sighting } from '../shared/sighting.ts';
import { runDeliveries } from './alerts/deliver.ts';
import { connectDestinations } from './alerts/destinations.ts';
import { Outbox } from './alerts/outbox.ts';
import { type ConnectedAws, connectAws } from './aws/aws.ts';
import { KinesisVideo } from './aws/kinesis-video.ts';
import { systemClock } from './clock.ts';
import { type ControlRequests, serveControl } from './control/control-server.ts';
import { agentStatus } from './control/status-request.ts';
import { asAgentError } from './errors.ts';
import { Facts } from './facts.ts';
import { fragmentItems } from './fragmenter/fragment-items.ts';
import { CameraStatuses } from './health/camera-statuses.ts';
import { createJournal, type Journal } from './health/journal.ts';
import { type LabelledStill, labelStills } from './labels/label-stills.ts';
import type { LabelProvider } from './labels/provider.ts';
import { rekognition } from './labels/rekognition.ts';
import { SightingStore } from './labels/sighting-store.ts';
import { CloudSessions } from './playback/cloud-session.ts';
import { hlsOrigins } from './playback/hls-origins.ts';
import { HlsRelay } from './playback/hls-relay.ts';
import { evaluateRules, firings } from './rules/evaluate.ts';
import { createStillDecoder, type StillDecoder } from './sampler/decode.ts';
import { sampleStills } from './sampler/sample.ts';
import type { Still } from './sampler/still.ts';
import { Secret } from './secret.ts';
import { resolveSecrets } from './settings/agent-secrets.ts';
import { type AgentSettings, loadSettings } from './settings/load.ts';
import { openRtspSource, type RtspCamera } from './source/rtsp-source.ts';
import { followCameras } from './spool/follow-cameras.ts';
import { Spool } from './spool/spool.ts';
import { spoolRequests } from './spool-command.ts';
import { ClockWatch } from './time/clock-watch.ts';
import { machineNtp } from './time/ntp.ts';
import { firstTrueMs } from './time/provisional-time.ts';
import { dateUrl } from './time/service-date.ts';
import { TrueTimes } from './time/true-times.ts';
import { TrustedClock } from './time/trusted-clock.ts';
import { Restraint } from './uploader/restraint.ts';
import { Uplink } from './uploader/uplink.ts';
import { runUploader } from './uploader/uploader.ts';
import { openAuth, setPassword } from './web/auth.ts';
import { startWeb, type Web } from './web/web.ts';

export type AgentOptions = {
  settingsFile: string;
  /** Ends the agent; open fragments are closed first. */
  signal: AbortSignal;
  /** Told what a person at the terminal must know: the console's address and, once, its password. */
  announce: (line: string) => void;
};

type Camera = AgentSettings['cameras'][number];

/** What every line of every camera shares. */
type Shared = {
  settings: AgentSettings;
  aws: ConnectedAws;
  clock: TrustedClock;
  journal: Journal;
  facts: Facts;
  signal: AbortSignal;
  service: KinesisVideo;
  spool: Spool;
  statuses: CameraStatuses;
  sightings: SightingStore;
  outbox: Outbox;
  decoder: StillDecoder;
  provider: LabelProvider;
  /** The newest JPEG of each camera. */
  latestStills: Map<string, Uint8Array>;
};

/** For the camera wall, of a camera without labels. */
const wallEverySeconds = 10;
/** Before a stream that KVS does not accept is tried again: somebody may have changed the camera meanwhile. */
const refusedPauseMs = 60_000;
/** How long recording waits at the start for somebody to vouch for the clock; after that it begins in provisional time. */
const clockPatienceMs = 1_500;

/**
 * Runs until `signal` aborts. Rejects with an AgentError when it cannot start: settings, a missing secret, disk, port.
 * Once started, nothing that a camera, the disk or a service does ends it.
 */
export async function runAgent({ settingsFile, signal, announce }: AgentOptions): Promise<void> {
  const settings = await loadSettings(settingsFile);
  const secretOf = await resolveSecrets(settings);
  const clock = new TrustedClock(systemClock);
  const level = process.env.KVS_EDGE_LOG === 'debug' ? 'debug' : 'info';
  const journal = createJournal({ level, clock: systemClock });
  const facts = new Facts(error => journal.unexpected(error, 'a subscriber of facts'));
  journal.follow(facts);

  const { dataDir, cameras, rules } = settings;
  const aws = connectAws(settings.aws, { clock, random: Math.random });
  aws.clockOffsetMs = () => clock.state().offsetMs ?? 0;
  const clockWatch = new ClockWatch({ clock, ntp: machineNtp, url: dateUrl(aws), facts, signal });
  await Promise.race([clockWatch.look(), clock.sleep(clockPatienceMs, signal)]).catch(() => undefined);
  using service = new KinesisVideo(aws, clock);
  const localRetentionHours = (id: string) => cameras.find(camera => camera.id === id)?.localRetentionHours ?? 0;
  const spoolOptions = { ...settings.spool, localRetentionHours, provisionalBeforeMs: firstTrueMs };
  await using spool = await Spool.open({ ...spoolOptions, clock, facts });
  clock.continueAfter(spool.newestProvisionalMs());
  const trueTimes = new TrueTimes({ clock, spool, signal });
  followCameras(spool, { facts, clock });
  using sightings = new SightingStore({ dataDir, clock, facts });
  using outbox = new Outbox({ file: join(dataDir, 'alerts.sqlite'), clock, facts, newId: randomUUID });
  const shared: Shared = {
    settings,
    aws,
    clock,
    journal,
    facts,
    signal,
    service,
    spool,
    statuses: new CameraStatuses({ cameras, facts, clock, spool }),
    sightings,
    outbox,
    decoder: createStillDecoder({ clock }),
    provider: rekognition(aws),
    latestStills: new Map(),
  };

  await using web = await serveConsole(shared, announce);
  await using _control = await answerCommands(shared, announce);
  const streamOf = (id: string) => cameras.find(camera => camera.id === id)?.stream;
  // Listening on every address says nothing about the one by which people reach the console.
  const consoleUrl = /^(0\.0\.0\.0|\[::\]):/.test(settings.web.listen) ? undefined : web.url;
  const context = { streamOf, consoleUrl };
  const { sinks, of: destinationsOf } = connectDestinations({ rules, secretOf, context, clock });
  const uplink = new Uplink({ clock, bitsPerSecond: settings.upload.maxBitsPerSecond });
  const restraint = new Restraint({ clock, random: Math.random });
  const awaitTrust = (stop: AbortSignal) => trueTimes.awaitTrust(stop);
  const uploading = { spool, service, uplink, restraint, clock, facts, random: Math.random, awaitTrust, signal };
  await Promise.all([
    clockWatch.run(),
    trueTimes.run(),
    runDeliveries({ outbox, sinks, clock, random: Math.random, facts, signal }),
    ...cameras.flatMap(camera => {
      const { password, ...rest } = camera;
      return [
        ingest({ ...rest, ...(password ? { password: secretOf(password) } : {}) }, shared),
        runUploader({ camera, ...uploading }),
        analyse(camera, destinationsOf, shared),
      ];
    }),
  ]);
}

/** Camera → disk, for as long as the agent runs. */
async function ingest(camera: RtspCamera, { clock, facts, journal, signal, spool }: Shared): Promise<void> {
  const { id: cameraId } = camera;
  const source = openRtspSource({ camera, clock, facts, random: Math.random });
  while (!signal.aborted) {
    try {
      const parts = fragmentItems(source.items(signal), {
        clock,
        cameraId,
        correctionMs: () => clock.correctionMs,
        onProblem: problem => facts.publish({ type: 'camera.problem', cameraId, ...problem }),
      });
      await spool.write(cameraId, parts);
    } catch (thrown) {
      const error = asAgentError(thrown);
      if (error.kind === 'bug') journal.unexpected(thrown, `ingest of ${cameraId}`);
      const retryAtMs = clock.nowMs() + refusedPauseMs;
      facts.publish({ type: 'camera.state', cameraId, state: 'refused', error, retryAtMs });
      await clock.sleep(refusedPauseMs, signal).catch(() => undefined);
    }
  }
}

/** Disk → stills → sightings → alerts. */
async function analyse(camera: Camera, destinationsOf: (ruleId: string) => string[], shared: Shared): Promise<void> {
  const { clock, facts, journal, signal, spool, decoder } = shared;
  const { id: cameraId, labels } = camera;
  const everySeconds = labels?.everySeconds ?? wallEverySeconds;
  while (!signal.aborted) {
    try {
      const sampled = sampleStills({ cameraId, everySeconds, fragments: spool, decoder, clock, facts, signal });
      const stills = remember(sampled, shared.latestStills);
      if (!labels || labels.provider === 'none') {
        for await (const _still of stills);
        continue;
      }
      const seen = labelStills({
        ...{ cameraId, stills, provider: shared.provider, settings: labels, clock, facts, signal },
        random: Math.random,
        newId: randomUUID,
      });
      for await (const labelled of seen) {
        await keep(labelled, shared);
        raiseAlerts(labelled.sightings, destinationsOf, shared);
      }
    } catch (thrown) {
      journal.unexpected(thrown, `analysis of ${cameraId}`);
      facts.publish({ type: 'labels.failed', cameraId, error: asAgentError(thrown) });
      await clock.sleep(refusedPauseMs, signal).catch(() => undefined);
    }
  }
}

/** A disk that takes no sightings must not keep an alert from leaving. */
async function keep({ still, sightings }: LabelledStill, shared: Shared): Promise<void> {
  try {
    await shared.sightings.add(still, sightings);
  } catch (thrown) {
    shared.facts.publish({ type: 'labels.failed', cameraId: still.cameraId, error: asAgentError(thrown) });
  }
}

async function* remember(stills: AsyncIterable<Still>, latest: Map<string, Uint8Array>): AsyncGenerator<Still> {
  for await (const still of stills) {
    latest.set(still.cameraId, still.jpeg);
    yield still;
  }
}

function raiseAlerts(sightings: Sighting[], destinationsOf: (ruleId: string) => string[], shared: Shared): void {
  const { settings, outbox, facts } = shared;
  const lastFiredMs = (ruleId: string, cameraId: string) => outbox.lastFiredMs(ruleId, cameraId);
  const evaluations = evaluateRules({ rules: settings.rules, sightings, lastFiredMs });
  for (const { ruleId, sighting, outcome } of evaluations) {
    facts.publish({ type: 'rule.evaluated', ruleId, sightingId: sighting.id, outcome });
  }
  for (const firing of firings(evaluations)) outbox.raise(firing, destinationsOf(firing.ruleId));
}

async function serveConsole(shared: Shared, announce: (line: string) => void): Promise<Web> {
  const { settings, aws, clock, facts, service, spool, statuses, sightings, outbox, latestStills, journal } = shared;
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
    site: { site: () => ({ credentials: aws.state(), clock: clock.state() }) },
    cameras: statuses,
    footage: { footage: (cameraId, fromMs, toMs) => spool.spans(cameraId, fromMs, toMs) },
    sightings: {
      ofCamera: (cameraId, range) => sightings.between({ cameraId, ...range }),
      newest: page => sightings.newest(page),
      still: id => sightings.still(id),
    },
    alerts: outbox,
    stills: { latestStill: cameraId => latestStills.get(cameraId) },
    playback: { open: (stream, request, closed) => sessions.open(stream, request, closed) },
    relay: new HlsRelay({ endpoint: aws.endpoint, mount: '/api/hls/', clock }),
    onUnexpectedError: (error, where) => journal.unexpected(error, where),
  });
  announce(`Console: ${web.url}`);
  // Standard error, not the journal: it is seen once, by whoever starts the agent.
  if (created) announce(`Console password, shown only this once: ${created.reveal()}`);
  return web;
}

/** Commands on this machine, such as `kvs-edge status`. An agent that cannot be asked still records. */
async function answerCommands(
  { settings, aws, clock, spool, statuses, journal }: Shared,
  announce: (line: string) => void,
): Promise<AsyncDisposable | undefined> {
  const requests: ControlRequests = {
    ...spoolRequests(spool),
    status: () =>
      agentStatus({
        siteName: settings.siteName,
        nowMs: clock.nowMs(),
        cameras: statuses.statuses(),
        footage: (cameraId, fromMs, toMs) => spool.spans(cameraId, fromMs, toMs),
        site: { credentials: aws.state(), clock: clock.state() },
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
