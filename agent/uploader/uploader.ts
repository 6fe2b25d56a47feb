// Brings a camera's waiting fragments to its stream, session after session: nothing lost, nothing twice.
import type { KinesisVideo } from '../aws/kinesis-video.ts';
import type { Stream } from '../aws/streams.ts';
import type { Clock } from '../clock.ts';
import { type AgentError, asAgentError } from '../errors.ts';
import type { Facts } from '../facts.ts';
import type { FragmentRecord } from '../spool/fragment-record.ts';
import type { Spool } from '../spool/spool.ts';
import { reconcile } from './reconcile.ts';
import { endpointDoubtful, nextDelay, streamDoubtful } from './retry.ts';
import { runSession } from './session.ts';

export type UploaderOptions = {
  camera: { id: string; stream: string; retentionHours: number };
  spool: Spool;
  service: KinesisVideo;
  clock: Clock;
  facts: Facts;
  /** In [0, 1). */
  random: () => number;
  signal: AbortSignal;
};

/** Runs until `signal` aborts, then resolves. Never rejects: what goes wrong is published as `upload.state`. */
export async function runUploader(options: UploaderOptions): Promise<void> {
  await new Uploader(options).run();
}

class Uploader {
  readonly #options: UploaderOptions;
  #stream: Stream | undefined;
  /** Failures since something went right. */
  #failures = 0;

  constructor(options: UploaderOptions) {
    this.#options = options;
  }

  async run(): Promise<void> {
    const { signal } = this.#options;
    while (!signal.aborted) {
      try {
        await this.#runOnce();
        this.#failures = 0;
      } catch (error) {
        if (!signal.aborted) await this.#pause(asAgentError(error));
      }
    }
  }

  /** One session, from the first waiting fragment on. */
  async #runOnce(): Promise<void> {
    const { camera, facts, signal, ...tools } = this.#options;
    await this.#somethingWaits();
    facts.publish({ type: 'upload.state', cameraId: camera.id, state: 'connecting' });
    const { id: cameraId, stream: name, retentionHours } = camera;
    this.#stream ??= await tools.service.ensureStream({ stream: name, retentionHours, signal });
    const context = { cameraId, stream: this.#stream, facts, ...tools };
    await reconcile({ ...context, signal });
    signal.throwIfAborted();
    const first = this.#firstWaiting();
    if (first) await runSession({ ...context, stop: signal, onProgress: () => this.#madeProgress() }, first);
  }

  async #somethingWaits(): Promise<void> {
    const { camera, spool, facts, signal } = this.#options;
    if (this.#firstWaiting()) return;
    facts.publish({ type: 'upload.state', cameraId: camera.id, state: 'idle' });
    while (!this.#firstWaiting()) await spool.changed(camera.id, signal);
  }

  #firstWaiting(): FragmentRecord | undefined {
    return this.#options.spool.nextWaiting(this.#options.camera.id);
  }

  #madeProgress(): void {
    this.#failures = 0;
  }

  async #pause(error: AgentError): Promise<void> {
    const { camera, service, clock, facts, random, signal } = this.#options;
    this.#failures++;
    if (streamDoubtful(error)) this.#stream = undefined;
    if (endpointDoubtful(error)) service.forgetEndpoints(camera.stream);
    const delayMs = nextDelay({ attempt: this.#failures, error, random });
    const retryAtMs = clock.nowMs() + delayMs;
    facts.publish({ type: 'upload.state', cameraId: camera.id, state: 'waiting', error, retryAtMs });
    await clock.sleep(delayMs, signal).catch(() => undefined);
  }
}
