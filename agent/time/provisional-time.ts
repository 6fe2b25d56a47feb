// Time for a device that does not know the time. Until the clock is trusted, recordings are stamped in the years before
// 2000, which no camera of ours has seen: that the time is not meant is written in every timecode and file name, and needs
// no mark beside it that a crash could separate from them. Provisional time goes on from boot to boot in one order.

/** 2000-01-01. Earlier times are provisional. */
export const firstTrueMs = 946_684_800_000;

/** Where provisional time begins on a device that has recorded none: away from zero, so that sums stay positive. */
export const firstProvisionalMs = 86_400_000;

/** Whether a timestamp stands for a time that is not known yet. */
export function isProvisional(ms: number): boolean {
  return ms < firstTrueMs;
}
