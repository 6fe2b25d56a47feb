// Decides which rules fire for the sightings of one frame, and keeps the reason for every one that does not.
// Pure: what was sent before comes in through `lastFiredMs`, what follows goes out as values.
import type { Alert } from '../../shared/alert.ts';
import type { RuleSettings } from '../../shared/rule-settings.ts';
import type { Sighting } from '../../shared/sighting.ts';
import type { FactOf } from '../facts.ts';

/** `fired`, or the first test the sighting failed. */
export type Outcome = FactOf<'rule.evaluated'>['outcome'];

/** One rule looked at one sighting: the answer to "why did I (not) get an alert?". */
export type Evaluation = { ruleId: string; sighting: Sighting; outcome: Outcome };

/** An alert to raise: everything on one frame that one rule asked for. */
export type Firing = Omit<Alert, 'id' | 'deliveries'>;

export type RuleInput = {
  rules: RuleSettings[];
  /** All of one frame. */
  sightings: Sighting[];
  /** Producer timestamp of the last alert that was raised for the rule on the camera; asked only when it decides. */
  lastFiredMs(ruleId: string, cameraId: string): number | undefined;
};

/** One evaluation for each rule and sighting, in the order of the rules. */
export function evaluateRules({ rules, sightings, lastFiredMs }: RuleInput): Evaluation[] {
  return rules.flatMap(rule =>
    sightings.map(sighting => ({ ruleId: rule.id, sighting, outcome: outcomeOf(rule, sighting, lastFiredMs) })),
  );
}

/** The fired evaluations of one frame, as one alert for each rule. */
export function firings(evaluations: Evaluation[]): Firing[] {
  const byRule = new Map<string, Firing>();
  for (const { ruleId, sighting, outcome } of evaluations) {
    if (outcome !== 'fired') continue;
    const firing = byRule.get(ruleId);
    if (firing) firing.sightings.push(sighting);
    else
      byRule.set(ruleId, {
        ...{ kind: 'sighting', ruleId, cameraId: sighting.cameraId, atMs: sighting.atMs, sightings: [sighting] },
        why: `${sighting.label} ${Math.round(sighting.confidence)} %.`,
      });
  }
  return [...byRule.values()];
}

function outcomeOf(rule: RuleSettings, sighting: Sighting, lastFiredMs: RuleInput['lastFiredMs']): Outcome {
  const { cameras, labels = [], minConfidence = 0 } = rule.when;
  if (cameras && !cameras.includes(sighting.cameraId)) return 'camera';
  if (!labels.some(label => sameLabel(label, sighting.label))) return 'label';
  if (sighting.confidence < minConfidence) return 'confidence';
  const lastMs = lastFiredMs(rule.id, sighting.cameraId);
  if (cooling(rule.cooldownSeconds * 1000, sighting.atMs, lastMs)) return 'cooldown';
  return 'fired';
}

/** People write `person`, Rekognition answers `Person`. */
function sameLabel(wanted: string, seen: string): boolean {
  return wanted.trim().toLowerCase() === seen.trim().toLowerCase();
}

function cooling(cooldownMs: number, atMs: number, lastMs: number | undefined): boolean {
  if (lastMs === undefined) return false;
  // The distance, not the difference: after a clock was set back by a day, a difference would keep the rule silent for a day.
  return Math.abs(atMs - lastMs) < cooldownMs;
}
