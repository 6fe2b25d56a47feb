// Makes sure that a camera's stream exists and takes media, and tells where it differs from the settings.
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

/** A setting that only counts when the agent creates the stream, and what the stream has instead. */
export type StreamDrift = { setting: 'retentionHours' | 'kmsKeyId'; wanted: string; actual: string };

export type Stream = {
  name: string;
  /** As the service has it. With 0 nothing is stored: fragments are never PERSISTED and cannot be listed. */
  retentionHours: number;
  drift: StreamDrift[];
};

export type EnsureStreamOptions = {
  stream: string;
  retentionHours: number;
  kmsKeyId?: string | undefined;
  tags?: Record<string, string>;
  /** Asked only when the stream is created; left out: H.264 video. */
  mediaType?: () => Promise<string>;
  signal: AbortSignal;
};

const pollMs = 1_000;
const polls = 60;

/** Creates the stream when it is missing and waits until it is active. Rejects with a `service-…` AgentError. */
export async function ensureStream(
  client: KinesisVideoClient,
  clock: Clock,
  options: EnsureStreamOptions,
): Promise<Stream> {
  const { stream, signal } = options;
  for (let poll = 0; poll < polls; poll++) {
    // A stream just created is usually active at the next look.
    if (poll > 1) await clock.sleep(pollMs, signal);
    const info = await describe(client, stream, signal);
    if (info?.Status === 'ACTIVE' || info?.Status === 'UPDATING')
      return { name: stream, retentionHours: info.DataRetentionInHours ?? 0, drift: driftOf(options, info) };
    if (!info) await create(client, options);
  }
  throw new AgentError({
    code: 'service-stream-not-active',
    kind: 'unavailable',
    retry: 'later',
    message: `The stream ${stream} did not become active within a minute: look at it in the AWS console, it may be being deleted.`,
  });
}

/** Where an existing stream differs from what the settings would have made. Pure. */
export function driftOf(
  { retentionHours, kmsKeyId }: Pick<EnsureStreamOptions, 'retentionHours' | 'kmsKeyId'>,
  {
    DataRetentionInHours: actualHours = 0,
    KmsKeyId: actualKey = '',
  }: Pick<StreamInfo, 'DataRetentionInHours' | 'KmsKeyId'>,
): StreamDrift[] {
  const drift: StreamDrift[] = [];
  if (actualHours !== retentionHours)
    drift.push({ setting: 'retentionHours', wanted: String(retentionHours), actual: String(actualHours) });
  if (kmsKeyId !== undefined && !mayBeSameKey(kmsKeyId, actualKey))
    drift.push({ setting: 'kmsKeyId', wanted: kmsKeyId, actual: actualKey });
  return drift;
}

/** A key has an id, an ARN and aliases, and an alias does not say whose it is: only what must be different is. */
function mayBeSameKey(wanted: string, actual: string): boolean {
  const [name, other] = [wanted, actual].map(key =>
    key.replace(/^arn:[^/]*:(?=alias\/|key\/)/, '').replace(/^key\//, ''),
  );
  const isAlias = (key: string | undefined) => key?.startsWith('alias/');
  return name === other || (actual !== '' && isAlias(name) !== isAlias(other) && other !== 'alias/aws/kinesisvideo');
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

async function create(client: KinesisVideoClient, options: EnsureStreamOptions): Promise<void> {
  const { stream, retentionHours, kmsKeyId, tags = {}, mediaType, signal } = options;
  const command = new CreateStreamCommand({
    StreamName: stream,
    MediaType: (await mediaType?.()) ?? 'video/h264',
    DataRetentionInHours: retentionHours,
    ...(kmsKeyId === undefined ? {} : { KmsKeyId: kmsKeyId }),
    ...(Object.keys(tags).length === 0 ? {} : { Tags: tags }),
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
