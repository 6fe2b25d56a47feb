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
import { runUploader } from '../../agent/uploader/uploader.ts';
import { partsOf } from '../spool/parts.ts';
import { fastClock } from './fast-clock.ts';

export type SceneOptions = { endpoint: string; clock?: Clock; random?: () => number };

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
    this.#service = new KinesisVideo({ region: 'us-west-2', endpoint: options.endpoint, credentials }, options.clock);
    facts.subscribe(fact => this.published.push(fact));
  }

  static async open({ endpoint, clock = fastClock(20), random = () => 0.5 }: SceneOptions): Promise<Scene> {
    const dir = await mkdtemp(join(tmpdir(), 'uploader-'));
    const facts = new Facts(error => {
      throw error;
    });
    const spool = await Spool.open({ dir, maxBytes: 1e9, clock, facts });
    return new Scene(dir, spool, facts, { endpoint, clock, random });
  }

  start(): void {
    this.#stop = new AbortController();
    this.#running = runUploader({
      camera: { id: 'cam', stream: 'front-door', retentionHours: 24 },
      spool: this.spool,
      service: this.#service,
      clock: this.#options.clock,
      facts: this.#facts,
      random: this.#options.random,
      signal: this.#stop.signal,
    });
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  write(parts: FragmentPart[]): Promise<void> {
    return this.spool.write('cam', partsOf(parts));
  }

  of<T extends Fact['type']>(type: T): FactOf<T>[] {
    return this.published.filter((fact): fact is FactOf<T> => fact.type === type);
  }

  /** Codes of the errors the uploader paused for, in order. */
  get pauses(): string[] {
    return this.of('upload.state').flatMap(({ error }) => (error ? [error.code] : []));
  }

  async allPersisted(): Promise<void> {
    await until(() => this.spool.waiting('cam').fragments === 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    this.#service[Symbol.dispose]();
    await this.spool[Symbol.asyncDispose]();
    await rm(this.dir, { recursive: true, force: true });
  }
}

export async function until(holds: () => boolean): Promise<void> {
  await expect.poll(holds, { timeout: 20_000, interval: 5 }).toBe(true);
}
