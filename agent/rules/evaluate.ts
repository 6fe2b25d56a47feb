// Decides which rules fire for what a frame shows, and keeps the reason for every one that does not. Pure: no clock, no disk;
// what was sent before comes in through RuleMemory, what follows goes out as values. Invariants:
// 1. A sighting raises a rule's alert once; one that was held back (cooldown, hours, snooze) may raise it when that ends.
// 2. What is kept between frames is bounded, and depends on nothing but the frames that showed something: a replay of those
//    frames decides as was decided then.
import type { Alert } from '../../shared/alert.ts';
import type { RuleOutcome } from '../../shared/rule-outcome.ts';
import type { Seen, Sighting } from '../../shared/sighting.ts';
import { isOpen } from './hours.ts';
import type { Direction } from './line.ts';
import { type Match, type MatchState, matchOf } from './match.ts';
import { type Activity, Presence } from './presence.ts';
import { type CameraRule, RuleBook, type RuleBookSettings } from './rule-book.ts';
import { whyFired } from './why.ts';

/** What one still of a camera shows; empty when there is nothing. */
export type RuleFrame = {
  cameraId: string;
  /** Producer timestamp. */
  atMs: number;
  seen: readonly Seen[];
};

/** What others know and rules ask. */
export type RuleMemory = {
  /** Producer timestamp of the last alert that was raised for the rule on the camera. */
  lastSentMs(ruleId: string, cameraId: string): number | undefined;
  snoozed(ruleId: string, cameraId: string, atMs: number): boolean;
  /** Whether the sighting raised the rule's alert before this evaluator began: a parked car does not do so at every start. */
  hasRaised(ruleId: string, sightingId: string): boolean;
};

/** One rule looked at one thing on one frame: the answer to "why did I (not) get an alert?". */
export type Evaluation = {
  ruleId: string;
  cameraId: string;
  sightingId: string;
  atMs: number;
  outcome: RuleOutcome;
  /** Another outcome than on the frame before, or the first. */
  changed: boolean;
};

/** An alert to raise. */
export type Firing = Omit<Alert, 'id' | 'deliveries'>;

/** For a rule that counts. */
export type Crossing = { ruleId: string; cameraId: string; label: string; direction: Direction; atMs: number };

export type Decisions = {
  /** One for each thing and each rule that looks at its camera and label. */
  evaluations: Evaluation[];
  /** At most one for each rule. */
  firings: Firing[];
  crossings: Crossing[];
  activities: Activity[];
};

/** Things of one camera that are remembered; those not seen for longest go. */
const maxThings = 256;

type Things = Map<string, Map<string, MatchState>>;

export class RuleEvaluator {
  readonly #memory: RuleMemory;
  readonly #things = new Map<string, Things>();
  readonly #presence = new Presence();
  #book: RuleBook;

  constructor(settings: RuleBookSettings, memory: RuleMemory) {
    this.#memory = memory;
    this.#book = new RuleBook(settings);
  }

  get book(): RuleBook {
    return this.#book;
  }

  /** Rules and cameras are these from now on. What is known of things stays as far as it still means something. */
  follow(settings: RuleBookSettings): Activity[] {
    this.#book = new RuleBook(settings);
    const { rules } = this.#book;
    for (const cameraId of this.#things.keys()) {
      if (!settings.cameras.some(({ id }) => id === cameraId)) this.#things.delete(cameraId);
    }
    return this.#presence.keep(
      (ruleId, cameraId) =>
        rules.some(rule => rule.id === ruleId && rule.enabled && this.#book.looksAt(rule, cameraId)) &&
        settings.cameras.some(({ id }) => id === cameraId),
    );
  }

