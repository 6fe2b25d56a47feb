// What a rule said of something that was seen, and the same as a sentence.

/**
 * `fired`, or the first test that failed, from the bottom up. `already`: this sighting has raised its alert. `counted`: it
 * crossed the line of a rule that counts.
 */
export type RuleOutcome =
  | 'fired'
  | 'counted'
  | 'already'
  | 'cooldown'
  | 'snoozed'
  | 'hours'
  | 'disabled'
  | 'count'
  | 'seconds'
  | 'line'
  | 'zone'
  | 'area'
  | 'confidence'
  | 'label'
  | 'camera';

/** Continues "person-at-door: ". How far it came: the first of these that was ever said of it explains it best. */
export const outcomeWords: { readonly [Outcome in RuleOutcome]: string } = {
  fired: 'raised an alert',
  counted: 'was counted',
  already: 'had raised its alert before',
  cooldown: 'no alert: the last alert on this camera was too short a time before (cooldownSeconds)',
  snoozed: 'no alert: it was snoozed',
  hours: 'no alert: outside the hours of the rule',
  disabled: 'no alert: the rule is switched off (enabled: false)',
  count: 'no alert: too few at once (minCount)',
  seconds: 'no alert: not there for long enough (minSeconds)',
  line: 'no alert: it did not cross the line in the direction asked for',
  zone: 'no alert: in none of the zones of the rule',
  area: 'no alert: too small in the picture (minArea)',
  confidence: 'no alert: the label was not sure enough (minConfidence)',
  label: 'the rule asks for other labels',
  camera: 'the rule asks for other cameras',
};

/** From what explains most to what explains least. */
export const outcomesByReach = Object.keys(outcomeWords) as RuleOutcome[];
