// What happened, as typed values. Stages publish facts and never know who listens; the journal, health and the
// console's live events subscribe.
import type { Alert, DeliveryState } from '../shared/alert.ts';
import type { CameraState } from '../shared/camera-status.ts';
import type { RuleOutcome } from '../shared/rule-outcome.ts';
import type { Sighting } from '../shared/sighting.ts';
import type { AgentError } from './errors.ts';

export type Fact =
  | { type: 'camera.state'; cameraId: string; state: CameraState; error?: AgentError; retryAtMs?: number }
  /** The camera's stream goes on, but something of it is left out; lost video is told when it begins and when it ends. */
  | { type: 'camera.problem'; cameraId: string; error: AgentError; lostFromMs?: number; lostToMs?: number }
  /** The camera's own clock − the agent's; told when it is first known and when it has moved. */
  | { type: 'camera.clock'; cameraId: string; offsetMs: number }
  | (CameraEvent & { cameraId: string })
  | { type: 'fragment.spooled'; cameraId: string; fragmentId: number; startMs: number; endMs: number; bytes: number }
  | { type: 'fragment.evicted'; cameraId: string; startMs: number; endMs: number; reason: string }
  | { type: 'fragment.persisted'; cameraId: string; startMs: number; endMs: number; fragmentNumber: string }
  | { type: 'fragment.rejected'; cameraId: string; startMs: number; endMs: number; error: AgentError }
  | { type: 'ack.received'; cameraId: string; eventType: string; fragmentTimecodeMs?: number }
  | {
      type: 'upload.state';
      cameraId: string;
      state: 'idle' | 'connecting' | 'uploading' | 'waiting';
      error?: AgentError;
      retryAtMs?: number;
      /** With `uploading`: how long no session was open since the one before. */
      pausedMs?: number;
    }
  /** Told as fragments are confirmed, at most once a second. Without `etaSeconds` the backlog does not become smaller. */
  | { type: 'upload.backlog'; cameraId: string; backlogSeconds: number; etaSeconds?: number }
  /** The stream was looked up: what it keeps, and where it differs from the settings it would have been created with. */
  | {
      type: 'stream.checked';
      cameraId: string;
      stream: string;
      retentionHours: number;
      drift: { setting: 'retentionHours' | 'kmsKeyId'; wanted: string; actual: string }[];
    }
  | { type: 'spool.failed'; cameraId: string; error: AgentError }
  /** `needRestart`: settings that changed and hold only after a restart, by name. */
  | { type: 'settings.changed'; cameras: number; needRestart: string[] }
  /** The settings file was to be read again and is not right: what held before still holds. */
  | { type: 'settings.refused'; error: AgentError }
  /** Nobody vouches for the clock: recordings wait for their time and are not sent. */
  | { type: 'clock.untrusted' }
  /** `offsetMs`: right time − the machine's clock. Again when the source changes or the offset moves. */
  | { type: 'clock.trusted'; source: 'ntp' | 'service'; offsetMs: number }
  | { type: 'still.sampled'; cameraId: string; atMs: number; motionScore: number }
  | { type: 'labels.failed'; cameraId: string; error: AgentError; retryAtMs?: number }
  | { type: 'labels.detected'; cameraId: string; atMs: number; sightings: number; tookMs: number }
  /** No picture of the camera goes to its provider until then: the budget is spent, or the provider fails. Motion only. */
  | { type: 'labels.paused'; cameraId: string; reason: 'budget' | 'failure'; untilMs: number }
  | { type: 'labels.resumed'; cameraId: string }
  /** What labels cost, or when they were paused, cannot be kept on disk. The limits hold all the same while the agent runs. */
  | { type: 'budget.failed'; error: AgentError }
  /** Something new. */
  | { type: 'sighting.seen'; sighting: Sighting }
  /** The same thing, seen again. */
  | { type: 'sighting.updated'; sighting: Sighting }
  /** Told when the outcome of a rule for a sighting is first known and when it has changed. */
  | { type: 'rule.evaluated'; ruleId: string; cameraId: string; sightingId: string; atMs: number; outcome: RuleOutcome }
  /** Whether what a rule asks for is there now, on one camera: switches lights. */
  | { type: 'rule.active'; ruleId: string; cameraId: string; active: boolean; atMs: number }
  | { type: 'alert.raised'; alert: Alert }
  | { type: 'alerts.failed'; error: AgentError; retryAtMs?: number }
  /** Of destinations that are connected to all the time; changes only. `connected` with an error: not everything is allowed there. */
  | {
      type: 'destination.state';
      destination: string;
      state: 'connected' | 'waiting';
      error?: AgentError;
      retryAtMs?: number;
    }
  /** A destination asked for something, which was done unless there is an error. */
  | { type: 'command.received'; destination: string; command: string; error?: AgentError }
  | {
      type: 'alert.delivery';
      alertId: string;
      destination: string;
      state: DeliveryState;
      error?: AgentError;
      retryAtMs?: number;
    };

/** What a camera says by itself (ONVIF events). `lost`: nobody knows of motion until it is `listening` again. */
export type CameraEvent =
  | { type: 'camera.motion'; active: boolean; atMs: number }
  | { type: 'camera.events'; state: 'listening' | 'lost'; error?: AgentError; retryAtMs?: number };

export type FactOf<T extends Fact['type']> = Extract<Fact, { type: T }>;

/** Synchronous fan-out. A subscriber that throws is reported to `onSubscriberError` and never disturbs the publisher. */
export class Facts {
  readonly #subscribers = new Set<(fact: Fact) => void>();
  readonly #onSubscriberError: (error: unknown) => void;

  constructor(onSubscriberError: (error: unknown) => void) {
    this.#onSubscriberError = onSubscriberError;
  }

  publish(fact: Fact): void {
    for (const subscriber of this.#subscribers) {
      try {
        subscriber(fact);
      } catch (error) {
        this.#onSubscriberError(error);
      }
    }
  }

  /** Returns the function that ends the subscription. */
  subscribe(subscriber: (fact: Fact) => void): () => void {
    this.#subscribers.add(subscriber);
    return () => this.#subscribers.delete(subscriber);
  }
}
