// Whether the machine's clock is right, and what is right when it is not. Pure; everything is reckoned on the monotonic
// clock: an offset is wall time − monotonic time, so it stays the same while time passes and nobody moves a clock.

/** `was-synchronized`: it was once since the device started; whether somebody moved the clock later is not told. */
export type NtpState = 'synchronized' | 'was-synchronized' | 'unsynchronized' | 'unknown';

export type ClockSource = 'ntp' | 'service';

/** Where the service's offset lies: its Date header has whole seconds and takes a while to arrive. */
export type OffsetRange = { fromMs: number; toMs: number };

export type Evidence = {
  /** Of the machine's wall clock. */
  systemOffsetMs: number;
  ntp: NtpState;
  /** Undefined when the service has not answered yet. */
  service?: OffsetRange | undefined;
  /** What was trusted until now. */
  held?: ClockVerdict | undefined;
};

/** A trusted offset. */
export type ClockVerdict = { source: ClockSource; offsetMs: number };

/** A clock this close to the service's is right: AWS accepts signatures up to five minutes off. */
const toleranceMs = 5_000;

/**
 * Undefined: not trusted. The service's word counts most, because it judges signatures and stamps; within its limits the
 * machine's clock is finer. What was trusted once goes on by the monotonic clock when nothing new is known: a clock that
 * is set by hand changes nothing until NTP or the service vouch for it.
 */
export function judgeClock({ systemOffsetMs, ntp, service, held }: Evidence): ClockVerdict | undefined {
  if (service) {
    const nearestMs = Math.min(Math.max(systemOffsetMs, service.fromMs), service.toMs);
    const isRight = Math.abs(systemOffsetMs - nearestMs) <= toleranceMs;
    if (isRight && ntp === 'synchronized') return { source: 'ntp', offsetMs: systemOffsetMs };
    const startMs = isRight ? systemOffsetMs : (held?.offsetMs ?? (service.fromMs + service.toMs) / 2);
    return { source: 'service', offsetMs: Math.min(Math.max(startMs, service.fromMs), service.toMs) };
  }
  if (ntp === 'synchronized' || (ntp === 'was-synchronized' && !held))
    return { source: 'ntp', offsetMs: systemOffsetMs };
  return held;
}
