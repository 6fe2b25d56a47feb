// The boundary table of the AWS services: SDK exceptions, HTTP answers and socket errors → AgentError.
import { AgentError, type AgentErrorOptions, systemCode } from '../errors.ts';
import { rowOfName, rowsByName } from './error-names.ts';

type Row = Pick<AgentErrorOptions, 'code' | 'kind' | 'retry'> & { sentence: (what: string) => string };

const denied: Row = {
  code: 'service-denied',
  kind: 'denied',
  retry: 'later',
  sentence: what =>
    `AWS refused to ${what}: check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (or the profile or role in use), what they are allowed to do, and that this device's clock is right.`,
};
const noCredentials: Row = {
  code: 'service-denied',
  kind: 'denied',
  retry: 'later',
  sentence: what =>
    `There are no AWS credentials to ${what}: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give this device a profile or role.`,
};
const missing: Row = {
  code: 'service-stream-missing',
  kind: 'invalid',
  retry: 'later',
  sentence: what => `AWS found no such stream while trying to ${what}: it is created again at the next attempt.`,
};
const moved: Row = {
  code: 'service-endpoint-moved',
  kind: 'unavailable',
  retry: 'now',
  sentence: what => `AWS gave the stream another address while trying to ${what}: it is asked for the new one.`,
};
const throttled: Row = {
  code: 'service-throttled',
  kind: 'exhausted',
  retry: 'later',
  sentence: what =>
    `AWS limits how often this account may ${what}: the agent slows down. If it lasts, ask AWS for a higher Kinesis Video Streams quota, and make sure that only this device sends to the stream.`,
};
const notActive: Row = {
  code: 'service-stream-not-active',
  kind: 'unavailable',
  retry: 'later',
  sentence: what => `The stream is being created, changed or deleted, so AWS cannot ${what} yet.`,
};
const unreachable: Row = {
  code: 'service-unreachable',
  kind: 'unavailable',
  retry: 'now',
  sentence: what =>
    `AWS could not be reached to ${what}: check this device's network and aws.endpoint. Recording goes on; video is sent as soon as AWS answers.`,
};
const untrusted: Row = {
  code: 'service-unreachable',
  kind: 'invalid',
  retry: 'later',
  sentence: what =>
    `The server that answered when AWS was asked to ${what} has a certificate nobody vouches for: check this device's clock, aws.endpoint, and whether something on the network opens encrypted connections (then give its certificate to Node.js with NODE_EXTRA_CA_CERTS).`,
};
const failed: Row = {
  code: 'service-failed',
  kind: 'unavailable',
  retry: 'later',
  sentence: what => `AWS answered with an error when asked to ${what}. The log has its words.`,
};

const byName: Record<string, Row> = {
  ...rowsByName({ denied, unknownKey: denied, noCredentials, throttled, unreachable }),
  NotAuthorizedException: denied,
  ResourceNotFoundException: missing,
  InvalidEndpointException: moved,
  ClientLimitExceededException: throttled,
  ConnectionLimitExceededException: throttled,
  AccountStreamLimitExceededException: throttled,
  DeviceStreamLimitExceededException: throttled,
  ResourceInUseException: notActive,
};

function byStatus(status: number): Row {
  if (status === 401 || status === 403) return denied;
  if (status === 404) return missing;
  if (status === 429) return throttled;
  return status >= 500 || status === 408 ? unreachable : failed;
}

/**
 * What a failed call means. `what` completes "AWS refused to …": "send video to the stream front-door".
 * The service's own words stay in the cause.
 */
export function serviceError(error: unknown, what: string): AgentError {
  if (error instanceof AgentError) return error;
  return toAgentError(rowOf(error), what, error);
}

export type Answer = { status: number; errorType: string; text: string };

/** What an HTTP answer other than 200 means. `errorType` may carry a namespace and a URL, as the services write it. */
export function answerError({ status, errorType, text }: Answer, what: string): AgentError {
  const name = bareName(errorType);
  const words = new Error(`HTTP ${status} ${name} ${text}`.trim());
  return toAgentError(rowOfName(byName, name) ?? byStatus(status), what, words);
}

/** `com.amazonaws…#ResourceNotFoundException:http://…` → `ResourceNotFoundException`. */
function bareName(errorType: string): string {
  return errorType.replace(/^.*#/, '').replace(/:.*$/, '');
}

function rowOf(error: unknown): Row {
  const name = error instanceof Error ? rowOfName(byName, error.name) : undefined;
  if (name) return name;
  const status = statusOf(error);
  // A status of 200 means the answer was cut or was not what the SDK can read: somebody else's server, or a broken line.
  if (status !== undefined && status >= 400) return byStatus(status);
  if (isCertificateError(error)) return untrusted;
  return systemCode(error) === undefined ? failed : unreachable;
}

/** How OpenSSL and Node.js name a certificate they refuse. */
const certificateCode = /^(CERT_|ERR_TLS_CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|INVALID_CA)/;

function isCertificateError(error: unknown): boolean {
  for (let cause = error, depth = 0; cause instanceof Error && depth < 10; cause = cause.cause, depth++)
    if ('code' in cause && typeof cause.code === 'string' && certificateCode.test(cause.code)) return true;
  return false;
}

function statusOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('$metadata' in error)) return undefined;
  const metadata = error.$metadata;
  if (typeof metadata !== 'object' || metadata === null || !('httpStatusCode' in metadata)) return undefined;
  return typeof metadata.httpStatusCode === 'number' ? metadata.httpStatusCode : undefined;
}

function toAgentError({ sentence, ...row }: Row, what: string, cause: unknown): AgentError {
  return new AgentError({ ...row, message: sentence(what), cause });
}
