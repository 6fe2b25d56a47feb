// What the console and commands are told of rules: how they are, why they spoke or were silent, and what they would have said.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type {
  ReplayAnswer,
  ReplayRequest,
  RulesAnswer,
  RuleWhy,
  ShownRule,
  SnoozeRequest,
  SnoozesAnswer,
  WhyAnswer,
} from '../shared/rule-answers.ts';
import type { RuleOutcome } from '../shared/rule-outcome.ts';
import type { RuleSettings } from '../shared/rule-settings.ts';
import type { Why } from './alerts/rule-memory/why-log.ts';
import { AgentError } from './errors.ts';
import type { AgentParts } from './parts.ts';
import { further, Replay, type Replayed } from './rules/replay.ts';
import { asksForLabel, RuleBook } from './rules/rule-book.ts';
import { cameraUnknown } from './settings/edit-errors.ts';
import { readRuleDraft } from './settings/rule-draft.ts';

export type RuleAnswersParts = Pick<AgentParts, 'settings' | 'rules' | 'ruleMemory' | 'clock'> & {
  deliveries: Pick<AgentParts['deliveries'], 'of'>;
};

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
/** Told of one replay; how many there were is told in any case. */
const firingsTold = 500;
/** Frames looked at before others get their turn: a few milliseconds. */
const framesAtOnce = 500;

export class RuleAnswers {
  readonly #parts: RuleAnswersParts;
  #replaying = false;

  constructor(parts: RuleAnswersParts) {
    this.#parts = parts;
  }

