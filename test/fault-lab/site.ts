// The place of a scenario: one cloud, one camera's spool, one ledger; the agent may stop and start in it.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../agent/clock.ts';
import type { FootageSpan } from '../../shared/api.ts';
import type { AgentPartsOptions } from './agent-parts.ts';
import { LabCloud } from './lab-cloud.ts';
import { type Balance, Ledger } from './ledger.ts';
import { LoneAgent, type Pipeline, type PipelineOptions } from './pipeline.ts';
import { type LabSize, patienceMs, until } from './scenario.ts';

export const cameraId = 'cam';

export class Site implements AsyncDisposable {
  readonly cloud: LabCloud;
  readonly dir: string;
  readonly ledger = new Ledger();
  readonly #size: LabSize;
  readonly #spans: FootageSpan[] = [];
  readonly #errors = new Set<string>();

  private constructor(cloud: LabCloud, dir: string, size: LabSize) {
    this.cloud = cloud;
    this.dir = dir;
    this.#size = size;
  }

  static async open(size: LabSize): Promise<Site> {
    const dir = await mkdtemp(join(tmpdir(), 'fault-lab-spool-'));
    return new Site(await LabCloud.start(), dir, size);
  }

  start(options: Partial<PipelineOptions & AgentPartsOptions> = {}): Promise<LoneAgent> {
    const { cloud, dir, ledger } = this;
    const camera = options.camera === 'none' ? options.camera : { firstOrdinal: ledger.nextOrdinal, ...options.camera };
    return LoneAgent.start({ dir, endpoint: cloud.url, cameraId, ledger, ...options, camera });
  }

  /** Two fragments in the cloud: the upload runs. */
  async running(pipeline: Pipeline): Promise<void> {
    await until('two fragments before the fault', () => pipeline.persistedAtMs.length >= 2, patienceMs[this.#size]);
  }

  /** Keeps what the pipeline has recorded as dropped: what is only in its memory ends with it. */
  note(pipeline: Pipeline): void {
    this.#spans.push(...pipeline.spans());
    for (const code of pipeline.errors) this.#errors.add(code);
  }

  /** How long after `sinceMs` the next fragment is persisted. */
  async recovery(pipeline: Pipeline, sinceMs: number): Promise<number> {
    const next = () => pipeline.persistedAtMs.find(atMs => atMs > sinceMs);
    await until('a fragment is persisted after the fault', () => next() !== undefined, patienceMs[this.#size]);
    return (next() ?? sinceMs) - sinceMs;
  }

  /** Resolves when everything the camera gave is in the cloud or given up. */
  async drain(pipeline: Pipeline): Promise<void> {
    await pipeline.stopCamera();
    await until('everything is uploaded', () => pipeline.waiting === 0, patienceMs[this.#size]);
    this.note(pipeline);
  }

  /** What came of it; call after the last `drain`. */
  async balance(): Promise<Balance & { errors: string[] }> {
    const fragments = await this.cloud.fragments(cameraId);
    return { ...this.ledger.balance(fragments, this.#spans), errors: [...this.#errors] };
  }

  get putMediaRequests(): number {
    return this.cloud.faults.report().requests['/putMedia'] ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cloud[Symbol.asyncDispose]();
    await rm(this.dir, { recursive: true, force: true });
  }
}

export function nowMs(): number {
  return systemClock.monotonicMs();
}