  /** The frames of one camera come in order. A firing that is raised has to be told to `raised`, or comes again. */
  evaluate({ cameraId, atMs, seen }: RuleFrame): Decisions {
    const decisions: Decisions = { evaluations: [], firings: [], crossings: [], activities: [] };
    const matches = new Map<CameraRule, Match[]>();
    this.#presence.frame(cameraId, atMs);
    for (const shown of seen) {
      const { id, label } = shown.sighting;
      const rules = this.#book.of(cameraId, label);
      if (rules.length === 0) continue;
      const states = this.#statesOf(cameraId, id);
      for (const on of rules) {
        const state = this.#stateOf(states, on, id);
        const match = matchOf(on, { seen: shown, state, atMs });
        if (typeof match === 'string') note(decisions, { on, cameraId, atMs, sighting: shown.sighting, state }, match);
        else if (on.counts) this.#count(decisions, on, match, { cameraId, atMs });
        else addTo(matches, on, match);
      }
    }
    for (const [on, matched] of matches) this.#decide(decisions, on, matched, { cameraId, atMs });
    decisions.activities.push(...this.#presence.expire(atMs, cameraId));
    return decisions;
  }

  /** The firing's alert is on its way: its sightings do not raise the rule's alert again. */
  raised({ ruleId, cameraId, sightings }: Firing): void {
    const things = cameraId === undefined ? undefined : this.#things.get(cameraId);
    for (const { id } of sightings) {
      const state = things?.get(id)?.get(ruleId);
      if (state) state.raised = true;
    }
  }

  /** Of cameras that send no frames any more. `atMs` may be a little in the past, as frames are. */
  expire(atMs: number): Activity[] {
    return this.#presence.expire(atMs);
  }

  isActive(ruleId: string, cameraId: string): boolean {
    return this.#presence.isActive(ruleId, cameraId);
  }

  /** They are over; nobody sees them again under these ids. */
  ended(cameraId: string, sightingIds: readonly string[]): void {
    for (const id of sightingIds) this.#things.get(cameraId)?.delete(id);
  }

  #count(decisions: Decisions, on: CameraRule, match: Match, { cameraId, atMs }: { cameraId: string; atMs: number }) {
    const { rule } = on;
    const open = isOpen(on.hours, this.#book.time.minuteOfWeek(atMs));
    const outcome = !rule.enabled ? 'disabled' : open ? 'counted' : 'hours';
    const { seen, state, direction } = match;
    if (outcome === 'counted' && direction) {
      decisions.crossings.push({ ruleId: rule.id, cameraId, label: seen.sighting.label, direction, atMs });
      decisions.activities.push(...this.#presence.match(rule.id, cameraId, atMs));
    }
    note(decisions, { on, cameraId, atMs, sighting: seen.sighting, state }, outcome);
  }

  #decide(
    decisions: Decisions,
    on: CameraRule,
    matched: Match[],
    { cameraId, atMs }: { cameraId: string; atMs: number },
  ) {
    const { rule } = on;
    const held = this.#heldBack(on, matched.length, cameraId, atMs);
    if (held === undefined) decisions.activities.push(...this.#presence.match(rule.id, cameraId, atMs));
    // A crowd that raised its alert does not raise it again for each who joins.
    const fresh = matched.filter(({ state }) => !state.raised);
    const asMany = fresh.length >= rule.when.minCount;
    const cooling =
      held === undefined && asMany && isCooling(rule.cooldownSeconds, atMs, this.#memory.lastSentMs(rule.id, cameraId));
    const outcome = held ?? (asMany ? (cooling ? 'cooldown' : 'fired') : 'already');
    for (const { seen, state } of matched)
      note(decisions, { on, cameraId, atMs, sighting: seen.sighting, state }, outcome);
    if (outcome !== 'fired') return;
    const firing = rule.when.minCount > 1 ? matched : fresh;
    const sightings = firing.map(({ seen }) => seen.sighting);
    decisions.firings.push({ kind: 'sighting', ruleId: rule.id, cameraId, atMs, why: whyFired(on, firing), sightings });
  }

  /** What keeps everything on the frame from firing, whatever was sent before. */
  #heldBack(on: CameraRule, count: number, cameraId: string, atMs: number): RuleOutcome | undefined {
    const { rule } = on;
    if (count < rule.when.minCount) return 'count';
    if (!rule.enabled) return 'disabled';
    if (!isOpen(on.hours, this.#book.time.minuteOfWeek(atMs))) return 'hours';
    return this.#memory.snoozed(rule.id, cameraId, atMs) ? 'snoozed' : undefined;
  }

  #statesOf(cameraId: string, sightingId: string): Map<string, MatchState> {
    const things: Things = this.#things.get(cameraId) ?? new Map();
    this.#things.set(cameraId, things);
    const states = things.get(sightingId) ?? new Map<string, MatchState>();
    things.delete(sightingId);
    things.set(sightingId, states);
    const [oldest] = things.keys();
    if (things.size > maxThings && oldest !== undefined) things.delete(oldest);
    return states;
  }

  #stateOf(states: Map<string, MatchState>, { rule, identity }: CameraRule, sightingId: string): MatchState {
    const known = states.get(rule.id);
    if (known) return known;
    const state = { identity, raised: this.#memory.hasRaised(rule.id, sightingId) };
    states.set(rule.id, state);
    return state;
  }
}

function addTo(matches: Map<CameraRule, Match[]>, on: CameraRule, match: Match): void {
  const known = matches.get(on);
  if (known) known.push(match);
  else matches.set(on, [match]);
}

type Noted = { on: CameraRule; cameraId: string; atMs: number; sighting: Sighting; state: MatchState };

function note(decisions: Decisions, { on, cameraId, atMs, sighting, state }: Noted, failed: RuleOutcome): void {
  // Whatever it does next, it has raised its alert.
  const outcome = state.raised && failed !== 'counted' ? 'already' : failed;
  const changed = state.outcome !== outcome;
  state.outcome = outcome;
  decisions.evaluations.push({ ruleId: on.rule.id, cameraId, sightingId: sighting.id, atMs, outcome, changed });
}

export function isCooling(cooldownSeconds: number, atMs: number, lastMs: number | undefined): boolean {
  if (lastMs === undefined) return false;
  // The distance, not the difference: after a clock was set back by a day, a difference would keep the rule silent for a day.
  return Math.abs(atMs - lastMs) < cooldownSeconds * 1000;
}
