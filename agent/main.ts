// The composition root: puts the parts together and starts them; the cameras' own lines are the fleet's.
import { Alerting } from './alerting.ts';
import { connectAws } from './aws/aws.ts';
import { KinesisVideo } from './aws/kinesis-video.ts';
import { systemClock } from './clock.ts';
import type { AgentError } from './errors.ts';
import { Facts } from './facts.ts';
import { Fleet } from './fleet.ts';
import { CameraStatuses } from './health/camera-statuses.ts';
import { createJournal } from './health/journal.ts';
import { CallBudget } from './labels/call-budget.ts';
import { LabelLedger } from './labels/label-ledger.ts';
import { LabelPauses } from './labels/label-pauses.ts';
import { LabelProviders } from './labels/providers.ts';
import { SightingStore } from './labels/sighting-store.ts';
import { LiveSettings } from './live-settings.ts';
import type { AgentParts } from './parts.ts';
import { VideoEncoders } from './repair/video-encoders.ts';
import { createStillDecoder } from './sampler/decode.ts';
import { StillsOnDemand } from './sampler/still-on-demand.ts';
import { answerCommands, serveConsole } from './serve.ts';
import { followCameras } from './spool/follow-cameras.ts';
import { Spool } from './spool/spool.ts';
import { ClockWatch } from './time/clock-watch.ts';
import { machineNtp } from './time/ntp.ts';
import { firstTrueMs } from './time/provisional-time.ts';
import { dateUrl } from './time/service-date.ts';
import { TrueTimes } from './time/true-times.ts';
import { TrustedClock } from './time/trusted-clock.ts';
import { Restraint } from './uploader/restraint.ts';
import { Uplink } from './uploader/uplink.ts';

export type AgentOptions = {
  settingsFile: string;
  /** Ends the agent; open fragments are closed first. */
  signal: AbortSignal;
  /** Told what a person at the terminal must know: the console's address and, once, its password. */
  announce: (line: string) => void;
};

/** How long recording waits at the start for somebody to vouch for the clock; after that it begins in provisional time. */
const clockPatienceMs = 1_500;

/**
 * Runs until `signal` aborts. Rejects with an AgentError when it cannot start: settings, a missing secret, disk, port.
 * Once started, nothing that a camera, the disk or a service does ends it.
 */
export async function runAgent({ settingsFile, signal, announce }: AgentOptions): Promise<void> {
  const clock = new TrustedClock(systemClock);
  const level = process.env.KVS_EDGE_LOG === 'debug' ? 'debug' : 'info';
  const journal = createJournal({ level, clock: systemClock });
  const facts = new Facts(error => journal.unexpected(error, 'a subscriber of facts'));
  journal.follow(facts);
  const live = await LiveSettings.open({ path: settingsFile, clock: systemClock, facts });
  using _hangUp = onHangUp(() => live.reread());

  const { settings } = live;
  const { dataDir } = settings;
  const aws = connectAws(settings.aws, { clock, random: Math.random });
  aws.clockOffsetMs = () => clock.state().offsetMs ?? 0;
  const clockWatch = new ClockWatch({ clock, ntp: machineNtp, url: dateUrl(aws), facts, signal });
  await Promise.race([clockWatch.look(), clock.sleep(clockPatienceMs, signal)]).catch(() => undefined);
  using service = new KinesisVideo(aws, clock);
  const localRetentionHours = (id: string) => live.camera(id)?.localRetentionHours ?? 0;
  const spoolOptions = { ...settings.spool, localRetentionHours, provisionalBeforeMs: firstTrueMs };
  await using spool = await Spool.open({ ...spoolOptions, clock, facts });
  clock.continueAfter(spool.newestProvisionalMs());
  const trueTimes = new TrueTimes({ clock, spool, signal });
  followCameras(spool, { facts, clock });
  using sightings = new SightingStore({ dataDir, clock, facts });
  using alerting = await Alerting.open({ live, aws, clock, facts, signal, spool, sightings });
  using providers = new LabelProviders({ aws, clock, models: settings.models });
  using ledger = new LabelLedger(dataDir);
  const onProblem = (error: AgentError) => facts.publish({ type: 'budget.failed', error });
  const pauses = new LabelPauses({ ledger, clock, facts, onProblem });
  const budget = new CallBudget({
    ...{ ledger, clock, onProblem },
    limits: () => live.settings,
    correctionMs: () => clock.correctionMs,
  });
  const decoder = createStillDecoder({ clock });
  const shared: AgentParts = {
    get settings() {
      return live.settings;
    },
    live,
    aws,
    clock,
    journal,
    facts,
    signal,
    service,
    spool,
    statuses: new CameraStatuses({ cameras: settings.cameras, facts, clock, spool }),
    sightings,
    ...alerting.parts,
    decoder,
    encoders: new VideoEncoders({ clock }),
    providers,
    budget,
    pauses,
    latestStills: new Map(),
    stillsOnDemand: new StillsOnDemand({ fragments: spool, decoder, clock, signal }),
  };

  live.onChange(({ settings: { cameras } }) => shared.statuses.follow(cameras));
  const uplink = new Uplink({ clock, bitsPerSecond: settings.upload.maxBitsPerSecond });
  const restraint = new Restraint({ clock, random: Math.random });
  const awaitTrust = (stop: AbortSignal) => trueTimes.awaitTrust(stop);
  const uploading = { spool, service, uplink, restraint, clock, facts, random: Math.random, awaitTrust };
  const fleet = new Fleet({ shared, uploading });

  await using web = await serveConsole(shared, fleet, announce);
  await using _control = await answerCommands(shared, fleet, announce);
  // Listening on every address says nothing about the one by which people reach the console.
  if (!/^(0\.0\.0\.0|\[::\]):/.test(settings.web.listen)) alerting.consoleIsAt(web.url);
  live.onChange(now => alerting.follow(now));
  live.onChange(({ settings: { models } }) => providers.follow(models));
  live.onChange(() => fleet.follow(live.cameras()));
  const measured = {
    ...{ statuses: shared.statuses, dir: settings.spool.dir },
    budgetPercent: (cameraId?: string) => budget.spentPercent(cameraId),
  };
  await Promise.all([...[clockWatch.run(), trueTimes.run(), alerting.run(measured)], ...[fleet.run(), live.reread()]]);
}

/**
 * SIGHUP asks for the settings file to be read again, as services are asked. At a terminal it says that the terminal is
 * closed, and ends the agent as it ends every program.
 */
function onHangUp(reread: () => void): Disposable {
  if (!process.stdin.isTTY) process.on('SIGHUP', reread);
  return { [Symbol.dispose]: () => process.off('SIGHUP', reread) };
}
