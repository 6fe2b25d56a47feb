// How often a rule would have fired over what was seen before, and why it would have been silent. As it was live, but that
// nothing is snoozed, that the rule is switched on, and that before the first frame nothing was sent.
import type { ReplayAnswer } from '../../shared/rule-answers.ts';
import { outcomesByReach, type RuleOutcome } from '../../shared/rule-outcome.ts';
import type { RuleSettings } from '../../shared/rule-settings.ts';
import type { Firing, RuleFrame } from './evaluate.ts';
import { asksForLabel, type RuleBookSettings } from './rule-book.ts';
import { RuleRun } from './rule-run.ts';
import { settled } from './settled.ts';

export type ReplayOptions = Omit<RuleBookSettings, 'rules'> & { rule: RuleSettings };

export type Replayed = Pick<ReplayAnswer, 'frames' | 'sightings' | 'silent'> & {
  firings: Firing[];
  /** How far each sighting came, by its id. */
  outcomes: ReadonlyMap<string, RuleOutcome>;
};

const reach = new Map(outcomesByReach.map((outcome, place) => [outcome, place]));

/** `frames` in the order they were seen; they may be of several cameras. `toMs`: periods that end by then are told. */
export function replay(frames: Iterable<RuleFrame>, { toMs, ...options }: ReplayOptions & { toMs: number }): Replayed {
  const run = new Replay(options);
  for (const frame of frames) run.take(frame);
  return run.end(toMs);
}

/** The same frame by frame, for whoever has other things to do between them. */
export class Replay {
  readonly #rule: RuleSettings;
  readonly #run: RuleRun;
  readonly #firings: Firing[] = [];
  readonly #lastSentMs = new Map<string, number>();
  /** Of each sighting, how far it came. */
  readonly #best = new Map<string, RuleOutcome>();
  #frames = 0;

  constructor({ rule, ...settings }: ReplayOptions) {
    this.#rule = { ...rule, enabled: true };
    this.#run = new RuleRun(
      { ...settings, rules: [this.#rule] },
      {
        lastSentMs: (_ruleId, cameraId) => this.#lastSentMs.get(cameraId),
        snoozed: () => false,
        hasRaised: () => false,
      },
    );
  }

  take(frame: RuleFrame): void {
    this.#frames++;
    const seen = frame.seen.map(settled);
    const { evaluations, firings } = this.#run.see({ ...frame, seen });
    for (const { sighting } of seen) {
      if (!this.#run.book.looksAt(this.#rule, frame.cameraId)) this.#note(sighting.id, 'camera');
      else if (!asksForLabel(this.#rule, sighting.label)) this.#note(sighting.id, 'label');
    }
    for (const { sightingId, outcome } of evaluations) this.#note(sightingId, outcome);
    this.#raise(firings);
  }

  end(toMs: number): Replayed {
    this.#raise(this.#run.expire(toMs).firings);
    const silent: Replayed['silent'] = {};
    for (const outcome of this.#best.values()) {
      if (outcome !== 'fired' && outcome !== 'counted') silent[outcome] = (silent[outcome] ?? 0) + 1;
    }
    const sightings = this.#best.size;
    return { frames: this.#frames, sightings, firings: this.#firings, silent, outcomes: this.#best };
  }

  #raise(firings: readonly Firing[]): void {
    for (const firing of firings) {
      this.#run.raised(firing);
      this.#lastSentMs.set(firing.cameraId ?? '', firing.atMs);
      this.#firings.push(firing);
    }
  }

  #note(sightingId: string, outcome: RuleOutcome): void {
    const best = this.#best.get(sightingId);
    if (best === undefined || further(outcome, best)) this.#best.set(sightingId, outcome);
  }
}

/** Whether the first explains more than the second. */
export function further(outcome: RuleOutcome, than: RuleOutcome): boolean {
  return (reach.get(outcome) ?? 0) < (reach.get(than) ?? 0);
}
