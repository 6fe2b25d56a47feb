// Makes sure that a camera's stream exists and takes media.
import {
  CreateStreamCommand,
  DescribeStreamCommand,
  type KinesisVideoClient,
  ResourceInUseException,
  ResourceNotFoundException,
  type StreamInfo,
} from '@aws-sdk/client-kinesis-video';
import type { Clock } from '../clock.ts';
import { AgentError } from '../errors.ts';
import { serviceError } from './service-errors.ts';

export type Stream = {
  name: string;
  /** As the service has it. With 0 nothing is stored: fragments are never PERSISTED and cannot be listed. */
  retentionHours: number;
};

export type EnsureStreamOptions = { stream: string; retentionHours: number; signal: AbortSignal };

const pollMs = 1_000;
const polls = 60;

/** Creates the stream when it is missing and waits until it is active. Rejects with a `service-…` AgentError. */
export async function ensureStream(
  client: KinesisVideoClient,
  clock: Clock,
  { stream, retentionHours, signal }: EnsureStreamOptions,
): Promise<Stream> {
  for (let poll = 0; poll < polls; poll++) {
    // A stream just created is usually active at the next look.
    if (poll > 1) await clock.sleep(pollMs, signal);
    const info = await describe(client, stream, signal);
    if (info?.Status === 'ACTIVE' || info?.Status === 'UPDATING')
      return { name: stream, retentionHours: info.DataRetentionInHours ?? 0 };
    if (!info) await create(client, stream, retentionHours, signal);
  }
  throw new AgentError({
    code: 'service-stream-not-active',
    kind: 'unavailable',
    retry: 'later',
    message: `The stream ${stream} did not become active within a minute: look at it in the AWS console, it may be being deleted.`,
  });
}

async function describe(
  client: KinesisVideoClient,
  stream: string,
  signal: AbortSignal,
): Promise<StreamInfo | undefined> {
  try {
    const answer = await client.send(new DescribeStreamCommand({ StreamName: stream }), { abortSignal: signal });
    return answer.StreamInfo;
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return undefined;
    signal.throwIfAborted();
    throw serviceError(error, `look up the stream ${stream}`);
  }
}

async function create(
  client: KinesisVideoClient,
  stream: string,
  retentionHours: number,
  signal: AbortSignal,
): Promise<void> {
  const command = new CreateStreamCommand({
    StreamName: stream,
    MediaType: 'video/h264',
    DataRetentionInHours: retentionHours,
  });
  try {
    await client.send(command, { abortSignal: signal });
  } catch (error) {
    // Somebody else was faster: the next look finds it.
    if (error instanceof ResourceInUseException) return;
    signal.throwIfAborted();
    throw serviceError(error, `create the stream ${stream}`);
  }
}
