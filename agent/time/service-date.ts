// The service's clock, from the Date header of its answers. One answer tells it to a second; each further one cuts off
// what it cannot be, so that a few dozen come down to some tenths.
import type { Clock } from '../clock.ts';
import type { OffsetRange } from './clock-trust.ts';

export type DateReading = {
  /** What the header says: whole seconds, rounded down. */
  dateMs: number;
  /** When the request left and when its answer came. */
  sentMonotonicMs: number;
  receivedMonotonicMs: number;
};

/** By how much two good clocks may part per millisecond. */
const driftRate = 0.000_1;

/** Where the offset lies after one more answer; one that contradicts the ones before begins anew. */
export function narrowed(
  before: (OffsetRange & { atMonotonicMs: number }) | undefined,
  { dateMs, sentMonotonicMs, receivedMonotonicMs }: DateReading,
): OffsetRange & { atMonotonicMs: number } {
  const seen = { fromMs: dateMs - receivedMonotonicMs, toMs: dateMs + 1000 - sentMonotonicMs };
  const atMonotonicMs = receivedMonotonicMs;
  if (!before) return { ...seen, atMonotonicMs };
  const slackMs = driftRate * (atMonotonicMs - before.atMonotonicMs);
  const fromMs = Math.max(seen.fromMs, before.fromMs - slackMs);
  const toMs = Math.min(seen.toMs, before.toMs + slackMs);
  return fromMs <= toMs ? { fromMs, toMs, atMonotonicMs } : { ...seen, atMonotonicMs };
}

const timeoutMs = 5_000;

/**
 * Asks the server for nothing but its head; any status will do. Undefined when there is no usable answer: no network, no
 * Date, a cache in between. Rejects only with the signal's reason.
 */
export async function askServiceDate(url: string, clock: Clock, signal: AbortSignal): Promise<DateReading | undefined> {
  const timeout = new AbortController();
  const cancel = clock.after(timeoutMs, () => timeout.abort());
  const sentMonotonicMs = clock.monotonicMs();
  try {
    const { headers } = await fetch(url, {
      method: 'HEAD',
      redirect: 'manual',
      signal: AbortSignal.any([signal, timeout.signal]),
    });
    const dateMs = Date.parse(headers.get('date') ?? '');
    if (Number.isNaN(dateMs) || headers.has('age')) return undefined;
    return { dateMs, sentMonotonicMs, receivedMonotonicMs: clock.monotonicMs() };
  } catch {
    signal.throwIfAborted();
    return undefined;
  } finally {
    cancel();
  }
}

/** Whose Date is asked for: the agent's one endpoint, or the control plane of the region. */
export function dateUrl({ region, endpoint }: { region: string; endpoint?: string | undefined }): string {
  const suffix = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  return endpoint ?? `https://kinesisvideo.${region}.${suffix}/`;
}
