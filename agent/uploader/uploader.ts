// Brings a camera's fragments to its stream, session after session: nothing lost, nothing twice.
import type { KinesisVideo } from '../aws/kinesis-video.ts';
import type { Stream } from '../aws/streams.ts';
import type { Clock } from '../clock.ts';
import { AgentError, asAgentError } from '../errors.ts';
import type { Facts } from '../facts.ts';
import type { Spool } from '../spool/spool.ts';
import { Backlog } from './backlog.ts';
import { EarlyVerdicts } from './early-verdicts.ts';
import { Feed } from './feed.ts';
import type { Outgoing } from './outgoing.ts';
import { PieceMemory } from './piece-memory.ts';
import { reconcile } from './reconcile.ts';
import { heldBack, type Streak, takeRefusal } from './refusals.ts';
import { Restraint } from './restraint.ts';
import { nextDelay, recoveryFrom } from './retry.ts';
import { runSession } from './session.ts';
import { mediaTypeOf } from './session-media.ts';
import { Uplink } from './uplink.ts';

export type UploaderOptions = {
  camera: {
    id: string;
    stream: string;
    retentionHours: number;
    kmsKeyId?: string | undefined;
    tags?: Record<string, string>;
  };
  spool: Spool;
  service: KinesisVideo;
  /** One for all cameras of the process. Left out: no limit. */
  uplink?: Uplink;
  /** One for all cameras of the process. Left out: one of its own. */
  restraint?: Restraint;
  clock: Clock;
  facts: Facts;
  /** In [0, 1). */
  random: () => number;
  /** Resolves when the machine's time can be trusted; nothing is sent before. Left out: it always can. */
  awaitTrust?: (signal: AbortSignal) => Promise<void>;
  signal: AbortSignal;
};

/** Runs until `signal` aborts, then resolves. Never rejects: what goes wrong is published as `upload.state`. */
export async function runUploader(options: UploaderOptions): Promise<void> {
  await new Uploader(options).run();
}

/** A wait for the clock is told when it lasts longer. */
const clockPatienceMs = 500;

class Uploader {
  readonly #options: UploaderOptions & { uplink: Uplink; restraint: Restraint };
  readonly #early = new EarlyVerdicts();
  readonly #feed: Feed;
  readonly #backlog: Backlog;
  #stream: Stream | undefined;
  /** Failures since something went right. */
  #failures = 0;
  #streak: Streak | undefined;
  #sessionEndedMs: number | undefined;

  constructor(options: UploaderOptions) {
    const { camera, spool, clock, facts, random } = options;
    const { uplink = new Uplink({ clock }), restraint = new Restraint({ clock, random }) } = options;
    this.#options = { ...options, uplink, restraint };
    this.#feed = new Feed(camera.id, { spool, facts, early: this.#early, pieces: new PieceMemory() });
    this.#backlog = new Backlog({ cameraId: camera.id, spool, clock, facts });
  }

  async run(): Promise<void> {
    const { signal } = this.#options;
    while (!signal.aborted) {
      try {
        await this.#runOnce();
      } catch (error) {
        if (!signal.aborted) await this.#pause(asAgentError(error));
      }
    }
  }

