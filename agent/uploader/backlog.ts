// How far the upload is behind, and when it will have caught up at its present pace. Pure.

export type BacklogSample = { atMs: number; waitingBytes: number };

/** Long enough that one large fragment does not change the forecast much. */
const windowMs = 20_000;

/** The samples that still count, the new one last. */
export function addSample(samples: readonly BacklogSample[], sample: BacklogSample): BacklogSample[] {
  return [...samples.filter(({ atMs }) => sample.atMs - atMs <= windowMs), sample];
}

/** Seconds until nothing waits, when the waiting bytes become fewer; undefined when they do not, or it is too early to say. */
export function etaSeconds(samples: readonly BacklogSample[]): number | undefined {
  const [first, last] = [samples[0], samples.at(-1)];
  if (!first || !last || last.atMs - first.atMs < 1_000) return undefined;
  const bytesPerMs = (first.waitingBytes - last.waitingBytes) / (last.atMs - first.atMs);
  return bytesPerMs > 0 ? Math.ceil(last.waitingBytes / bytesPerMs / 1000) : undefined;
}
