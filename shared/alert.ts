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

export type Alert = {
  /** Stable: also the idempotency key (`webhook-id`) of every delivery. */
  id: string;
  ruleId: string;
  cameraId: string;
  /** Producer timestamp of the frame that fired the rule. */
  atMs: number;
  sightings: Sighting[];
  deliveries: Delivery[];
};
