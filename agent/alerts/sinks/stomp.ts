// Alerts as STOMP messages: persistent, each with a receipt. The protocol is that of @stomp/stompjs, over TCP or TLS.
import { Client } from '@stomp/stompjs';
import type { Alert } from '../../../shared/alert.ts';
import type { StompSettings } from '../../../shared/destinations/stomp.ts';
import type { Secret } from '../../secret.ts';
import type { Sink, SinkOptions } from '../sink.ts';
import { tlsFiles } from './broker-tls.ts';
import { brokerClosed, notLetIn, stompError } from './queue-errors.ts';
import { type QueueConnection, queueSink } from './queue-sink.ts';
import { StompSocket } from './stomp-socket.ts';

const heartbeatMs = 20_000;

export function stompSink({ settings, destination, context, clock, secretOf }: SinkOptions<StompSettings>): Sink {
  const password = settings.password ? secretOf(settings.password) : undefined;
  const connect = (signal: AbortSignal) => open({ settings, password, destination, signal });
  return queueSink({ destination, context, clock, connect });
}

type Opening = { settings: StompSettings; password: Secret | undefined; destination: string; signal: AbortSignal };

async function open({ settings, password, destination, signal }: Opening): Promise<QueueConnection> {
  const { url, username, virtualHost, to } = settings;
  const files = url.startsWith('stomps:') ? await tlsFiles(settings.tls, destination) : {};
  signal.throwIfAborted();
  const waiting = new Map<string, PromiseWithResolvers<void>>();
  const start = Promise.withResolvers<QueueConnection>();
  let socket: StompSocket | undefined;
  let isLetIn = false;
  let isOpen = true;
  let receipts = 0;
  const client = new Client({
    webSocketFactory: () => {
      socket = new StompSocket(url, files);
      return socket;
    },
    connectHeaders: {
      ...(username === undefined ? {} : { login: username }),
      ...(password ? { passcode: password.reveal() } : {}),
      ...(virtualHost === undefined ? {} : { host: virtualHost }),
    },
    reconnectDelay: 0,
    heartbeatIncoming: heartbeatMs,
    heartbeatOutgoing: heartbeatMs,
    discardWebsocketOnCommFailure: true,
    debug: () => undefined,
    onConnect: () => {
      isLetIn = true;
      signal.removeEventListener('abort', abort);
      start.resolve({ isOpen: () => isOpen && client.connected, send, close: () => end(brokerClosed(destination)) });
    },
    onStompError: ({ headers: { message = '' }, body }) =>
      end(stompError(`${message} ${body.slice(0, 500)}`, destination)),
    onWebSocketClose: () =>
      end(isLetIn ? brokerClosed(destination, socket?.problem) : notLetIn(destination, socket?.problem)),
  });
  signal.addEventListener('abort', abort, { once: true });
  client.activate();
  return start.promise;

  function abort(): void {
    end(signal.reason);
  }

  function end(problem: unknown): void {
    isOpen = false;
    signal.removeEventListener('abort', abort);
    start.reject(problem);
    for (const { reject } of waiting.values()) reject(problem);
    waiting.clear();
    void client.deactivate({ force: true });
    socket?.terminate();
  }

  function send(alert: Alert, body: string): Promise<void> {
    const receipt = `alert-${++receipts}`;
    const taken = Promise.withResolvers<void>();
    waiting.set(receipt, taken);
    client.watchForReceipt(receipt, () => {
      waiting.delete(receipt);
      taken.resolve();
    });
    const headers = {
      ...{ receipt, persistent: 'true', 'content-type': 'application/json', 'correlation-id': alert.id },
      ...{ 'alert-id': alert.id, rule: alert.ruleId, kind: alert.kind },
      ...(alert.cameraId === undefined ? {} : { camera: alert.cameraId }),
    };
    client.publish({ destination: to, body, headers });
    return taken.promise;
  }
}
