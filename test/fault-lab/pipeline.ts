// The product's own line from a camera to the cloud: real fragmenter, spool, uploader and sockets; only the lens is made up.
import { systemClock } from '../../agent/clock.ts';
import type { Fact } from '../../agent/facts.ts';
import { fragmentItems } from '../../agent/fragmenter/fragment-items.ts';
import type { FragmentPart } from '../../agent/fragmenter/fragment-part.ts';
import { runUploader } from '../../agent/uploader/uploader.ts';
import type { FootageSpan } from '../../shared/api.ts';
import { readPictureStamp } from '../pretend-camera/picture-stamp.ts';
import { AgentParts } from './agent-parts.ts';
import type { Ledger } from './ledger.ts';
import { type StampedCamera, stampedCamera } from './stamped-camera.ts';

export type PipelineOptions = {
  cameraId: string;
  ledger: Ledger;
  /** `none`: there is only what the spool holds already. */
  camera?: Omit<StampedCamera, 'clock' | 'onPicture'> | 'none';
  onFact?: (fact: Fact) => void;
  /** Nothing is sent before it resolves. */
  awaitTrust?: (signal: AbortSignal) => Promise<void>;
};

/** Far enough for every span, and still a date. */
const endOfTimeMs = 8_000_000_000_000;

export class Pipeline implements AsyncDisposable {
  readonly published: { fact: Fact; atMs: number }[] = [];
  readonly parts: AgentParts;
  readonly #options: PipelineOptions;
  readonly #stopCamera = new AbortController();
  readonly #stopUploader = new AbortController();
  readonly #recording: Promise<void>;
  readonly #uploading: Promise<void>;

  /** Starts at once. The parts may have other cameras too. */
  constructor(parts: AgentParts, options: PipelineOptions) {
    const { cameraId, onFact, awaitTrust } = options;
    const { spool, service, clock, facts, uplink, restraint } = parts;
    this.#options = options;
    this.parts = parts;
    facts.subscribe(fact => {
      if (!('cameraId' in fact) || fact.cameraId !== cameraId) return;
      this.published.push({ fact, atMs: systemClock.monotonicMs() });
      onFact?.(fact);
    });
    this.#recording = this.#record();
    this.#uploading = runUploader({
      camera: { id: cameraId, stream: cameraId, retentionHours: 24 },
      ...{ spool, service, clock, facts, uplink, restraint, random: Math.random, signal: this.#stopUploader.signal },
      ...(awaitTrust ? { awaitTrust } : {}),
    });
  }

  /** When fragments were persisted, monotonic. */
  get persistedAtMs(): number[] {
    return this.published.filter(({ fact }) => fact.type === 'fragment.persisted').map(({ atMs }) => atMs);
  }

  /** How often the uploader began to connect since then. */
  connectsSince(sinceMs: number): number {
    return this.published.filter(
      ({ fact, atMs }) => atMs >= sinceMs && fact.type === 'upload.state' && fact.state === 'connecting',
    ).length;
  }

  /** Codes of what went wrong, each once. */
  get errors(): string[] {
    const codes = this.published.flatMap(({ fact }) => ('error' in fact && fact.error ? [fact.error.code] : []));
    return [...new Set(codes)];
  }

  get waiting(): number {
    return this.parts.spool.waiting(this.#options.cameraId).fragments;
  }

  spans(): FootageSpan[] {
    return this.parts.spool.spans(this.#options.cameraId, 0, endOfTimeMs);
  }

  /** The camera stops; resolves when all it gave is in the spool. */
  async stopCamera(): Promise<void> {
    this.#stopCamera.abort();
    await this.#recording;
  }

  /** Stops camera and upload; the parts go on. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopCamera();
    this.#stopUploader.abort();
    await this.#uploading;
  }

  async #record(): Promise<void> {
    const { cameraId, ledger, camera } = this.#options;
    const { clock, spool } = this.parts;
    if (camera === 'none') return;
    const onPicture = (ordinal: number) => ledger.gave(ordinal);
    const items = stampedCamera({ ...camera, clock, onPicture }, this.#stopCamera.signal);
    await spool.write(cameraId, noted(fragmentItems(items, { clock, cameraId }), ledger));
  }
}

/** One camera with parts of its own, which end with it. */
export class LoneAgent extends Pipeline {
  static async start(options: PipelineOptions & Parameters<typeof AgentParts.open>[0]): Promise<LoneAgent> {
    return new LoneAgent(await AgentParts.open(options), options);
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    try {
      await super[Symbol.asyncDispose]();
    } finally {
      await this.parts[Symbol.asyncDispose]();
    }
  }
}

async function* noted(parts: AsyncIterable<FragmentPart>, ledger: Ledger): AsyncGenerator<FragmentPart> {
  for await (const part of parts) {
    const stamp = part.type === 'frame' ? readPictureStamp(part.frame.data) : undefined;
    if (part.type === 'frame' && stamp) ledger.stamped(stamp.ordinal, part.frame.timecodeMs);
    yield part;
  }
}