  rules(): RulesAnswer {
    return { rules: this.#parts.settings.rules.map(rule => this.#shown(rule)) };
  }

  /** @throws AgentError `sighting-unknown`, `disk-*` */
  why(sightingId: string): WhyAnswer {
    return whyAnswer(sightingId, this.#parts);
  }

  snoozes(): SnoozesAnswer {
    return { snoozes: this.#parts.ruleMemory.snoozes.list() };
  }

  /** @throws AgentError `rule-unknown`, `camera-unknown`, `disk-*` */
  snooze({ ruleId, cameraId, minutes }: SnoozeRequest): SnoozesAnswer {
    const { settings, ruleMemory, clock } = this.#parts;
    // Ending one is always right: its rule or camera may be gone by now.
    if (minutes > 0) {
      if (ruleId !== undefined && !settings.rules.some(({ id }) => id === ruleId)) throw ruleUnknown(ruleId);
      const cameras = settings.cameras.map(({ id }) => id);
      if (cameraId !== undefined && !cameras.includes(cameraId)) throw cameraUnknown(cameraId, cameras);
    }
    const target = { ...(ruleId === undefined ? {} : { ruleId }), ...(cameraId === undefined ? {} : { cameraId }) };
    if (minutes > 0) ruleMemory.snoozes.snooze(target, clock.nowMs() + minutes * minuteMs);
    else if (ruleId === undefined && cameraId === undefined) ruleMemory.snoozes.wakeAll();
    else ruleMemory.snoozes.snooze(target, undefined);
    return this.snoozes();
  }

  /** One at a time, and others get their turn meanwhile. Rejects as RuleReader says. */
  async replay({ rule: draft, ruleId, hours }: ReplayRequest, signal: AbortSignal): Promise<ReplayAnswer> {
    const { settings, ruleMemory, clock } = this.#parts;
    const saved = settings.rules.find(({ id }) => id === ruleId);
    if (ruleId !== undefined && !saved) throw ruleUnknown(ruleId);
    const rule = saved ?? readRuleDraft(draft, settings);
    if (this.#replaying) throw replayRunning();
    this.#replaying = true;
    try {
      const toMs = clock.nowMs();
      const fromMs = Math.max(toMs - hours * hourMs, ruleMemory.frames.oldestMs() ?? toMs);
      const run = new Replay({ ...settings, rule });
      let frames = 0;
      for (const frame of ruleMemory.frames.read({ fromMs, toMs })) {
        run.take(frame);
        if (++frames % framesAtOnce === 0) await nextTurn();
        signal.throwIfAborted();
      }
      return replayAnswer(rule, run.end(toMs), { fromMs, toMs });
    } finally {
      this.#replaying = false;
    }
  }

  #shown({ then: _routes, ...rule }: RuleSettings): ShownRule {
    const { rules, settings, ruleMemory, deliveries } = this.#parts;
    const cameras = settings.cameras.map(({ id }) => id);
    const fired = ['', ...cameras].flatMap(id => rules.lastSentMs(rule.id, id) ?? []);
    const snoozedUntilMs = ruleMemory.snoozes.until(rule.id, '');
    return {
      ...rule,
      destinations: deliveries.of(rule.id),
      activeCameras: cameras.filter(id => rules.isActive(rule.id, id)),
      ...(fired.length > 0 ? { lastFiredMs: Math.max(...fired) } : {}),
      ...(snoozedUntilMs === undefined ? {} : { snoozedUntilMs }),
    };
  }
}

/** @throws AgentError `sighting-unknown` when nothing is known of it, or no longer; `disk-*` */
export function whyAnswer(
  sightingId: string,
  { settings, ruleMemory }: Pick<RuleAnswersParts, 'settings' | 'ruleMemory'>,
): WhyAnswer {
  const told = ruleMemory.whys.of(sightingId);
  const about = told[0] ?? ruleMemory.frames.thing(sightingId);
  if (!about) throw sightingUnknown();
  const { cameraId, label } = about;
  const book = new RuleBook(settings);
  const asked = settings.rules.filter(({ when }) => !when.health);
  const byRule = Map.groupBy(told, ({ ruleId }) => ruleId);
  // Of rules that are gone, too, what they said is told.
  const ids = new Set([...asked.map(({ id }) => id), ...byRule.keys()]);
  const rules = [...ids].map((ruleId): RuleWhy => {
    const rule = asked.find(({ id }) => id === ruleId);
    return whyOf(ruleId, byRule.get(ruleId) ?? [], rule && notAsked(book, rule, { cameraId, label }));
  });
  return { sightingId, cameraId, label, rules };
}

export function replayAnswer(
  { id: ruleId }: RuleSettings,
  { firings, frames, sightings, silent }: Replayed,
  range: { fromMs: number; toMs: number },
): ReplayAnswer {
  return {
    ...{ ruleId, ...range, frames, sightings, silent, fired: firings.length },
    firings: firings.slice(-firingsTold).map(({ atMs, cameraId = '', why, sightings }) => {
      return { atMs, cameraId, why, sightingIds: sightings.map(({ id }) => id) };
    }),
  };
}

/** Of a rule that does not look at such sightings at all. */
function notAsked(
  book: RuleBook,
  rule: RuleSettings,
  { cameraId, label }: { cameraId: string; label: string },
): RuleOutcome | undefined {
  if (!book.looksAt(rule, cameraId)) return 'camera';
  return asksForLabel(rule, label) ? undefined : 'label';
}

function whyOf(ruleId: string, told: readonly Why[], otherwise: RuleOutcome | undefined): RuleWhy {
  const best = told.reduce<RuleOutcome | undefined>(
    (known, { outcome }) => (known === undefined || further(outcome, known) ? outcome : known),
    undefined,
  );
  const outcome = best ?? otherwise;
  return {
    ruleId,
    ...(outcome === undefined ? {} : { outcome }),
    told: told.map(({ outcome, firstMs, lastMs, frames }) => ({ outcome, firstMs, lastMs, frames })),
  };
}

export function ruleUnknown(id: string): AgentError {
  const message = `There is no rule ${id} in the settings.`;
  return new AgentError({ code: 'rule-unknown', kind: 'invalid', retry: 'never', message });
}

function sightingUnknown(): AgentError {
  const message = 'Nothing is known of this sighting, or no longer.';
  return new AgentError({ code: 'sighting-unknown', kind: 'invalid', retry: 'never', message });
}

function replayRunning(): AgentError {
  const message = 'Another rule is being tried right now. Try again in a moment.';
  return new AgentError({ code: 'replay-running', kind: 'unavailable', retry: 'later', message });
}
