// How far the upload is behind, and when it will have caught up at its present pace.
import type { Clock } from '../clock.ts';
import type { Facts } from '../facts.ts';
import type { Spool } from '../spool/spool.ts';

export type BacklogSample = { atMs: number; waitingBytes: number };

/** Long enough that one large fragment does not change the forecast much. */
const windowMs = 20_000;

const tellEveryMs = 1_000;

/** The samples that still count, the new one last. Pure. */
function addSample(samples: readonly BacklogSample[], sample: BacklogSample): BacklogSample[] {
  return [...samples.filter(({ atMs }) => sample.atMs - atMs <= windowMs), sample];
}

/** Seconds until nothing waits, when the waiting bytes become fewer; undefined when they do not, or it is too early to say. Pure. */
export function etaSeconds(samples: readonly BacklogSample[]): number | undefined {
  const [first, last] = [samples[0], samples.at(-1)];
  if (!first || !last || last.atMs - first.atMs < 1_000) return undefined;
  const bytesPerMs = (first.waitingBytes - last.waitingBytes) / (last.atMs - first.atMs);
  return bytesPerMs > 0 ? Math.ceil(last.waitingBytes / bytesPerMs / 1000) : undefined;
}

export type BacklogOptions = { cameraId: string; spool: Pick<Spool, 'waiting'>; clock: Clock; facts: Facts };

/** Publishes `upload.backlog` while there is progress, at most once a second. */
export class Backlog {
  readonly #options: BacklogOptions;
  #samples: BacklogSample[] = [];

  constructor(options: BacklogOptions) {
    this.#options = options;
  }

  /** A fragment was confirmed. Throws a `disk-…` AgentError. */
  moved(): void {
    const { cameraId, spool, clock, facts } = this.#options;
    const atMs = clock.monotonicMs();
    const last = this.#samples.at(-1);
    if (last && atMs - last.atMs < tellEveryMs) return;
    const { bytes, oldestMs } = spool.waiting(cameraId);
    this.#samples = addSample(this.#samples, { atMs, waitingBytes: bytes });
    const eta = etaSeconds(this.#samples);
    facts.publish({
      type: 'upload.backlog',
      cameraId,
      backlogSeconds: oldestMs === undefined ? 0 : Math.max(0, Math.round((clock.nowMs() - oldestMs) / 1000)),
      ...(eta === undefined ? {} : { etaSeconds: eta }),
    });
  }

  /** The upload broke off: its pace until now says nothing of what follows. */
  stopped(): void {
    this.#samples = [];
  }
}
