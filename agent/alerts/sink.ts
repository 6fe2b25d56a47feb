// A place that alerts are sent to.
import type { Alert } from '../../shared/alert.ts';

export type Sink = {
  /** Names it in the outbox and to people: stable across restarts, different for every sink, without secrets. */
  destination: string;
  /**
   * Resolves when the other side has taken the alert. Otherwise throws an AgentError `delivery-*`, with `retry: 'never'`
   * when it must not be sent again. The same alert may come more than once and carries the same id each time.
   */
  deliver(alert: Alert, signal: AbortSignal): Promise<void>;
};
