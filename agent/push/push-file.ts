// A recorded file to a stream at the time it was recorded, as fast as the link allows. The file is the store: nothing is
// written to disk, what is unconfirmed waits in a window in memory, and the stream itself says what an earlier run sent.
import type { KinesisVideo } from '../aws/kinesis-video.ts';
import type { Clock } from '../clock.ts';
import { AgentError } from '../errors.ts';
import { matchStored } from '../uploader/reconcile.ts';
import { endpointDoubtful } from '../uploader/retry.ts';
import { AlreadyStored } from './already-stored.ts';
import { cutFile, type RecordedFragment } from './cut-file.ts';
import { demuxFile } from './demux.ts';
import { Patience } from './patience.ts';
import type { RecordedFile } from './probe-file.ts';
import { runPushSession } from './push-session.ts';
import { Window } from './window.ts';

/** What the service takes in two seconds at its limit of 12.5 MB/s, and a large fragment. */
const windowBytes = 16 * 1024 * 1024;
/** The service lists a fragment within a second after it is stored. */
const settleMs = 1_000;

export type PushOptions = {
  file: RecordedFile;
  startMs: number;
  stream: string;
  /** For a stream that is created. */
  retentionHours: number;
  service: KinesisVideo;
  clock: Clock;
  random: () => number;
  signal: AbortSignal;
  /** Told after each fragment that is in the stream. The object is the same every time. */
  onProgress: (progress: PushProgress) => void;
  onTrouble: (error: AgentError, retryInMs: number) => void;
};

export type PushProgress = {
  sentFragments: number;
  sentBytes: number;
  /** In the stream from an earlier push. */
  foundFragments: number;
  /** Spans the service will never take. */
  refused: { startMs: number; endMs: number; code: string; message: string }[];
  /** Media time that is done, from the first frame. */
  doneMs: number;
};

/**
 * Resolves when the whole file is in the stream, exactly once, but for what was `refused`. Rejects with an AgentError;
 * what was sent until then stays, and another push of the same file at the same time continues after it.
 */
export async function pushFile(options: PushOptions): Promise<PushProgress> {
  const failed = new AbortController();
  const push = new Push({ ...options, signal: AbortSignal.any([failed.signal, options.signal]) });
  try {
    await push.run();
    return push.progress;
  } finally {
    failed.abort();
  }
}

class Push {
  readonly progress: PushProgress = { sentFragments: 0, sentBytes: 0, foundFragments: 0, refused: [], doneMs: 0 };
  readonly #options: PushOptions;
  readonly #window = new Window(windowBytes);
  readonly #patience: Patience;

  constructor(options: PushOptions) {
    this.#options = options;
    this.#patience = new Patience(options);
  }

  async run(): Promise<void> {
    // ffmpeg starts while the service is asked for the stream.
    const ready = this.#ensureStream();
    // A file that breaks off is no reason to forget what came before: that is sent first.
    const reading = this.#read(ready).then(
      () => undefined,
      (error: unknown) => ({ error }),
    );
    await ready;
    await this.#send();
    const failure = await reading;
    if (failure) throw failure.error;
  }

  async #ensureStream(): Promise<void> {
    const { service, stream, retentionHours, signal } = this.#options;
    const made = await service.ensureStream({ stream, retentionHours, signal });
    if (made.retentionHours === 0) throw keepsNothing(stream);
  }

  /** File → window, without what the stream already has. */
  async #read(ready: Promise<void>): Promise<void> {
    const { file, startMs, clock, signal, service, stream } = this.#options;
    const stored = new AlreadyStored({ service, stream, signal });
    try {
      for await (const fragment of cutFile({ file, startMs, clock, items: demuxFile({ file, signal }) })) {
        await ready;
        const isStored = await this.#patience.keepTrying(() => this.#call(() => stored.has(fragment.record)));
        if (isStored) this.#found(fragment);
        else await this.#window.add(fragment, signal);
      }
    } finally {
      this.#window.end();
    }
  }

  /** Window → stream, session after session. */
  async #send(): Promise<void> {
    const { signal } = this.#options;
    while (await this.#window.next(Number.NEGATIVE_INFINITY, signal)) {
      await this.#patience.keepTrying(() => this.#call(() => this.#session()));
    }
  }

  async #session(): Promise<void> {
    await this.#lookUpDoubtful();
    const first = await this.#window.next(Number.NEGATIVE_INFINITY, this.#options.signal);
    if (!first) return;
    await runPushSession(
      {
        ...this.#options,
        window: this.#window,
        onStored: fragment => this.#stored(fragment),
        onRefused: ({ record }, { code, message }) => {
          const { startMs, endMs } = record;
          this.progress.refused.push({ startMs, endMs, code, message });
          this.#done(endMs);
        },
      },
      first,
    );
  }

  /** Nothing twice: what a broken connection may have delivered is asked for before it is sent again. */
  async #lookUpDoubtful(): Promise<void> {
    const { service, stream, clock, signal } = this.#options;
    const doubtful = this.#window.doubtful();
    const [first, last] = [doubtful[0]?.record, doubtful.at(-1)?.record];
    if (!first || !last) return;
    await clock.sleep(settleMs, signal);
    const stored = await service.listFragments({ stream, fromMs: first.startMs, toMs: last.startMs, signal });
    const records = doubtful.map(({ record }) => record);
    for (const { record, fragmentNumber } of matchStored(records, stored)) {
      const fragment = fragmentNumber === undefined ? undefined : this.#window.take(record.startMs);
      if (fragment) this.#stored(fragment);
      else this.#window.notSent(record.startMs);
    }
  }

  /** A call after whose failure another address may help. */
  async #call<T>(work: () => Promise<T>): Promise<T> {
    const { service, stream } = this.#options;
    try {
      return await work();
    } catch (error) {
      if (error instanceof AgentError && endpointDoubtful(error)) service.forgetEndpoints(stream);
      throw error;
    }
  }

  #stored({ record }: RecordedFragment): void {
    this.progress.sentFragments++;
    this.progress.sentBytes += record.bytes;
    this.#done(record.endMs);
  }

  #found({ record }: RecordedFragment): void {
    this.progress.foundFragments++;
    this.#done(record.endMs);
  }

  #done(endMs: number): void {
    this.progress.doneMs = Math.max(this.progress.doneMs, endMs - this.#options.startMs);
    this.#patience.progress();
    this.#options.onProgress(this.progress);
  }
}

function keepsNothing(stream: string): AgentError {
  return new AgentError({
    code: 'stream-keeps-nothing',
    kind: 'invalid',
    retry: 'never',
    message: `The stream ${stream} has a retention of 0 hours, so nothing that is sent is kept: raise its retention in the AWS console, or push to another stream.`,
  });
}
