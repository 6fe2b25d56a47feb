// The line that shows how far a push is. Pure words here; who owns the terminal prints them.
import { durationWords } from '../../shared/duration-words.ts';

export type BarState = {
  /** Undefined when the file does not say how long it is. */
  totalMs: number | undefined;
  doneMs: number;
  /** Media time that was found in the stream, and so took no time to send. */
  foundMs: number;
  sentBytes: number;
  elapsedMs: number;
};

const barWidth = 24;

/** `[########----------------]  33 %  12.4 MB/s  4 s left`, or without a length `01:20 sent  12.4 MB/s`. */
export function barLine({ totalMs, doneMs, foundMs, sentBytes, elapsedMs }: BarState): string {
  const rate = `${(sentBytes / 1e6 / Math.max(0.001, elapsedMs / 1000)).toFixed(1)} MB/s`;
  if (totalMs === undefined || totalMs <= 0) return `${durationWords(doneMs)} sent  ${rate}`;
  const share = Math.min(1, doneMs / totalMs);
  const filled = Math.round(share * barWidth);
  const bar = `[${'#'.repeat(filled)}${'-'.repeat(barWidth - filled)}]`;
  const percent = `${String(Math.floor(share * 100)).padStart(3)} %`;
  const sentMs = doneMs - foundMs;
  if (sentMs <= 0) return `${bar} ${percent}  ${rate}`;
  const leftMs = (Math.max(0, totalMs - doneMs) * elapsedMs) / sentMs;
  return `${bar} ${percent}  ${rate}  ${durationWords(leftMs)} left`;
}
