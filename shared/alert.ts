// An alert is a rule that fired; it has one delivery for each destination.
import type { Sighting } from './sighting.ts';

export type DeliveryState = 'waiting' | 'delivered' | 'dead';

export type Delivery = {
  destination: string;
  state: DeliveryState;
  attempts: number;
  /** When it was delivered, given up, or will be tried next. */
  atMs: number;
  /** What went wrong at the last attempt, in words. */
  problem?: string;
};

/** One try to deliver an alert. */
export type DeliveryAttempt = {
  destination: string;
  /** From 1, for each destination. */
  number: number;
  atMs: number;
  tookMs: number;
  /** What came of it; `waiting`: it failed and is tried again. */
  outcome: DeliveryState;
  /** What went wrong, in words. */
  problem?: string;
  /** What the other side answered, cut short and without secrets; not every kind of destination says something. */
  answer?: string;
};

/** `sighting`: something was seen. `count`: crossings of a period. `health`: the device or a camera. `test`: somebody asked. */
export type AlertKind = 'sighting' | 'count' | 'health' | 'test';

/** Crossings of a line in a period, by label and direction. */
export type CrossingCounts = {
  line: string;
  fromMs: number;
  toMs: number;
  crossings: { label: string; direction: 'left-to-right' | 'right-to-left'; count: number }[];
};

export type HealthProblem = {
  about: 'camera-offline' | 'backlog' | 'disk' | 'clock' | 'budget' | 'temperature' | 'lost-video';
  /** What was measured and its limit, in the unit of the rule's setting. */
  value?: number;
  limit?: number;
};

export type Alert = {
  /** Stable: also the idempotency key (`webhook-id`) of every delivery. */
  id: string;
  kind: AlertKind;
  ruleId: string;
  /** Left out when it is about the device. */
  cameraId?: string;
  /** Producer timestamp of the frame that fired the rule. */
  atMs: number;
  /** Why it fired, as a sentence: `Person 94 % for 4 s in zone door.` */
  why: string;
  /** What fired it; empty for other kinds. */
  sightings: Sighting[];
  counts?: CrossingCounts;
  health?: HealthProblem;
  deliveries: Delivery[];
};
