// Every error the embedded server answers with, by the name real clients know it under. One table: name → HTTP status.
// KVS sends the name in `x-amzn-ErrorType`, JSON 1.1 services in `__type`; old and new SDKs differ in which they read,
// so both are always sent.

const statusOf = {
  // Signature checks, the same for every AWS service.
  MissingAuthenticationTokenException: 403,
  IncompleteSignatureException: 400,
  UnrecognizedClientException: 403,
  InvalidSignatureException: 403,
  // Any JSON operation.
  SerializationException: 400,
  UnknownOperationException: 404,
  RequestEntityTooLargeException: 413,
  InternalFailure: 500,
  ServiceUnavailable: 503,
  // Kinesis Video Streams.
  ResourceNotFoundException: 404,
  NotAuthorizedException: 401,
  AccountStreamLimitExceededException: 400,
  ClientLimitExceededException: 400,
  ConnectionLimitExceededException: 400,
  InvalidArgumentException: 400,
  InvalidEndpointException: 400,
  InvalidResourceFormatException: 400,
  NoDataRetentionException: 400,
  ResourceInUseException: 400,
  TagsPerResourceExceededLimitException: 400,
  VersionMismatchException: 400,
  InvalidCodecPrivateDataException: 400,
  InvalidMediaFrameException: 400,
  MissingCodecPrivateDataException: 400,
  UnsupportedStreamMediaTypeException: 400,
  // Rekognition.
  AccessDeniedException: 400,
  ImageTooLargeException: 400,
  InvalidImageFormatException: 400,
  InvalidParameterException: 400,
  InvalidS3ObjectException: 400,
  ProvisionedThroughputExceededException: 400,
  ThrottlingException: 400,
  InternalServerError: 500,
} as const;

export type WireErrorType = keyof typeof statusOf;

/** 500 for names that are not in the table. */
export function statusOfError(name: string): number {
  const [, status = 500] = Object.entries(statusOf).find(([known]) => known === name) ?? [];
  return status;
}

/** Thrown by any handler; the listener turns it into the answer a client's SDK recognises. */
export class WireError extends Error {
  override readonly name = 'WireError';
  readonly type: WireErrorType;
  readonly status: number;

  constructor(type: WireErrorType, message: string) {
    super(message);
    this.type = type;
    this.status = statusOf[type];
  }
}
