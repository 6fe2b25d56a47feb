// What PutMedia says while the body is open: one JSON object a line, well below the 1024 bytes the C producer's parser
// takes at once. Member names are those on the wire, which differ from AWS's documentation text.

const errorIds = {
  /** Named in KVS's quotas, which give it no number. AWS's C producer takes one it does not know for an unknown error. */
  MIN_FRAGMENT_DURATION_REACHED: 0,
  STREAM_READ_ERROR: 4000,
  MAX_FRAGMENT_SIZE_REACHED: 4001,
  MAX_FRAGMENT_DURATION_REACHED: 4002,
  MAX_CONNECTION_DURATION_REACHED: 4003,
  FRAGMENT_TIMECODE_LESSER_THAN_PREVIOUS: 4004,
  MORE_THAN_ONE_TRACK_FOUND: 4005,
  INVALID_MKV_DATA: 4006,
  INVALID_PRODUCER_TIMESTAMP: 4007,
  STREAM_NOT_ACTIVE: 4008,
  FRAGMENT_METADATA_LIMIT_REACHED: 4009,
  TRACK_NUMBER_MISMATCH: 4010,
  FRAMES_MISSING_FOR_TRACK: 4011,
  MORE_THAN_ALLOWED_TRACKS_FOUND: 4012,
  KMS_KEY_ACCESS_DENIED: 4500,
  KMS_KEY_DISABLED: 4501,
  KMS_KEY_VALIDATION_ERROR: 4502,
  KMS_KEY_UNAVAILABLE: 4503,
  KMS_KEY_INVALID_USAGE: 4504,
  KMS_KEY_INVALID_STATE: 4505,
  KMS_KEY_NOT_FOUND: 4506,
  STREAM_DELETED: 4507,
  INTERNAL_ERROR: 5000,
  ARCHIVAL_ERROR: 5001,
} as const;

export type AckErrorCode = keyof typeof errorIds;

/** Every id that KVS documents, those too that this server has no reason of its own to send. */
export const ackErrorIds: readonly number[] = Object.values(errorIds).filter(id => id > 0);

/** @throws TypeError for an id that is not in `ackErrorIds` */
export function ackErrorCode(id: number): AckErrorCode {
  for (const [code, codeId] of Object.entries(errorIds)) if (codeId === id) return code as AckErrorCode;
  throw new TypeError(`PutMedia has no error with the id ${id}`);
}

/** Times are in the cluster's own timeline, milliseconds. */
export type FragmentReference = { timecodeMs: number; number: string };

/** Ends a PutMedia session with an ERROR acknowledgement. */
export class AckError extends Error {
  override readonly name = 'AckError';
  readonly code: AckErrorCode;
  /** The fragment it is about, when that is not the one arriving. */
  readonly fragment: FragmentReference | undefined;

  constructor(code: AckErrorCode, { cause, fragment }: { cause?: unknown; fragment?: FragmentReference } = {}) {
    super(code, { cause });
    this.code = code;
    this.fragment = fragment;
  }
}

export type Ack =
  | { type: 'IDLE' }
  | { type: 'BUFFERING' | 'RECEIVED' | 'PERSISTED'; fragment: FragmentReference }
  | { type: 'ERROR'; code: AckErrorCode; fragment?: FragmentReference | undefined };

/** The line as it goes out. */
export function ackLine(ack: Ack): string {
  const fragment = 'fragment' in ack ? ack.fragment : undefined;
  return `${JSON.stringify({
    EventType: ack.type,
    ...(fragment ? { FragmentTimecode: fragment.timecodeMs, FragmentNumber: fragment.number } : {}),
    ...(ack.type === 'ERROR' ? { ErrorCode: ack.code, ErrorId: errorIds[ack.code] } : {}),
  })}\n`;
}
