// The boundary table of opening an HLS session: what the archive answers → AgentError. What every AWS service can
// answer stands in aws/service-errors.ts.
import type { PlaybackRequest } from '../../shared/api.ts';
import { serviceError } from '../aws/service-errors.ts';
import { AgentError, type AgentErrorOptions } from '../errors.ts';

type Row = Pick<AgentErrorOptions, 'code' | 'kind' | 'retry'> & {
  sentence: (stream: string, request: PlaybackRequest) => string;
};

const undecodable: Row = {
  code: 'service-failed',
  kind: 'invalid',
  retry: 'later',
  sentence: stream =>
    `AWS cannot make a video for browsers from the stream ${stream}: set the camera to H.264, and audio: aac or off.`,
};

const byName: Record<string, Row> = {
  // The service's word both for a stream that is not there and for one without video; its endpoint was just found.
  ResourceNotFoundException: {
    code: 'footage-missing',
    kind: 'unavailable',
    retry: 'later',
    sentence: (stream, { mode }) =>
      mode === 'LIVE'
        ? `AWS has received no video of ${stream} in the last 30 seconds. It plays again when the camera and the upload work.`
        : `AWS has no video of ${stream} at this time.`,
  },
  NoDataRetentionException: {
    code: 'footage-missing',
    kind: 'invalid',
    retry: 'never',
    sentence: stream => `The stream ${stream} keeps no video: set its data retention in AWS to at least one hour.`,
  },
  UnsupportedStreamMediaTypeException: undecodable,
  MissingCodecPrivateDataException: undecodable,
  InvalidCodecPrivateDataException: undecodable,
  InvalidMediaFrameException: undecodable,
};

/** The service's own words stay in the cause. */
export function sessionError(error: unknown, stream: string, request: PlaybackRequest): AgentError {
  const name = error instanceof Error ? error.name : '';
  const row = Object.hasOwn(byName, name) ? byName[name] : undefined;
  if (!row) return serviceError(error, `play the video of the stream ${stream}`);
  const { sentence, ...rest } = row;
  return new AgentError({ ...rest, message: sentence(stream, request), cause: error });
}
