// Everything that can go wrong between the agent and an MQTT broker, as errors the owner can act on: reason codes of MQTT 5,
// return codes of 3.1.1, TLS and the network. The only place that knows these codes.
import type { AgentError } from '../../errors.ts';
import { type DeliveryRow, deliveryError, denied, failed, refused } from '../sinks/delivery-error.ts';
import { tlsError } from '../sinks/tls-errors.ts';
import { connectionError } from '../sinks/webhook-errors.ts';

const badCredentials: DeliveryRow = {
  ...denied,
  says: 'does not accept the username and password: check both in the settings',
};
const notAuthorized: DeliveryRow = {
  ...denied,
  says: 'does not let this device in (not authorised): check username, password or certificate, and that the broker allows this clientId',
};
const badClientId: DeliveryRow = { ...refused, says: 'does not accept the clientId: set another one in the settings' };
const unavailable: DeliveryRow = { ...failed, says: 'is not ready (server unavailable)' };
const badVersion: DeliveryRow = { ...refused, says: 'does not speak this version of MQTT: set version to 3.1.1' };
const tooLarge: DeliveryRow = {
  ...refused,
  retry: 'never',
  says: 'takes no message of this size: raise its limit, then send the alert again',
};
const busy: DeliveryRow = { ...failed, kind: 'exhausted', says: 'is busy and asks to come back later' };
const quota: DeliveryRow = {
  ...failed,
  kind: 'exhausted',
  says: 'has no room for this device any more (quota exceeded)',
};
const moved: DeliveryRow = { ...refused, says: 'has moved: enter its new address in the settings' };
const unspecified: DeliveryRow = { ...failed, says: 'has trouble of its own' };

/** Reasons not to let a client in: return codes of 3.1.1 (1–5) and reason codes of 5. */
const byConnectReason: Record<number, DeliveryRow> = {
  1: badVersion,
  2: badClientId,
  3: unavailable,
  4: badCredentials,
  5: notAuthorized,
  128: unspecified,
  132: badVersion,
  133: badClientId,
  134: badCredentials,
  135: notAuthorized,
  136: unavailable,
  137: busy,
  138: { ...denied, says: 'has banned this device: ask whoever runs it' },
  140: { ...denied, says: 'wants another way to sign in than username, password or certificate' },
  144: { ...refused, says: 'does not accept the topic of the last will: set another base in the settings' },
  149: { ...refused, says: 'takes no message as large as the last will' },
  151: quota,
  154: { ...refused, says: 'keeps no retained messages: set states to false in the settings' },
  155: { ...refused, says: 'takes no messages that it has to acknowledge (QoS 1): its settings need to allow them' },
  156: moved,
  157: moved,
  159: busy,
};

/** Reasons a broker gives when it ends a connection that was open. */
const byDisconnectReason: Record<number, DeliveryRow> = {
  ...byConnectReason,
  135: { ...denied, says: 'ended the connection: this device may not publish or subscribe there (not authorised)' },
  139: { ...failed, says: 'is shutting down' },
  141: { ...failed, says: 'heard nothing from this device for too long' },
  142: {
    ...refused,
    says: 'let in another client with the same clientId: give each device, and each destination, its own',
  },
  149: tooLarge,
  150: busy,
  152: { ...denied, says: 'ended the connection on behalf of whoever runs it' },
};

/** Undefined topic: the connection itself. */
const byPublishReason: Record<number, (topic: string) => DeliveryRow> = {
  135: topic => ({
    ...denied,
    says: `does not let this user publish to ${topic}: allow it in the broker’s access rules`,
  }),
  144: topic => ({ ...refused, says: `does not accept the topic ${topic}: set another one in the settings` }),
  149: () => tooLarge,
  151: () => quota,
  153: () => ({ ...refused, says: 'does not accept the form of the alert (payload format invalid)' }),
};

/** For a client that was not let in. */
export function connectRefusal(reason: number, broker: string): AgentError {
  return deliveryError(
    byConnectReason[reason] ?? { ...refused, says: `does not let this device in (reason ${reason})` },
    broker,
  );
}

/** Whether another version of MQTT may be let in. */
export function isVersionRefusal(reason: number): boolean {
  return byConnectReason[reason] === badVersion;
}

/** For a DISCONNECT from the broker (MQTT 5). */
export function disconnectError(reason: number, broker: string): AgentError {
  return deliveryError(
    byDisconnectReason[reason] ?? { ...failed, says: `ended the connection (reason ${reason})` },
    broker,
  );
}

/** For a message that was answered with a reason not to take it (MQTT 5). */
export function publishRefusal(reason: number, topic: string, broker: string): AgentError {
  const otherwise: DeliveryRow = { ...failed, says: `did not take the message (reason ${reason})` };
  return deliveryError(byPublishReason[reason]?.(topic) ?? otherwise, broker);
}

export function tooLargeError(broker: string): AgentError {
  return deliveryError(tooLarge, broker);
}

export function noQos1Error(broker: string): AgentError {
  return deliveryError(byConnectReason[155] ?? unspecified, broker);
}

/** For a subscription that was not granted. */
export function subscribeRefusal(topics: readonly string[], broker: string): AgentError {
  const says = `does not let this user subscribe to ${topics.join(' and ')}: allow it in the broker’s access rules`;
  return deliveryError({ ...denied, says }, broker);
}

export function silenceError(timeoutMs: number, what: string, broker: string): AgentError {
  return deliveryError({ ...failed, says: `did not ${what} within ${timeoutMs / 1000} s` }, broker);
}

/**
 * For a connection that ended without a word while a message waited for its acknowledgement. Brokers that speak 3.1.1 have
 * no other way to refuse one.
 */
export function closedWhilePublishing(topic: string, broker: string): AgentError {
  const says = `closed the connection before it acknowledged. If this goes on, check that this user may publish to ${topic}`;
  return deliveryError({ ...failed, says }, broker);
}

export function closedError(broker: string): AgentError {
  const says = 'closed the connection. If this goes on, another client may have the same clientId: each needs its own';
  return deliveryError({ ...failed, says }, broker);
}

/** For a handshake that ended without a word. */
export function closedBeforeAnswer(broker: string): AgentError {
  const says =
    'closed the connection before it answered: check the port, and that it speaks MQTT there, with TLS or without';
  return deliveryError({ ...failed, says }, broker);
}

export function floodError(broker: string): AgentError {
  return deliveryError({ ...failed, says: 'sent a message that is too large for a command' }, broker);
}

/** For an error of the socket, of TLS or of the WebSocket below the connection. */
export function networkError(cause: unknown, broker: string): AgentError {
  const tlsProblem = tlsError(cause, broker);
  if (tlsProblem) return tlsProblem;
  const status = httpStatusOf(cause);
  if (status === undefined) return connectionError(cause, broker);
  const advice = status === 401 || status === 403 ? 'its access rules' : 'the path of the url';
  const kind = status >= 500 ? failed : refused;
  return deliveryError({ ...kind, says: `answers the WebSocket with HTTP ${status}: check ${advice}` }, broker, cause);
}

/** `ws` tells the status of a handshake that was not accepted only in words. */
function httpStatusOf(error: unknown): number | undefined {
  const [, status] = (error instanceof Error && /^Unexpected server response: (\d{3})$/.exec(error.message)) || [];
  return status === undefined ? undefined : Number(status);
}
