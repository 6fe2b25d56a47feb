// A spool, a scripted service and an uploader between them, with everything it published.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { KinesisVideo } from '../../agent/aws/kinesis-video.ts';
import type { Clock } from '../../agent/clock.ts';
import { type Fact, type FactOf, Facts } from '../../agent/facts.ts';
import type { FragmentPart } from '../../agent/fragmenter/fragment-part.ts';
import { Spool } from '../../agent/spool/spool.ts';
import { runUploader, type UploaderOptions } from '../../agent/uploader/uploader.ts';
import type { SimulatedClock } from '../simulated-clock.ts';
import { partsOf } from '../spool/parts.ts';
import { fastClock } from './fast-clock.ts';
import { LiveCamera } from './live-camera.ts';

export type SceneOptions = {
  endpoint: string;
  clock?: Clock;
  random?: () => number;
  camera?: Partial<UploaderOptions['camera']>;
  tools?: Pick<UploaderOptions, 'uplink' | 'restraint' | 'awaitTrust'>;
  /** Called when credentials are to be renewed. */
  refresh?: () => void;
};

export class Scene implements AsyncDisposable {
  readonly spool: Spool;
  readonly published: Fact[] = [];
  readonly dir: string;
  readonly #options: Required<SceneOptions>;
  readonly #facts: Facts;
  readonly #service: KinesisVideo;
  #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();

  private constructor(dir: string, spool: Spool, facts: Facts, options: Required<SceneOptions>) {
    this.dir = dir;
    this.spool = spool;
    this.#facts = facts;
    this.#options = options;
    const credentials = async () => ({ accessKeyId: 'local', secretAccessKey: 'local-secret' });
    const { endpoint, refresh, clock } = options;
    this.#service = new KinesisVideo({ region: 'us-west-2', endpoint, credentials, refresh }, clock);
    facts.subscribe(fact => this.published.push(fact));
  }

  static async open({ clock = fastClock(20), ...options }: SceneOptions): Promise<Scene> {
    const dir = await mkdtemp(join(tmpdir(), 'uploader-'));
    const facts = new Facts(error => {
      throw error;
    });
    const spool = await Spool.open({ dir, maxBytes: 1e9, clock, facts });
    const defaults = { clock, random: () => 0.5, camera: {}, tools: {}, refresh: () => undefined };
    return new Scene(dir, spool, facts, { ...defaults, ...options });
  }

  start(): void {
    this.#stop = new AbortController();
    this.#running = runUploader({
      ...this.#options.tools,
      camera: { id: 'cam', stream: 'front-door', retentionHours: 24, ...this.#options.camera },
      spool: this.spool,
      service: this.#service,
      clock: this.#options.clock,
      facts: this.#facts,
      random: this.#options.random,
      signal: this.#stop.signal,
    });
  }

  get #cameraId(): string {
    return this.#options.camera.id ?? 'cam';
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  write(parts: FragmentPart[]): Promise<void> {
    return this.spool.write(this.#cameraId, partsOf(parts));
  }

  /** A camera that runs until it is ended. */
  live(): LiveCamera {
    return new LiveCamera(parts => this.spool.write(this.#cameraId, parts));
  }

  onFact(subscriber: (fact: Fact) => void): void {
    this.#facts.subscribe(subscriber);
  }

  of<T extends Fact['type']>(type: T): FactOf<T>[] {
    return this.published.filter((fact): fact is FactOf<T> => fact.type === type);
  }

  /** Codes of the errors the uploader paused for, in order. */
  get pauses(): string[] {
    return this.of('upload.state').flatMap(({ error }) => (error ? [error.code] : []));
  }

  async allPersisted(): Promise<void> {
    await until(() => this.spool.waiting(this.#cameraId).fragments === 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    this.#service[Symbol.dispose]();
    await this.spool[Symbol.asyncDispose]();
    await rm(this.dir, { recursive: true, force: true });
  }
}

/**
 * Lets a little of the agent's time pass until it holds. Each step gives the machine more time than the one before: what it is
 * slow in does not use up the agent's patience.
 */
export async function passUntil(clock: SimulatedClock, holds: () => boolean, stepMs = 20): Promise<void> {
  for (let step = 0; !holds(); step++) {
    await clock.advance(stepMs);
    await new Promise(resolve => setTimeout(resolve, 1 + step));
  }
}

export async function until(holds: () => boolean): Promise<void> {
  await expect.poll(holds, { interval: 5 }).toBe(true);
}
