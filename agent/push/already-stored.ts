// What the stream already has of a recording: an earlier push of the same file at the same time is continued, not repeated.
import type { StoredFragment } from '../aws/fragments.ts';
import type { KinesisVideo } from '../aws/kinesis-video.ts';
import type { FragmentRecord } from '../spool/fragment-record.ts';
import { matchStored } from '../uploader/reconcile.ts';

/** Asked for at once: a few thousand fragments at most, however long the file is. */
const stretchMs = 3_600_000;

export type AlreadyStoredOptions = {
  service: Pick<KinesisVideo, 'listFragments'>;
  stream: string;
  signal: AbortSignal;
};

export class AlreadyStored {
  readonly #options: AlreadyStoredOptions;
  #askedToMs = Number.NEGATIVE_INFINITY;
  #byStart = new Map<number, StoredFragment[]>();

  constructor(options: AlreadyStoredOptions) {
    this.#options = options;
  }

  /** Whether the whole fragment is in the stream. Ask in time order. Rejects with a `service-…` AgentError. */
  async has(record: FragmentRecord): Promise<boolean> {
    if (record.startMs > this.#askedToMs) await this.#ask(record.startMs);
    const [match] = matchStored([record], this.#byStart.get(record.startMs) ?? []);
    return match?.fragmentNumber !== undefined;
  }

  async #ask(fromMs: number): Promise<void> {
    const { service, ...range } = this.#options;
    const toMs = fromMs + stretchMs;
    const stored = await service.listFragments({ ...range, fromMs, toMs });
    this.#byStart = Map.groupBy(stored, fragment => fragment.startMs);
    this.#askedToMs = toMs;
  }
}
