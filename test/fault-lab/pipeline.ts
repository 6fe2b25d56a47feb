// The product's own line from a camera to the cloud: real fragmenter, spool, uploader and sockets; only the lens is made up.
import { KinesisVideo } from '../../agent/aws/kinesis-video.ts';
import { type Clock, systemClock } from '../../agent/clock.ts';
import { type Fact, Facts } from '../../agent/facts.ts';
import { fragmentItems } from '../../agent/fragmenter/fragment-items.ts';
import type { FragmentPart } from '../../agent/fragmenter/fragment-part.ts';
import { Spool } from '../../agent/spool/spool.ts';
import { runUploader } from '../../agent/uploader/uploader.ts';
import type { FootageSpan } from '../../shared/api.ts';
import { readPictureStamp } from '../pretend-camera/picture-stamp.ts';
import type { Ledger } from './ledger.ts';
import { type StampedCamera, stampedCamera } from './stamped-camera.ts';

export type PipelineOptions = {
  dir: string;
  endpoint: string;
  cameraId: string;
  ledger: Ledger;
  clock?: Clock;
  maxBytes?: number;
  /** `none`: there is only what the spool holds already. */
  camera?: Omit<StampedCamera, 'clock' | 'onPicture'> | 'none';
  /** Asked whenever the uploader needs credentials. Default: always the same key. */
  accessKeyId?: () => string;
  onFact?: (fact: Fact) => void;
};

/** Far enough in both directions for every span, and still a date. */
const allTime = { fromMs: 0, toMs: 8_000_000_000_000 };

export class Pipeline implements AsyncDisposable {
  readonly published: { fact: Fact; atMs: number }[] = [];
  readonly spool: Spool;
  readonly #options: PipelineOptions;
  readonly #service: KinesisVideo;
  readonly #stopCamera = new AbortController();
  readonly #stopUploader = new AbortController();
  readonly #recording: Promise<void>;
  readonly #uploading: Promise<void>;

  private constructor(options: PipelineOptions, spool: Spool, facts: Facts) {
    const { clock = systemClock, cameraId, endpoint, accessKeyId = () => 'local' } = options;
    this.#options = options;
    this.spool = spool;
    facts.subscribe(fact => this.published.push({ fact, atMs: systemClock.monotonicMs() }));
    if (options.onFact) facts.subscribe(options.onFact);
    const credentials = async () => ({
      accessKeyId: accessKeyId(),
      secretAccessKey: 'local-secret',
      // As every temporary credential has one; without it the SDK never asks again.
      expiration: new Date(Date.now() + 60_000),
    });
    this.#service = new KinesisVideo({ region: 'us-west-2', endpoint, credentials }, clock);
    this.#recording = this.#record();
    this.#uploading = runUploader({
      camera: { id: cameraId, stream: cameraId, retentionHours: 24 },
      ...{ spool, service: this.#service, clock, facts, random: Math.random, signal: this.#stopUploader.signal },
    });
  }

  static async start(options: PipelineOptions): Promise<Pipeline> {
    const { dir, clock = systemClock, maxBytes = 1e9 } = options;
    const facts = new Facts(error => {
      throw error;
    });
    return new Pipeline(options, await Spool.open({ dir, maxBytes, clock, facts }), facts);
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
    return this.spool.waiting(this.#options.cameraId).fragments;
  }

  spans(): FootageSpan[] {
    return this.spool.spans(this.#options.cameraId, allTime.fromMs, allTime.toMs);
  }

  /** The camera stops; resolves when all it gave is in the spool. */
  async stopCamera(): Promise<void> {
    this.#stopCamera.abort();
    await this.#recording;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopCamera();
    this.#stopUploader.abort();
    await this.#uploading;
    this.#service[Symbol.dispose]();
    await this.spool[Symbol.asyncDispose]();
  }

  async #record(): Promise<void> {
    const { clock = systemClock, cameraId, ledger, camera } = this.#options;
    if (camera === 'none') return;
    const onPicture = (ordinal: number) => ledger.gave(ordinal);
    const items = stampedCamera({ ...camera, clock, onPicture }, this.#stopCamera.signal);
    const onProblem = (problem: object) => void problem;
    await this.spool.write(cameraId, noted(fragmentItems(items, { clock, cameraId, onProblem }), ledger));
  }
}

async function* noted(parts: AsyncIterable<FragmentPart>, ledger: Ledger): AsyncGenerator<FragmentPart> {
  for await (const part of parts) {
    const stamp = part.type === 'frame' ? readPictureStamp(part.frame.data) : undefined;
    if (part.type === 'frame' && stamp) ledger.stamped(stamp.ordinal, part.frame.timecodeMs);
    yield part;
  }
}
