// The rules as they run, over what cameras show now or over what was kept of it: decisions of single frames, and the counts of
// crossings with the alerts of their periods. Live and replay are the same code.
import { type RunningCount, RunningCounts } from './crossing-counts.ts';
import { type Decisions, type Firing, RuleEvaluator, type RuleFrame, type RuleMemory } from './evaluate.ts';
import type { Activity } from './presence.ts';
import type { RuleBook, RuleBookSettings } from './rule-book.ts';

export class RuleRun {
  readonly #evaluator: RuleEvaluator;
  readonly #memory: RuleMemory;
  readonly #counts: RunningCounts;

  /** `running`: counts of before a restart. */
  constructor(settings: RuleBookSettings, memory: RuleMemory, running: readonly RunningCount[] = []) {
    this.#memory = memory;
    this.#evaluator = new RuleEvaluator(settings, memory);
    this.#counts = new RunningCounts(running);
    this.#keepCounts();
  }

  get book(): RuleBook {
    return this.#evaluator.book;
  }

  get running(): readonly RunningCount[] {
    return this.#counts.running;
  }

  /** Also the alerts of the camera's periods that are over. Every firing that is raised has to be told to `raised`. */
  see(frame: RuleFrame): Decisions {
    const decisions = this.#evaluator.evaluate(frame);
    const over = this.#due(frame.atMs, frame.cameraId);
    for (const crossing of decisions.crossings) {
      const when = this.book.rules.find(({ id }) => id === crossing.ruleId)?.when;
      if (!when?.line || when.everyMinutes === undefined) continue;
      const { everyMinutes } = when;
      this.#counts.add(crossing, { line: when.line.name, everyMinutes, time: this.book.time });
    }
    return over.length === 0 ? decisions : { ...decisions, firings: [...over, ...decisions.firings] };
  }

  /** A frame of before a restart: what it shows is known again, and nothing follows from it. */
  remember(frame: RuleFrame): void {
    this.#evaluator.evaluate(frame);
  }

  raised(firing: Firing): void {
    if (firing.kind === 'count') this.#counts.told(firing);
    else this.#evaluator.raised(firing);
  }

  /** What ends and what is over when no camera shows anything any more. */
  expire(atMs: number): { activities: Activity[]; firings: Firing[] } {
    return { activities: this.#evaluator.expire(atMs), firings: this.#due(atMs) };
  }

  follow(settings: RuleBookSettings): Activity[] {
    const activities = this.#evaluator.follow(settings);
    this.#keepCounts();
    return activities;
  }

  ended(cameraId: string, sightingIds: readonly string[]): void {
    this.#evaluator.ended(cameraId, sightingIds);
  }

  isActive(ruleId: string, cameraId: string): boolean {
    return this.#evaluator.isActive(ruleId, cameraId);
  }

  #due(atMs: number, cameraId?: string): Firing[] {
    const due = this.#counts.due(atMs, cameraId);
    return due.filter(firing => {
      const snoozed = this.#memory.snoozed(firing.ruleId, firing.cameraId ?? '', firing.atMs);
      if (snoozed) this.#counts.told(firing);
      return !snoozed;
    });
  }

  #keepCounts(): void {
    const { book } = this;
    this.#counts.keep((ruleId, cameraId) =>
      book.rules.some(
        rule =>
          rule.id === ruleId && rule.enabled && rule.when.everyMinutes !== undefined && book.looksAt(rule, cameraId),
      ),
    );
  }
}
