// Alerts as AMQP 1.0 messages: durable, acknowledged one by one. The protocol is rhea's; what its events mean is here.
import { isIP } from 'node:net';
import rhea, { type Connection, type Delivery, type EventContext, type Sender } from 'rhea';
import type { Alert } from '../../../shared/alert.ts';
import type { AmqpSettings } from '../../../shared/destinations/amqp.ts';
import type { Secret } from '../../secret.ts';
import type { Sink, SinkOptions } from '../sink.ts';
import { tlsFiles } from './broker-tls.ts';
import { amqpError, brokerClosed, notLetIn } from './queue-errors.ts';
import { type QueueConnection, queueSink } from './queue-sink.ts';

const idleTimeOutMs = 30_000;

export function amqpSink({ settings, destination, context, clock, secretOf }: SinkOptions<AmqpSettings>): Sink {
  const password = settings.password ? secretOf(settings.password) : undefined;
  const connect = (signal: AbortSignal) => open({ settings, password, destination, signal });
  return queueSink({ destination, context, clock, connect });
}

type Opening = { settings: AmqpSettings; password: Secret | undefined; destination: string; signal: AbortSignal };

async function open({ settings, password, destination, signal }: Opening): Promise<QueueConnection> {
  const { url, username, virtualHost, address } = settings;
  const { protocol, hostname, port } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, '');
  const isTls = protocol === 'amqps:';
  const at = { host, port: Number(port) || (isTls ? 5671 : 5672) };
  const files = isTls ? await tlsFiles(settings.tls, destination) : {};
  signal.throwIfAborted();
  const options = {
    ...at,
    hostname: virtualHost === undefined ? host : `vhost:${virtualHost}`,
    reconnect: false,
    idle_time_out: idleTimeOutMs,
    ...(username === undefined ? {} : { username }),
    ...(password ? { password: password.reveal() } : {}),
  };
  const container = rhea.create_container({ id: `kvs-edge-${process.pid}` });
  const connection = isTls
    ? // An address has no name that could be asked for; rhea would ask for it all the same.
      container.connect({ ...options, ...(isIP(host) ? { servername: '' } : {}), ...files, transport: 'tls' })
    : container.connect({ ...options, transport: 'tcp' });
  return opened(connection, { address, destination, signal });
}

type Opened = { address: string; destination: string; signal: AbortSignal };

function opened(connection: Connection, { address, destination, signal }: Opened): Promise<QueueConnection> {
  const waiting = new Map<Delivery, PromiseWithResolvers<void>>();
  const start = Promise.withResolvers<QueueConnection>();
  let isOpen = true;
  const sender: Sender = connection.open_sender({ target: { address, durable: 2 }, snd_settle_mode: 0 });

  const end = (problem: Error): void => {
    isOpen = false;
    signal.removeEventListener('abort', abort);
    start.reject(problem);
    for (const { reject } of waiting.values()) reject(problem);
    waiting.clear();
    closeAtOnce(connection);
  };
  const abort = (): void => end(signal.reason);
  const settle =
    (then: (message: PromiseWithResolvers<void>, context: EventContext) => void) => (context: EventContext) => {
      const message = context.delivery && waiting.get(context.delivery);
      if (!message || !context.delivery) return;
      waiting.delete(context.delivery);
      then(message, context);
    };
  const refuse = settle(({ reject }, { delivery }) => {
    const error: unknown = delivery?.remote_state?.error;
    reject(amqpError(conditionOf(error), destination, descriptionOf(error)));
  });

  sender.on(
    'accepted',
    settle(({ resolve }) => resolve()),
  );
  for (const event of ['rejected', 'released', 'modified']) sender.on(event, refuse);
  sender.once('sendable', () => {
    signal.removeEventListener('abort', abort);
    start.resolve({ isOpen: () => isOpen, send, close: () => end(brokerClosed(destination)) });
  });
  const failures = ['connection_error', 'session_error', 'sender_error'] as const;
  for (const event of failures)
    connection.on(event, ({ connection, session, sender, error }: EventContext) => {
      const told = error ?? sender?.error ?? session?.error ?? connection.error;
      end(amqpError(conditionOf(told), destination, descriptionOf(told)));
    });
  for (const event of ['connection_close', 'session_close', 'sender_close'])
    connection.on(event, () => end(brokerClosed(destination)));
  connection.on('disconnected', ({ error }: EventContext) => end(notLetIn(destination, error)));
  for (const event of ['error', 'protocol_error']) connection.on(event, () => end(brokerClosed(destination)));
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  return start.promise;

  function send(alert: Alert, body: string): Promise<void> {
    const taken = Promise.withResolvers<void>();
    const delivery = sender.send({
      message_id: alert.id,
      durable: true,
      content_type: 'application/json',
      creation_time: new Date(alert.atMs),
      subject: 'alert.raised',
      application_properties: {
        rule: alert.ruleId,
        kind: alert.kind,
        ...(alert.cameraId ? { camera: alert.cameraId } : {}),
      },
      // As bytes: what is a string in AMQP arrives with AMQP's own encoding around it at consumers of other protocols.
      body: rhea.message.data_section(Buffer.from(body)),
    });
    waiting.set(delivery, taken);
    return taken.promise;
  }
}

/** Not rhea's own close, which waits for the broker's. */
function closeAtOnce(connection: Connection): void {
  connection.removeAllListeners();
  for (const event of ['error', 'protocol_error', 'connection_error', 'session_error', 'sender_error', 'disconnected'])
    connection.on(event, () => undefined);
  if (connection.is_open()) connection.close();
  const { socket } = connection as { socket?: { end(): void; destroy(): void } };
  if (socket) socket.destroy();
}

function conditionOf(error: unknown): string | undefined {
  return error instanceof Object && 'condition' in error && typeof error.condition === 'string'
    ? error.condition
    : undefined;
}

function descriptionOf(error: unknown): string {
  return error instanceof Object && 'description' in error ? String(error.description) : '';
}
