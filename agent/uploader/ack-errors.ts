// Every error id an ack can carry: what it means and whether the fragment is sent again or set aside.
import { AgentError, type AgentErrorOptions } from '../errors.ts';
import type { Ack } from './acks.ts';

/** `retry`: the fragment is sent again in a new session. `set-aside`: it never will be taken; the next one is. */
export type AckVerdict = { action: 'retry' | 'set-aside'; error: AgentError };

type Row = Pick<AgentErrorOptions, 'code' | 'kind' | 'retry'> & {
  name: string;
  action: AckVerdict['action'];
  sentence: string;
};

function refused(name: string, sentence: string): Row {
  return { name, action: 'set-aside', code: 'service-rejected-fragment', kind: 'invalid', retry: 'now', sentence };
}

function key(name: string, sentence: string): Row {
  return { name, action: 'retry', code: 'service-encryption-key', kind: 'denied', retry: 'later', sentence };
}

function passing(name: string, row: Pick<Row, 'code' | 'retry' | 'sentence'>): Row {
  return { name, action: 'retry', kind: 'unavailable', ...row };
}

const keyAdvice = 'look at the key of this stream in the AWS KMS console.';
const reportAdvice = 'Please report this together with the log.';

const byId: Record<number, Row> = {
  4000: passing('STREAM_READ_ERROR', {
    code: 'service-session-ended',
    retry: 'now',
    sentence: 'AWS could not read the video to its end; it is sent again.',
  }),
  4001: refused(
    'MAX_FRAGMENT_SIZE_REACHED',
    "AWS takes fragments of at most 50 MB: lower the camera's bit rate or make its key frames more frequent.",
  ),
  4002: refused(
    'MAX_FRAGMENT_DURATION_REACHED',
    "AWS found a fragment too long: make the camera's key frames more frequent (one every 2 seconds is good).",
  ),
  4003: passing('MAX_CONNECTION_DURATION_REACHED', {
    code: 'service-session-ended',
    retry: 'now',
    sentence: 'AWS ended an upload that had lasted long; the next one continues it.',
  }),
  4004: refused('FRAGMENT_TIMECODE_LESSER_THAN_PREVIOUS', `AWS found time going back in the video. ${reportAdvice}`),
  4005: refused('MORE_THAN_ONE_TRACK_FOUND', 'AWS takes one track for this stream: set audio: off for the camera.'),
  4006: refused('INVALID_MKV_DATA', `AWS could not read a fragment. ${reportAdvice}`),
  4007: passing('INVALID_PRODUCER_TIMESTAMP', {
    code: 'service-failed',
    retry: 'later',
    sentence: "AWS refused the time of the upload: check that this device's clock is right.",
  }),
  4008: passing('STREAM_NOT_ACTIVE', {
    code: 'service-stream-not-active',
    retry: 'later',
    sentence: 'The stream is being changed or deleted, so AWS takes no video for it yet.',
  }),
  4009: refused('FRAGMENT_METADATA_LIMIT_REACHED', `AWS found too many tags on a fragment. ${reportAdvice}`),
  4010: refused('TRACK_NUMBER_MISMATCH', `AWS found a frame of a track that was not announced. ${reportAdvice}`),
  4011: refused('FRAMES_MISSING_FOR_TRACK', `AWS found a track without frames. ${reportAdvice}`),
  4012: refused('MORE_THAN_ALLOWED_TRACKS_FOUND', 'AWS takes at most three tracks: set audio: off for the camera.'),
  4500: key('KMS_KEY_ACCESS_DENIED', `AWS may not use the stream's encryption key: ${keyAdvice}`),
  4501: key('KMS_KEY_DISABLED', `The stream's encryption key is disabled: ${keyAdvice}`),
  4502: key('KMS_KEY_VALIDATION_ERROR', `AWS could not check the stream's encryption key: ${keyAdvice}`),
  4503: key('KMS_KEY_UNAVAILABLE', `The stream's encryption key is not available: ${keyAdvice}`),
  4504: key('KMS_KEY_INVALID_USAGE', `The stream's encryption key is not made for encryption: ${keyAdvice}`),
  4505: key('KMS_KEY_INVALID_STATE', `The stream's encryption key is in a state that forbids its use: ${keyAdvice}`),
  4506: key('KMS_KEY_NOT_FOUND', `The stream's encryption key does not exist: ${keyAdvice}`),
  4507: passing('STREAM_DELETED', {
    code: 'service-stream-missing',
    retry: 'later',
    sentence: 'The stream was deleted; it is created again at the next attempt.',
  }),
  5000: passing('INTERNAL_ERROR', {
    code: 'service-failed',
    retry: 'later',
    sentence: 'AWS had an internal error; the video is sent again.',
  }),
  5001: passing('ARCHIVAL_ERROR', {
    code: 'service-failed',
    retry: 'later',
    sentence: 'AWS could not store the video; it is sent again.',
  }),
};

/** Named by the limits page, which gives no number. */
const unnumbered: Row[] = [
  refused(
    'MIN_FRAGMENT_DURATION_REACHED',
    "AWS found a fragment shorter than it takes: make the camera's key frames less frequent (one every 2 seconds is good).",
  ),
];

const byName = new Map([...Object.values(byId), ...unnumbered].map(row => [row.name, row]));

/** What to do about an ERROR ack. One that is not in the table is taken for passing trouble. */
export function judgeAckError({ errorId, errorCode }: Ack): AckVerdict {
  const row = byId[errorId ?? 0] ?? byName.get(errorCode ?? '') ?? unknown(errorId, errorCode);
  const { action, sentence, code, kind, retry } = row;
  const cause = new Error(`ack error ${errorId ?? ''} ${errorCode ?? ''}`);
  return { action, error: new AgentError({ code, kind, retry, message: sentence, cause }) };
}

function unknown(errorId: number | undefined, errorCode: string | undefined): Row {
  return passing('', {
    code: 'service-failed',
    retry: 'later',
    sentence: `AWS reported error ${errorId ?? 'without a number'} (${errorCode ?? 'no name'}), which this agent does not know; the video is sent again.`,
  });
}
