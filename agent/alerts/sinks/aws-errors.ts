// Every way SNS, SQS, Kinesis Data Streams and Firehose can refuse an event, as errors the owner can act on. The only place
// that knows the error names of their own: those of whole calls and those of single entries of a batch.
import { rowOfName, rowsByName } from '../../aws/error-names.ts';
import { AgentError, systemCode } from '../../errors.ts';
import { type DeliveryRow, deliveryError, denied, failed, refused } from './delivery-error.ts';

const notAllowed: DeliveryRow = {
  ...denied,
  says: 'may not be used with these AWS credentials: allow it in their policy',
};
const unknownKey: DeliveryRow = {
  ...denied,
  says: 'does not accept the AWS key: check the key, its secret, and that the clock of this device is right',
};
const noCredentials: DeliveryRow = {
  ...denied,
  says: 'needs AWS credentials, and there are none: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or an AWS profile',
};
const missing: DeliveryRow = {
  ...refused,
  says: 'does not exist: check its name, its account and the region in the settings',
};
const throttled: DeliveryRow = {
  ...failed,
  kind: 'exhausted',
  says: 'takes no more at the moment: its quota is reached',
};
const badEvent: DeliveryRow = { ...refused, retry: 'never', says: 'refused this event as it is' };
const key: DeliveryRow = { ...denied, says: 'cannot use its KMS key: check the key and its policy' };
const trouble: DeliveryRow = { ...failed, says: 'has trouble of its own' };
const unreachable: DeliveryRow = {
  ...failed,
  says: 'cannot be reached: check the network, the region and the endpoint',
};

const byName: Record<string, DeliveryRow> = {
  ...rowsByName({ denied: notAllowed, unknownKey, noCredentials, throttled, unreachable }),
  AuthorizationError: notAllowed,
  AuthorizationErrorException: notAllowed,
  NotFound: missing,
  NotFoundException: missing,
  ResourceNotFoundException: missing,
  QueueDoesNotExist: missing,
  'AWS.SimpleQueueService.NonExistentQueue': missing,
  Throttled: throttled,
  ThrottledException: throttled,
  RequestThrottled: throttled,
  RequestLimitExceeded: throttled,
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
};

/** For a call that failed. */
export function awsCallError(error: unknown, destination: string): AgentError {
  if (error instanceof AgentError) return error;
  const named = error instanceof Error ? rowOfName(byName, error.name) : undefined;
  return awsError(named ?? (systemCode(error) ? unreachable : trouble), destination, error);
}

/** For one entry of a batch; `code` is what the service calls it. */
export function awsEntryError(code: string | undefined, destination: string): AgentError {
  return awsError(rowOfName(byName, code ?? '') ?? trouble, destination);
}

export function tooLarge(maxBytes: number, destination: string): AgentError {
  const says = `takes at most ${Math.floor(maxBytes / 1024)} KiB, and this event is larger: a transform can make it smaller`;
  return awsError({ ...badEvent, says }, destination);
}

function awsError(row: DeliveryRow, destination: string, cause?: unknown): AgentError {
  return deliveryError(row, `destination ${destination}`, cause);
}
