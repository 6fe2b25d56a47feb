// Every way DetectLabels can fail, as errors the owner can act on. The only place that knows the service's error names.
import { AgentError, type AgentErrorOptions, systemCode } from '../errors.ts';

type Row = Omit<AgentErrorOptions, 'cause'>;

const throttled: Row = {
  code: 'labels-throttled',
  kind: 'exhausted',
  retry: 'later',
  message:
    'Rekognition asks for fewer pictures a second. Raise everySeconds of the cameras, or the quota of the account.',
};
const denied: Row = {
  code: 'labels-denied',
  kind: 'denied',
  retry: 'later',
  message: 'The AWS credentials may not use Rekognition. Allow rekognition:DetectLabels for them.',
};
const unknownKey: Row = {
  code: 'labels-denied',
  kind: 'denied',
  retry: 'later',
  message:
    'Rekognition does not accept the AWS key. Check the key, its secret, and that the clock of this device is right.',
};
const noCredentials: Row = {
  code: 'labels-denied',
  kind: 'denied',
  retry: 'later',
  message: 'There are no AWS credentials. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or an AWS profile.',
};
const badPicture: Row = {
  code: 'labels-failed',
  kind: 'invalid',
  retry: 'never',
  message: 'Rekognition refused a picture. It is left out; the next one is sent.',
};
const unreachable: Row = {
  code: 'labels-failed',
  kind: 'unavailable',
  retry: 'later',
  message: 'Rekognition cannot be reached. Check the network, the region and the endpoint in the settings.',
};
const trouble: Row = {
  code: 'labels-failed',
  kind: 'unavailable',
  retry: 'later',
  message: 'Rekognition failed to answer. It is asked again after a pause.',
};

const byName: Record<string, Row> = {
  ThrottlingException: throttled,
  ProvisionedThroughputExceededException: throttled,
  LimitExceededException: throttled,
  AccessDeniedException: denied,
  UnrecognizedClientException: unknownKey,
  InvalidSignatureException: unknownKey,
  IncompleteSignatureException: unknownKey,
  MissingAuthenticationTokenException: unknownKey,
  ExpiredTokenException: unknownKey,
  RequestExpired: unknownKey,
  CredentialsProviderError: noCredentials,
  ImageTooLargeException: badPicture,
  InvalidImageFormatException: badPicture,
  InvalidParameterException: badPicture,
  TimeoutError: unreachable,
  InternalServerError: trouble,
};

export function rekognitionError(error: unknown): AgentError {
  const name = error instanceof Error ? error.name : '';
  const row = byName[name] ?? (systemCode(error) ? unreachable : trouble);
  return new AgentError({ ...row, cause: error });
}
