// Opens HLS sessions of what the service has stored: live, or a range of producer time. Every fragment in the playlist
// carries its producer timestamp, so the player knows which label belongs to which picture.
import {
  GetHLSStreamingSessionURLCommand,
  type GetHLSStreamingSessionURLInput,
  KinesisVideoArchivedMediaClient,
} from '@aws-sdk/client-kinesis-video-archived-media';
import type { PlaybackAnswer, PlaybackRequest } from '../../shared/api.ts';
import { type Aws, clientOptions } from '../aws/aws.ts';
import type { KinesisVideo } from '../aws/kinesis-video.ts';
import type { Clock } from '../clock.ts';
import { AgentError } from '../errors.ts';
import { sessionError } from './session-errors.ts';

export type CloudSessionsOptions = {
  aws: Aws;
  service: Pick<KinesisVideo, 'dataEndpoint' | 'forgetEndpoints'>;
  clock: Clock;
};

/** The longest KVS allows: its default of five minutes stops the picture of anyone who watches longer. */
const expiresSeconds = 12 * 3600;
/** KVS's limit of fragments in one playlist. */
const maxFragments = 5_000;

export class CloudSessions {
  readonly #options: CloudSessionsOptions;

  constructor(options: CloudSessionsOptions) {
    this.#options = options;
  }

  /**
   * Throws AgentError `footage-missing` when the service has no video to play: for LIVE in the last 30 seconds, for
   * ON_DEMAND in the range; otherwise `service-…`, or the signal's reason.
   */
  async open(stream: string, request: PlaybackRequest, signal: AbortSignal): Promise<PlaybackAnswer> {
    try {
      return await this.#openOnce(stream, request, signal);
    } catch (error) {
      if (!(error instanceof AgentError) || error.code !== 'service-endpoint-moved') throw error;
      this.#options.service.forgetEndpoints(stream);
      return await this.#openOnce(stream, request, signal);
    }
  }

  async #openOnce(stream: string, request: PlaybackRequest, signal: AbortSignal): Promise<PlaybackAnswer> {
    const { aws, service, clock } = this.#options;
    const endpoint = await service.dataEndpoint(stream, 'GET_HLS_STREAMING_SESSION_URL', signal);
    const client = new KinesisVideoArchivedMediaClient({ ...clientOptions(aws), endpoint });
    const expiresAtMs = clock.nowMs() + expiresSeconds * 1000;
    try {
      const command = new GetHLSStreamingSessionURLCommand(sessionInput(stream, request));
      const { HLSStreamingSessionURL: url } = await client.send(command, { abortSignal: signal });
      if (url === undefined || !URL.canParse(url)) throw new Error('The answer names no session');
      return { url, expiresAtMs };
    } catch (error) {
      signal.throwIfAborted();
      throw sessionError(error, stream, request);
    } finally {
      client.destroy();
    }
  }
}

function sessionInput(stream: string, request: PlaybackRequest): GetHLSStreamingSessionURLInput {
  const common = {
    StreamName: stream,
    ContainerFormat: 'FRAGMENTED_MP4',
    // A camera that was away leaves a gap; marked, the player jumps it and keeps wall time right.
    DiscontinuityMode: 'ON_DISCONTINUITY',
    DisplayFragmentTimestamp: 'ALWAYS',
    Expires: expiresSeconds,
  } as const;
  if (request.mode === 'LIVE')
    return { ...common, PlaybackMode: 'LIVE', HLSFragmentSelector: { FragmentSelectorType: 'PRODUCER_TIMESTAMP' } };
  return {
    ...common,
    PlaybackMode: 'ON_DEMAND',
    HLSFragmentSelector: {
      FragmentSelectorType: 'PRODUCER_TIMESTAMP',
      TimestampRange: { StartTimestamp: new Date(request.startMs), EndTimestamp: new Date(request.endMs) },
    },
    MaxMediaPlaylistFragmentResults: fragmentsIn(request.endMs - request.startMs),
  };
}

/** Fragments last at least a second. The service counts what is asked for, not what it finds, against its quota. */
function fragmentsIn(rangeMs: number): number {
  return Math.min(maxFragments, Math.max(1, Math.ceil(rangeMs / 1000) + 1));
}
