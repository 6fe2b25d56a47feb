// What was found, held against what was written down by hand.
import type { Sighting } from '../../shared/sighting.ts';
import { secondOf } from './footage-to-alerts.ts';
import type { Visit } from './ground-truth.ts';

type Span = { fromS: number; toS: number };

export type Score = {
  /** Share of what was found that is one visit and nothing else, and the only one found for it. */
  precision: number;
  /** Share of the visits that were found. */
  recall: number;
  /** One line for each visit, and one for each thing found that is none. */
  lines: string[];
};

export function spanOf({ atMs, untilMs = atMs }: Sighting): Span {
  return { fromS: secondOf(atMs), toS: secondOf(untilMs) };
}

/** Found counts as a visit when it lies within it, give or take `slackS`; a second thing found for the same visit does not. */
export function score(visits: readonly Visit[], found: readonly Span[], slackS = 0.5): Score {
  const isWithin = (visit: Visit, span: Span) => span.fromS >= visit.fromS - slackS && span.toS <= visit.toS + slackS;
  const matches = visits.map(visit => ({ visit, span: found.find(span => isWithin(visit, span)) }));
  const right = matches.flatMap(({ span }) => span ?? []);
  const wrong = found.filter(span => !right.includes(span));
  return {
    precision: found.length > 0 ? right.length / found.length : 1,
    recall: right.length / visits.length,
    lines: [
      ...matches.map(
        ({ visit, span }) => `${visit.who}: ${words(visit)}, ${span ? `seen ${words(span)}` : 'not found'}`,
      ),
      ...wrong.map(span => `no visit of its own: seen ${words(span)}`),
    ],
  };
}

function words({ fromS, toS }: Span): string {
  return `${fromS.toFixed(1)}–${toS.toFixed(1)} s`;
}
