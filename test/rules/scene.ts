// What the rule tests share: things that are seen, cameras to see them, and an evaluator whose alerts are all raised.
import { type Decisions, RuleEvaluator, type RuleMemory } from '../../agent/rules/evaluate.ts';
import type { RuledCamera } from '../../agent/rules/rule-book.ts';
import type { RuleSettings } from '../../shared/rule-settings.ts';
import type { Box, Seen } from '../../shared/sighting.ts';

/** A Monday. */
export const frameMs = Date.UTC(2026, 10, 23, 7, 41, 12);

export type Shown = { id?: string; label?: string; confidence?: number; box?: Box | undefined };

export function seen({ id = 's1', label = 'Person', confidence = 94, box }: Shown = {}, atMs = frameMs): Seen {
  const shown = { atMs, confidence, ...(box ? { box } : {}) };
  return { sighting: { id, cameraId: 'front-door', label, ...shown }, observation: shown, isNew: true };
}

/** A small box whose lower edge has its middle here. */
export function standingAt(x: number, y: number, size = 0.1): Box {
  return { left: x - size / 2, top: y - size, width: size, height: size };
}

export function camera(change: Partial<RuledCamera> = {}): RuledCamera {
  return { id: 'front-door', groups: [], zones: [], lines: [], ...change };
}

export type Stage = {
  rules: RuleSettings[];
  cameras?: RuledCamera[];
  timeZone?: string;
  memory?: Partial<RuleMemory>;
};

/** Raises what fires, as the agent does. */
export function stage({ rules, cameras = [camera()], timeZone = 'UTC', memory = {} }: Stage) {
  const sent = new Map<string, number>();
  const evaluator = new RuleEvaluator(
    { rules, cameras, timeZone },
    {
      lastSentMs: (ruleId, cameraId) => sent.get(`${ruleId} ${cameraId}`),
      snoozed: () => false,
      hasRaised: () => false,
      ...memory,
    },
  );
  const show = (shown: Shown[], atMs = frameMs, cameraId = 'front-door'): Decisions => {
    const things = shown.map(thing => seen(thing, atMs));
    const decisions = evaluator.evaluate({ cameraId, atMs, seen: things });
    for (const firing of decisions.firings) {
      evaluator.raised(firing);
      sent.set(`${firing.ruleId} ${firing.cameraId}`, firing.atMs);
    }
    return decisions;
  };
  return {
    evaluator,
    show,
    /** The outcome of each thing, for one rule. */
    outcomes: (shown: Shown[], atMs = frameMs) => show(shown, atMs).evaluations.map(({ outcome }) => outcome),
  };
}
