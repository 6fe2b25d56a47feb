// Whether one thing, as one frame shows it, is what a rule asks for: the tests that look at nothing but the thing itself.
// What has to be remembered of it between frames is a MatchState.

import type { RuleOutcome } from '../../shared/rule-outcome.ts';
import type { Seen } from '../../shared/sighting.ts';
import { beginPath, type Direction, type LinePath, stepTo } from './line.ts';
import type { CameraRule } from './rule-book.ts';
import { anchorOf, areaOf, isInZone } from './zone.ts';

/** Of one rule and one thing. */
export type MatchState = {
  /** The rule as it was when this began. */
  identity: string;
  /** Since when it has matched without a break. */
  sinceMs?: number;
  path?: LinePath;
  /** It crossed the line, and no frame since then has passed the tests before. */
  crossed?: { direction: Direction; atMs: number };
  /** The rule's alert for it was raised. */
  raised: boolean;
  outcome?: RuleOutcome;
};

/** It is what the rule asks for. */
export type Match = { seen: Seen; state: MatchState; forMs: number; zone?: string; direction?: Direction };

/** On the frame of the crossing itself the thing may be half hidden, and its confidence low. */
const crossingCountsForMs = 5_000;

/** The first test that failed, or the match. Changes `state`: call it once for each frame that shows the thing. */
export function matchOf(
  on: CameraRule,
  { seen, state, atMs }: { seen: Seen; state: MatchState; atMs: number },
): Match | RuleOutcome {
  if (state.identity !== on.identity) forgetPlace(state, on.identity);
  follow(on, { seen, state, atMs });
  const there = whereIn(on, seen);
  if (typeof there === 'string') {
    delete state.sinceMs;
    return there;
  }
  if (state.sinceMs === undefined || state.sinceMs > atMs) state.sinceMs = atMs;
  const { line, minSeconds } = on.rule.when;
  const { crossed } = state;
  delete state.crossed;
  if (line) {
    const recent = crossed && Math.abs(atMs - crossed.atMs) <= crossingCountsForMs;
    if (!recent || (line.direction !== 'both' && line.direction !== crossed.direction)) return 'line';
  }
  const forMs = atMs - state.sinceMs;
  if (forMs < minSeconds * 1000) return 'seconds';
  return { seen, state, forMs, ...there, ...(line && crossed ? { direction: crossed.direction } : {}) };
}

/** The rule or its zones were changed: what was true of the old ones says nothing. */
function forgetPlace(state: MatchState, identity: string): void {
  state.identity = identity;
  delete state.sinceMs;
  delete state.path;
  delete state.crossed;
}

function follow(on: CameraRule, { seen, state, atMs }: { seen: Seen; state: MatchState; atMs: number }): void {
  const { box } = seen.observation;
  if (!on.line || !box) return;
  const at = anchorOf(box, on.rule.when.anchor === 'bottom' ? 'bottom' : 'centre');
  if (!state.path) {
    state.path = beginPath(on.line, at);
    return;
  }
  const direction = stepTo(on.line, state.path, at);
  if (direction) state.crossed = { direction, atMs };
}

function whereIn({ rule: { when }, zones }: CameraRule, { observation }: Seen): RuleOutcome | { zone?: string } {
  const { box, confidence } = observation;
  if (confidence < (when.minConfidence ?? 0)) return 'confidence';
  // A label without a box is one of the whole picture.
  if (when.minArea !== undefined && box && areaOf(box) < when.minArea) return 'area';
  if (!zones) return {};
  const zone = box && zones.find(zone => isInZone(box, zone, when));
  return zone ? { zone: zone.name } : 'zone';
}