  /** One session, from the first fragment on that the service does not have. */
  async #runOnce(): Promise<void> {
    const { camera, restraint, signal } = this.#options;
    if (this.#feed.isEmpty) this.#tell('idle');
    await this.#clockTrusted();
    // Who asks the service while the others wait for the answer must not wait for a camera.
    await this.#feed.upcoming(signal);
    await restraint.enter({ cameraId: camera.id, signal, onHeld: (error, ms) => this.#tellWaiting(error, ms) });
    let failure: AgentError | undefined;
    try {
      await this.#session();
      this.#failures = 0;
    } catch (error) {
      failure = asAgentError(error);
      throw failure;
    } finally {
      restraint.leave(camera.id, signal.aborted ? undefined : failure);
    }
  }

  async #session(): Promise<void> {
    const { camera, spool, service, uplink, clock, facts, random, signal } = this.#options;
    const { id: cameraId } = camera;
    this.#tell('connecting');
    const stream = await this.#ensureStream();
    await this.#early.settled();
    const asked = await reconcile({ cameraId, stream, spool, service, clock, facts, signal });
    if (asked) this.#options.restraint.reached();
    signal.throwIfAborted();
    if (this.#feed.isEmpty) return;
    const first = await this.#feed.upcoming(signal);
    const progress = {
      onAnswered: () => this.#answered(),
      onPersisted: () => this.#persisted(),
      onRefused: (outgoing: Outgoing, error: AgentError) => this.#refused(outgoing, error),
    };
    const tools = { feed: this.#feed, service, uplink, clock, facts, random };
    try {
      await runSession({ cameraId, stream, ...tools, ...progress, stop: signal }, first);
    } finally {
      this.#sessionEndedMs = clock.monotonicMs();
    }
  }

  async #ensureStream(): Promise<Stream> {
    const { camera, service, facts, signal } = this.#options;
    if (this.#stream) return this.#stream;
    const { id: cameraId, stream, retentionHours, kmsKeyId, tags = {} } = camera;
    const mediaType = async () => mediaTypeOf((await this.#feed.upcoming(signal)).tracks());
    this.#stream = await service.ensureStream({ stream, retentionHours, kmsKeyId, tags, mediaType, signal });
    const { retentionHours: actualHours, drift } = this.#stream;
    facts.publish({ type: 'stream.checked', cameraId, stream, retentionHours: actualHours, drift });
    return this.#stream;
  }

  /** A signature with a wrong time is refused, and a recording with a wrong time is found by nobody. */
  async #clockTrusted(): Promise<void> {
    const { awaitTrust, clock, signal } = this.#options;
    if (!awaitTrust) return;
    const cancel = clock.after(clockPatienceMs, () => this.#tell('waiting', { error: clockUntrusted }));
    try {
      await awaitTrust(signal);
    } finally {
      cancel();
    }
  }

  #answered(): void {
    const { restraint, clock } = this.#options;
    restraint.reached();
    const pausedMs = this.#sessionEndedMs === undefined ? undefined : clock.monotonicMs() - this.#sessionEndedMs;
    this.#tell('uploading', pausedMs === undefined ? {} : { pausedMs: Math.round(pausedMs) });
  }

  #persisted(): void {
    this.#failures = 0;
    this.#streak = undefined;
    this.#options.restraint.reached();
    this.#backlog.moved();
  }

  #refused(outgoing: Outgoing, error: AgentError): AgentError {
    const { action, doubted, streak } = takeRefusal(this.#streak, { reason: error.message, startMs: outgoing.startMs });
    this.#streak = streak;
    if (action === 'set-aside') outgoing.judge({ type: 'rejected', error });
    if (doubted) return heldBack(streak, error);
    this.#failures = 0;
    return error;
  }

  async #pause(error: AgentError): Promise<void> {
    const { camera, service, clock, random, signal } = this.#options;
    const recovery = recoveryFrom(error);
    this.#failures++;
    if (recovery.stream === 'look-up') this.#stream = undefined;
    if (recovery.endpoint === 'ask') service.forgetEndpoints(camera.stream);
    if (recovery.credentials === 'renew') service.renewCredentials();
    this.#backlog.stopped();
    // When nobody reaches the service, all streams wait together for the one that tries.
    if (recovery.scope === 'service') return;
    const delayMs = nextDelay({ attempt: this.#failures, error, random });
    this.#tellWaiting(error, delayMs);
    await clock.sleep(delayMs, signal).catch(() => undefined);
  }

  #tellWaiting(error: AgentError, retryInMs: number): void {
    this.#tell('waiting', { error, retryAtMs: this.#options.clock.nowMs() + retryInMs });
  }

  #tell(
    state: 'idle' | 'connecting' | 'uploading' | 'waiting',
    more: { error?: AgentError; retryAtMs?: number; pausedMs?: number } = {},
  ): void {
    const { camera, facts } = this.#options;
    facts.publish({ type: 'upload.state', cameraId: camera.id, state, ...more });
  }
}

const clockUntrusted = new AgentError({
  code: 'clock-untrusted',
  kind: 'unavailable',
  retry: 'later',
  message:
    "Nothing is sent before this device's clock is right: recording goes on. Let it reach a time server (NTP), or set its clock.",
});
