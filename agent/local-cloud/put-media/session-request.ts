// The headers of a PutMedia request.
import type { IncomingHttpHeaders } from 'node:http';
import { streamArn, streamName } from '../stream-reference.ts';
import { WireError } from '../wire-error.ts';

export type SessionRequest = {
  StreamName?: string | undefined;
  StreamARN?: string | undefined;
  /** Producer timestamp of timecode 0: 0 when timecodes are absolute. */
  timelineMs: number;
  /** The producer wants no news but bad news. */
  errorsOnly: boolean;
};

/** @throws WireError InvalidArgumentException */
export function parseSessionRequest(headers: IncomingHttpHeaders): SessionRequest {
  const startMs = producerStartMs(one(headers, 'x-amzn-producer-start-timestamp'));
  const timecodes = one(headers, 'x-amzn-fragment-timecode-type');
  if (timecodes !== 'ABSOLUTE' && timecodes !== 'RELATIVE')
    throw invalid('x-amzn-fragment-timecode-type', 'must be ABSOLUTE or RELATIVE');
  const name = one(headers, 'x-amzn-stream-name');
  const arn = one(headers, 'x-amzn-stream-arn');
  if (name !== undefined && !streamName.safeParse(name).success)
    throw invalid('x-amzn-stream-name', 'is no stream name');
  if (arn !== undefined && !streamArn.safeParse(arn).success) throw invalid('x-amzn-stream-arn', 'is no stream ARN');
  return {
    StreamName: name,
    StreamARN: arn,
    timelineMs: timecodes === 'RELATIVE' ? startMs : 0,
    errorsOnly: one(headers, 'x-amzn-fragment-acknowledgment-required') === '0',
  };
}

const secondsPattern = /^\d+(\.\d*)?$/;

/** Seconds with any number of decimals: the C producer sends milliseconds without their leading zeros. */
function producerStartMs(text: string | undefined): number {
  const ms = secondsPattern.test(text ?? '') ? Math.round(Number(text) * 1000) : Number.NaN;
  if (!Number.isSafeInteger(ms)) throw invalid('x-amzn-producer-start-timestamp', 'must be seconds since 1970');
  return ms;
}

function one(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

function invalid(header: string, problem: string): WireError {
  return new WireError('InvalidArgumentException', `The header ${header} ${problem}.`);
}
