// Which fragments of a range the service has stored.
import {
  KinesisVideoArchivedMediaClient,
  type Fragment as ListedFragment,
  ListFragmentsCommand,
} from '@aws-sdk/client-kinesis-video-archived-media';
import { type Aws, clientOptions } from './aws.ts';
import { serviceError } from './service-errors.ts';

export type StoredFragment = {
  /** Producer timestamp. */
  startMs: number;
  fragmentNumber: string;
  /** As the service measured it. */
  lengthMs?: number;
};

export type ListFragmentsOptions = {
  stream: string;
  /** First and last producer timestamp, both included. */
  fromMs: number;
  toMs: number;
  signal: AbortSignal;
};

const pageSize = 1_000;

/** All pages, in no order. Rejects with a `service-…` AgentError. */
export async function listFragments(
  aws: Aws,
  endpoint: string,
  { stream, fromMs, toMs, signal }: ListFragmentsOptions,
): Promise<StoredFragment[]> {
  const client = new KinesisVideoArchivedMediaClient({ ...clientOptions(aws), endpoint });
  const stored: StoredFragment[] = [];
  try {
    let nextToken: string | undefined;
    do {
      const command = new ListFragmentsCommand({
        StreamName: stream,
        MaxResults: pageSize,
        NextToken: nextToken,
        FragmentSelector: {
          FragmentSelectorType: 'PRODUCER_TIMESTAMP',
          // A millisecond more on both sides: timestamps travel as fractions of seconds.
          TimestampRange: { StartTimestamp: new Date(fromMs - 1), EndTimestamp: new Date(toMs + 1) },
        },
      });
      const page = await client.send(command, { abortSignal: signal });
      stored.push(...(page.Fragments ?? []).map(toStored).filter(fragment => fragment !== undefined));
      nextToken = page.NextToken;
    } while (nextToken !== undefined);
    return stored;
  } catch (error) {
    signal.throwIfAborted();
    throw serviceError(error, `list what the stream ${stream} holds`);
  } finally {
    client.destroy();
  }
}

function toStored(listed: ListedFragment): StoredFragment | undefined {
  const { FragmentNumber: fragmentNumber, ProducerTimestamp: start, FragmentLengthInMilliseconds: lengthMs } = listed;
  if (fragmentNumber === undefined || start === undefined) return undefined;
  return { startMs: start.getTime(), fragmentNumber, ...(lengthMs === undefined ? {} : { lengthMs }) };
}
