// A place that alerts are sent to.
import type { Alert } from '../../shared/alert.ts';
import type { SecretReference } from '../../shared/names.ts';
import type { ConnectedAws } from '../aws/aws.ts';
import type { Clock } from '../clock.ts';
import type { AgentError } from '../errors.ts';
import type { Facts } from '../facts.ts';
import type { Secret } from '../secret.ts';
import type { PayloadContext } from './payload.ts';
import type { Snoozes } from './rule-memory/snoozes.ts';
import type { SiteState } from './site-state.ts';

/**
 * Told what the other side answered, in its own words: a status and how its text begins, or the id it gave the alert.
 * What it is told is cut short and cleared of the settings' secrets; a sink may call it before it throws.
 */
export type Heard = (answer: string) => void;

export type Sink = {
  /** Names it in the outbox and to people: stable across restarts, different for every sink, without secrets. */
  destination: string;
  /**
   * Resolves when the other side has taken the alert. Otherwise throws an AgentError `delivery-*`, with `retry: 'never'`
   * when it must not be sent again. The same alert may come more than once and carries the same id each time.
   * `signal` is this attempt's own: what is attached to it ends with the attempt.
   */
  deliver(alert: Alert, signal: AbortSignal, heard?: Heard): Promise<void>;
  /** For services that take several at once. Used instead of `deliver` when more than one alert waits. */
  batches?: {
    /** Alerts in one call at most. */
    most: number;
    /**
     * One entry for each alert, in order: undefined when it was taken. Throws as `deliver` does, or gives only errors, when
     * none was; when that is a refusal, the first alert is tried alone.
     */
    deliver(alerts: readonly Alert[], signal: AbortSignal): Promise<readonly (AgentError | undefined)[]>;
  };
  /** Begins what goes on beside deliveries, such as a connection. Called once, when whoever had its place has closed. */
  open?(): void;
  /** Ends connections. Nothing is delivered afterwards. Never rejects. */
  close?(): Promise<void>;
};

/** What a sink may need beside its own settings. */
export type SinkParts = {
  clock: Clock;
  /** 0 ≤ x < 1. */
  random: () => number;
  facts: Facts;
  context: PayloadContext;
  aws: ConnectedAws;
  /** Looks the secret up; what it throws is passed on. */
  secretOf(reference: SecretReference): Secret;
  /** JPEG of the frame a sighting was seen on; undefined when it is not kept any more. */
  stillOf(sightingId: string): Promise<Uint8Array | undefined>;
  /** What holds on the site now. */
  site: SiteState;
  /** Who keeps rules quiet for a time. */
  snoozes: Pick<Snoozes, 'snooze' | 'snoozedUntilMs' | 'onChange'>;
  /** Folder of what the agent remembers. */
  dataDir: string;
};

export type SinkOptions<Settings> = SinkParts & { settings: Settings; destination: string };
