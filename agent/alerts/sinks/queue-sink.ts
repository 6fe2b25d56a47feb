// Alerts to a message queue: one connection, opened when there is something to send and kept; an alert counts when the
// broker has acknowledged it. What was on its way when a connection broke is sent again, with the same id, by the outbox.
import type { Alert } from '../../../shared/alert.ts';
import { AgentError, asAgentError } from '../../errors.ts';
import { payloadOf } from '../payload.ts';
import type { Sink, SinkParts } from '../sink.ts';
import { timeoutError } from './delivery-error.ts';
import { brokerUnreachable } from './queue-errors.ts';

const connectTimeoutMs = 15_000;
const sendTimeoutMs = 15_000;
/** On their way at once. */
const window = 50;

export type QueueConnection = {
  isOpen(): boolean;
  /** Resolves when the broker has taken the message. Rejects with AgentError `delivery-*`. */
  send(alert: Alert, body: string): Promise<void>;
  /** Ends it at once. What is on its way is rejected. */
  close(): void;
};

export type QueueOptions = Pick<SinkParts, 'context' | 'clock'> & {
  destination: string;
  /** Rejects with AgentError `delivery-*`, or with the signal's reason when it aborts; then nothing stays open. */
  connect(signal: AbortSignal): Promise<QueueConnection>;
};

export function queueSink({ destination, context, clock, connect }: QueueOptions): Sink {
  let connection: QueueConnection | undefined;
  return {
    destination,
    async deliver(alert, signal) {
      const [problem] = await deliver([alert], signal);
      if (problem) throw problem;
    },
    batches: { most: window, deliver },
    async close() {
      connection?.close();
      connection = undefined;
    },
  };

  async function deliver(alerts: readonly Alert[], signal: AbortSignal): Promise<(AgentError | undefined)[]> {
    const open = await opened(signal);
    const end = (): void => open.close();
    signal.addEventListener('abort', end, { once: true });
    const cancel = clock.after(sendTimeoutMs, end);
    try {
      const sent = alerts.map(alert => open.send(alert, JSON.stringify(payloadOf(alert, context))));
      const outcomes = await Promise.allSettled(sent);
      signal.throwIfAborted();
      return outcomes.map(outcome => (outcome.status === 'rejected' ? asAgentError(outcome.reason) : undefined));
    } finally {
      cancel();
      signal.removeEventListener('abort', end);
    }
  }

  async function opened(signal: AbortSignal): Promise<QueueConnection> {
    if (connection?.isOpen()) return connection;
    const attempt = new AbortController();
    const abort = (): void => attempt.abort(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    const cancel = clock.after(connectTimeoutMs, () => attempt.abort(timeoutError(connectTimeoutMs, destination)));
    try {
      signal.throwIfAborted();
      connection = await connect(attempt.signal);
      return connection;
    } catch (error) {
      signal.throwIfAborted();
      // Such as a file that is no certificate, which node:tls throws at once.
      throw error instanceof AgentError ? error : brokerUnreachable(error, destination);
    } finally {
      cancel();
      signal.removeEventListener('abort', abort);
    }
  }
}
