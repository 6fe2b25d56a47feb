// Everything that can go wrong between the agent and a broker of AMQP 1.0 or STOMP, as errors the owner can act on. The only
// place that knows AMQP's error conditions and the words of STOMP brokers, which have no codes.
import { type AgentError, systemCode } from '../../errors.ts';
import { type DeliveryRow, deliveryError, denied, failed, refused } from './delivery-error.ts';
import { tlsError } from './tls-errors.ts';
import { connectionError } from './webhook-errors.ts';

const signIn: DeliveryRow = {
  ...denied,
  says: 'does not accept the username and password: check both in the settings',
};
const notAllowed: DeliveryRow = {
  ...denied,
  says: 'does not let this user send there: check the broker’s permissions, and virtualHost in the settings',
};
const missing: DeliveryRow = {
  ...refused,
  says: 'has nothing of the name in the settings: create it, or correct the name',
};
const full: DeliveryRow = { ...failed, kind: 'exhausted', says: 'has no room for more messages at the moment' };
const tooLarge: DeliveryRow = { ...refused, retry: 'never', says: 'takes no message of this size: raise its limit' };
const virtualHost: DeliveryRow = { ...refused, says: 'has no such virtual host: check virtualHost in the settings' };

const byCondition: Record<string, DeliveryRow> = {
  'amqp:unauthorized-access': notAllowed,
  'amqp:sasl-failure': signIn,
  'amqp:not-found': missing,
  'amqp:resource-deleted': missing,
  'amqp:resource-limit-exceeded': full,
  'amqp:link:message-size-exceeded': tooLarge,
  'amqp:not-allowed': notAllowed,
  'amqp:connection:forced': { ...failed, says: 'ended the connection' },
};

/** `condition`: as AMQP's error has it; undefined for a message that was refused without a reason. */
export function amqpError(condition: string | undefined, destination: string, words = ''): AgentError {
  if (/vhost|virtual host/i.test(words)) return deliveryError(virtualHost, destination);
  if (/authenticat/i.test(words)) return deliveryError(signIn, destination);
  const otherwise: DeliveryRow = {
    ...failed,
    says: condition ? `answered with ${condition}` : 'did not take the message',
  };
  return deliveryError(byCondition[condition ?? ''] ?? otherwise, destination);
}

const byWords: [RegExp, DeliveryRow][] = [
  [/virtual host|vhost/i, virtualHost],
  [/password is invalid|bad connect|access refused|login|authentication|user name/i, signIn],
  [/not authori[sz]ed|permission|access_refused|denied/i, notAllowed],
  [/not found|does not exist|unknown destination/i, missing],
  [/too large|exceed|max.?(frame|data) ?(size|length)/i, tooLarge],
];

/** `words`: of a STOMP ERROR frame. They are not passed on: nobody knows what is in them. */
export function stompError(words: string, destination: string): AgentError {
  const row = byWords.find(([pattern]) => pattern.test(words))?.[1];
  return deliveryError(row ?? { ...failed, says: 'answered with an error' }, destination);
}

export function brokerClosed(destination: string, cause?: unknown): AgentError {
  return deliveryError({ ...failed, says: 'closed the connection before it acknowledged' }, destination, cause);
}

/** For a connection that ended before the broker let this device in. */
export function notLetIn(destination: string, cause?: unknown): AgentError {
  const isReset = systemCode(cause) === 'ECONNRESET' || systemCode(cause) === 'EPIPE';
  if (isNetwork(cause) && !isReset) return brokerUnreachable(cause, destination);
  const says = 'closed the connection before it answered: check the port, and TLS or none, in the url';
  return deliveryError({ ...failed, says }, destination, cause);
}

/** Of the socket below the connection, or of TLS. */
export function brokerUnreachable(cause: unknown, destination: string): AgentError {
  return tlsError(cause, destination) ?? connectionError(cause, destination);
}

function isNetwork(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string';
}
