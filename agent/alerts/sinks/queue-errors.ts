// Everything that can go wrong between the agent and a broker of AMQP 1.0 or STOMP, as errors the owner can act on. The only
// place that knows AMQP's error conditions and the words of STOMP brokers, which have no codes.
import { AgentError, type AgentErrorOptions, systemCode } from '../../errors.ts';
import { tlsError } from './tls-errors.ts';
import { connectionError } from './webhook-errors.ts';

type Row = Pick<AgentErrorOptions, 'code' | 'kind' | 'retry'> & { says: string };

const refused = { code: 'delivery-refused', kind: 'invalid', retry: 'later' } as const;
const denied = { ...refused, kind: 'denied' } as const;
const failed = { code: 'delivery-failed', kind: 'unavailable', retry: 'later' } as const;

const signIn: Row = { ...denied, says: 'does not accept the username and password: check both in the settings' };
const notAllowed: Row = {
  ...denied,
  says: 'does not let this user send there: check the broker’s permissions, and virtualHost in the settings',
};
const missing: Row = { ...refused, says: 'has nothing of the name in the settings: create it, or correct the name' };
const full: Row = { ...failed, kind: 'exhausted', says: 'has no room for more messages at the moment' };
const tooLarge: Row = { ...refused, retry: 'never', says: 'takes no message of this size: raise its limit' };
const virtualHost: Row = { ...refused, says: 'has no such virtual host: check virtualHost in the settings' };

const byCondition: Record<string, Row> = {
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
  if (/vhost|virtual host/i.test(words)) return errorOf(virtualHost, destination);
  if (/authenticat/i.test(words)) return errorOf(signIn, destination);
  const otherwise: Row = { ...failed, says: condition ? `answered with ${condition}` : 'did not take the message' };
  return errorOf(byCondition[condition ?? ''] ?? otherwise, destination);
}

const byWords: [RegExp, Row][] = [
  [/virtual host|vhost/i, virtualHost],
  [/password is invalid|bad connect|access refused|login|authentication|user name/i, signIn],
  [/not authori[sz]ed|permission|access_refused|denied/i, notAllowed],
  [/not found|does not exist|unknown destination/i, missing],
  [/too large|exceed|max.?(frame|data) ?(size|length)/i, tooLarge],
];

/** `words`: of a STOMP ERROR frame. They are not passed on: nobody knows what is in them. */
export function stompError(words: string, destination: string): AgentError {
  const row = byWords.find(([pattern]) => pattern.test(words))?.[1];
  return errorOf(row ?? { ...failed, says: 'answered with an error' }, destination);
}

export function brokerClosed(destination: string, cause?: unknown): AgentError {
  return errorOf({ ...failed, says: 'closed the connection before it acknowledged' }, destination, cause);
}

/** For a connection that ended before the broker let this device in. */
export function notLetIn(destination: string, cause?: unknown): AgentError {
  const isReset = systemCode(cause) === 'ECONNRESET' || systemCode(cause) === 'EPIPE';
  if (isNetwork(cause) && !isReset) return brokerUnreachable(cause, destination);
  const says = 'closed the connection before it answered: check the port, and TLS or none, in the url';
  return errorOf({ ...failed, says }, destination, cause);
}

export function silent(timeoutMs: number, destination: string): AgentError {
  return errorOf({ ...failed, says: `did not answer within ${timeoutMs / 1000} s` }, destination);
}

/** Of the socket below the connection, or of TLS. */
export function brokerUnreachable(cause: unknown, destination: string): AgentError {
  return tlsError(cause, destination) ?? connectionError(cause, destination);
}

function isNetwork(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string';
}

function errorOf({ says, ...row }: Row, destination: string, cause?: unknown): AgentError {
  return new AgentError({ ...row, message: `The ${destination} ${says}.`, cause });
}
