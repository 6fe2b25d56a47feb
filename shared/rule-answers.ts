// What the agent answers about rules: as they are, what they said and why, what they would have said, and which are silent.

import type { RuleOutcome } from './rule-outcome.ts';
import type { RuleSettings } from './rule-settings.ts';

/** Without a rule or a camera: of all. */
export type Snooze = { ruleId?: string; cameraId?: string; untilMs: number };

/** 0 minutes end it; with neither rule nor camera, all. */
export type SnoozeRequest = { ruleId?: string; cameraId?: string; minutes: number };
export type SnoozesAnswer = { snoozes: Snooze[] };

/** Where its alerts go is not told: addresses of webhooks may be secret. */
export type ShownRule = Omit<RuleSettings, 'then'> & {
  destinations: string[];
  /** Cameras on which what it asks for is there now. */
  activeCameras: string[];
  /** Of the last alert. */
  lastFiredMs?: number;
  /** Until when it is silent on every camera. */
  snoozedUntilMs?: number;
};
export type RulesAnswer = { rules: ShownRule[] };

/** `outcome` explains best: how far the sighting came with the rule. Left out: the rule was not asked, or nobody knows any more. */
export type RuleWhy = {
  ruleId: string;
  outcome?: RuleOutcome;
  /** All that was said, in the order of time; producer timestamps. */
  told: { outcome: RuleOutcome; firstMs: number; lastMs: number; frames: number }[];
};
export type WhyAnswer = { sightingId: string; cameraId: string; label: string; rules: RuleWhy[] };

/** `rule` as it would stand in the settings; it may leave out `id` and `then`. Or one of the settings by its id. */
export type ReplayRequest = { rule?: unknown; ruleId?: string; hours: number };

export type ReplayedFiring = {
  atMs: number;
  cameraId: string;
  why: string;
  sightingIds: string[];
};

export type ReplayAnswer = {
  ruleId: string;
  /** What was kept of the time asked for. */
  fromMs: number;
  toMs: number;
  frames: number;
  sightings: number;
  /** Alerts it would have raised. */
  fired: number;
  /** The newest of them, oldest first. */
  firings: ReplayedFiring[];
  /** Sightings that raised none, by how far they came. */
  silent: { [Outcome in RuleOutcome]?: number };
};
