// The balance of a soak: what was sent against what was acknowledged and what is listed afterwards. Pure.
import { quantileOf } from '../../../scripts/bench/quantiles.ts';
import type { SentFragment, StreamReport } from './live-producer.ts';
import type { ViewerReport } from './viewer.ts';

/** As ListFragments names them. */
export type ListedFragment = { number: string; timecodeMs: number; bytes: number };

export type IngestBalance = {
  sent: number;
  persisted: number;
  listed: number;
  /** Sent and not listed, or acknowledged and not listed under its number, or smaller than what was sent. */
  lost: number;
  /** Listed more than once, or never sent. */
  unexpected: number;
  refusals: string[];
};

/** @param listed by stream */
export function balanceOf(
  reports: readonly StreamReport[],
  listed: ReadonlyMap<string, readonly ListedFragment[]>,
): IngestBalance {
  const balance: IngestBalance = { sent: 0, persisted: 0, listed: 0, lost: 0, unexpected: 0, refusals: [] };
  for (const { stream, fragments, refusals } of reports) {
    const kept = listed.get(stream) ?? [];
    const byTime = new Map(kept.map(fragment => [fragment.timecodeMs, fragment]));
    const sentTimes = new Set(fragments.map(({ timecodeMs }) => timecodeMs));
    balance.sent += fragments.length;
    balance.persisted += fragments.filter(({ number }) => number !== undefined).length;
    balance.listed += kept.length;
    balance.lost += fragments.filter(fragment => isLost(fragment, byTime.get(fragment.timecodeMs))).length;
    const strangers = kept.filter(({ timecodeMs }) => !sentTimes.has(timecodeMs)).length;
    balance.unexpected += kept.length - byTime.size + strangers;
    balance.refusals.push(...refusals);
  }
  return balance;
}

/** A file holds more than the cluster: header and tags. */
function isLost({ number, bytes }: SentFragment, kept: ListedFragment | undefined): boolean {
  return kept === undefined || kept.bytes < bytes || (number !== undefined && kept.number !== number);
}

export type Quantiles = { p50: number; p99: number; longest: number };

/** Milliseconds with two decimals. */
export function quantiles(values: readonly number[]): Quantiles {
  const at = (quantile: number) => Number(quantileOf(values, quantile).toFixed(2));
  return { p50: at(0.5), p99: at(0.99), longest: at(1) };
}

/** @param fragmentMs within which a fragment is to be PERSISTED: else the next one is complete before */
export function timeliness(reports: readonly StreamReport[], fragmentMs: number) {
  const fragments = reports.flatMap(report => report.fragments);
  const toPersisted = (from: 'lastByteMs' | 'endKnownMs') =>
    fragments.flatMap(fragment => (fragment.persistedMs === undefined ? [] : [fragment.persistedMs - fragment[from]]));
  return {
    lastByteToPersistedMs: quantiles(toPersisted('lastByteMs')),
    // Only the next key frame, one picture later, shows that a fragment is over.
    endKnownToPersistedMs: quantiles(toPersisted('endKnownMs')),
    missedDeadlines: {
      persistedLaterThanAFragment: toPersisted('lastByteMs').filter(ms => ms > fragmentMs).length,
      // The load's own lateness, too: it shares the processors.
      picturesSentLaterThanAPicture: reports.reduce((sum, { latePictures }) => sum + latePictures, 0),
      ofPictures: reports.reduce((sum, { pictures }) => sum + pictures, 0),
    },
  };
}

export function viewing(reports: readonly ViewerReport[]) {
  const sum = (of: (report: ViewerReport) => number) => reports.reduce((total, report) => total + of(report), 0);
  return {
    viewers: reports.length,
    fragments: sum(report => report.fragments),
    bytes: sum(report => report.bytes),
    failures: reports.flatMap(({ failures }) => failures),
    skipped: sum(report => report.skipped),
    wentBack: sum(report => report.wentBack),
    changed: sum(report => report.changed),
    wrongBytes: sum(report => report.wrongBytes),
    outOfOrder: sum(report => report.outOfOrder),
    stalls: sum(report => report.stalls),
    stalledMs: Math.round(sum(report => report.stalledMs)),
    playlistMs: quantiles(reports.flatMap(report => report.playlistMs)),
    fragmentMs: quantiles(reports.flatMap(report => report.fragmentMs)),
  };
}
