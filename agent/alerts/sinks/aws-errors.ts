// Every way SNS, SQS, Kinesis Data Streams and Firehose can refuse an event, as errors the owner can act on. The only place
// that knows their error names: those of whole calls and those of single entries of a batch.
import { AgentError, type AgentErrorOptions, systemCode } from '../../errors.ts';

type Row = Pick<AgentErrorOptions, 'code' | 'kind' | 'retry'> & { says: string };

const refused = { code: 'delivery-refused', kind: 'invalid', retry: 'later' } as const;
const failed = { code: 'delivery-failed', kind: 'unavailable', retry: 'later' } as const;

const denied: Row = {
  ...refused,
  kind: 'denied',
  says: 'may not be used with these AWS credentials: allow it in their policy',
};
const unknownKey: Row = {
  ...refused,
  kind: 'denied',
  says: 'does not accept the AWS key: check the key, its secret, and that the clock of this device is right',
};
const noCredentials: Row = {
  ...refused,
  kind: 'denied',
  says: 'needs AWS credentials, and there are none: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or an AWS profile',
};
const missing: Row = { ...refused, says: 'does not exist: check its name, its account and the region in the settings' };
const throttled: Row = { ...failed, kind: 'exhausted', says: 'takes no more at the moment: its quota is reached' };
const badEvent: Row = { ...refused, retry: 'never', says: 'refused this event as it is' };
const key: Row = { ...refused, kind: 'denied', says: 'cannot use its KMS key: check the key and its policy' };
const trouble: Row = { ...failed, says: 'has trouble of its own' };
const unreachable: Row = { ...failed, says: 'cannot be reached: check the network, the region and the endpoint' };

const byName: Record<string, Row> = {
  AccessDenied: denied,
  AccessDeniedException: denied,
  AuthorizationError: denied,
  AuthorizationErrorException: denied,
  UnrecognizedClientException: unknownKey,
  InvalidClientTokenId: unknownKey,
  InvalidSignatureException: unknownKey,
  SignatureDoesNotMatch: unknownKey,
  IncompleteSignature: unknownKey,
  IncompleteSignatureException: unknownKey,
  MissingAuthenticationTokenException: unknownKey,
  ExpiredToken: unknownKey,
  ExpiredTokenException: unknownKey,
  RequestExpired: unknownKey,
  CredentialsProviderError: noCredentials,
  TokenProviderError: noCredentials,
  NotFound: missing,
  NotFoundException: missing,
  ResourceNotFoundException: missing,
  QueueDoesNotExist: missing,
  'AWS.SimpleQueueService.NonExistentQueue': missing,
  Throttling: throttled,
  Throttled: throttled,
  ThrottledException: throttled,
  ThrottlingException: throttled,
  RequestThrottled: throttled,
  RequestLimitExceeded: throttled,
  TooManyRequestsException: throttled,
  LimitExceededException: throttled,
  OverLimit: throttled,
  ProvisionedThroughputExceededException: throttled,
  ServiceUnavailableException: throttled,
  InvalidMessageContents: badEvent,
  InvalidParameter: badEvent,
  InvalidParameterException: badEvent,
  InvalidParameterValue: badEvent,
  InvalidArgumentException: badEvent,
  InvalidBatchEntryId: badEvent,
  BatchRequestTooLong: badEvent,
  ValidationException: badEvent,
  ValidationError: badEvent,
  KMSAccessDenied: key,
  KMSAccessDeniedException: key,
  KMSDisabled: key,
  KMSDisabledException: key,
  KMSInvalidState: key,
  KMSInvalidStateException: key,
  KMSNotFound: key,
  KMSNotFoundException: key,
  KMSOptInRequired: key,
  KMSThrottlingException: throttled,
  InternalError: trouble,
  InternalFailure: trouble,
  InternalServerError: trouble,
  TimeoutError: unreachable,
};

/** For a call that failed. */
export function awsCallError(error: unknown, destination: string): AgentError {
  if (error instanceof AgentError) return error;
  const name = error instanceof Error ? error.name : '';
  return errorOf(byName[name] ?? (systemCode(error) ? unreachable : trouble), destination, error);
}

/** For one entry of a batch; `code` is what the service calls it. */
export function awsEntryError(code: string | undefined, destination: string): AgentError {
  return errorOf(byName[code ?? ''] ?? trouble, destination);
}

export function tooLarge(maxBytes: number, destination: string): AgentError {
  const says = `takes at most ${Math.floor(maxBytes / 1024)} KiB, and this event is larger: a transform can make it smaller`;
  return errorOf({ ...badEvent, says }, destination);
}

function errorOf({ says, ...row }: Row, destination: string, cause?: unknown): AgentError {
  return new AgentError({ ...row, message: `The destination ${destination} ${says}.`, cause });
}
