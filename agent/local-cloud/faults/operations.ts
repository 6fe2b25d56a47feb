// Which operation a request is for, by AWS's name: what faults are planned for.
import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';

/** Operations of one stream each: they name it, or have a token that opens it. */
const ofStream = [
  ...['CreateStream', 'DescribeStream', 'UpdateStream', 'DeleteStream', 'UpdateDataRetention', 'GetDataEndpoint'],
  ...['TagStream', 'UntagStream', 'ListTagsForStream', 'TagResource', 'UntagResource', 'ListTagsForResource'],
  ...['DescribeImageGenerationConfiguration', 'UpdateImageGenerationConfiguration'],
  ...['DescribeNotificationConfiguration', 'UpdateNotificationConfiguration'],
  ...['DescribeStreamStorageConfiguration', 'UpdateStreamStorageConfiguration'],
  ...['PutMedia', 'GetMedia', 'GetMediaForFragmentList', 'ListFragments', 'GetClip', 'GetImages'],
  ...['GetHLSStreamingSessionURL', 'GetHLSMasterPlaylist', 'GetHLSMediaPlaylist', 'GetTSFragment'],
  ...['GetDASHStreamingSessionURL', 'GetDASHManifest', 'GetMP4InitFragment', 'GetMP4MediaFragment'],
];

const ofNone = ['ListStreams', 'DetectLabels'];

export const faultyOperations: readonly string[] = [...ofStream, ...ofNone];

export function concernsStream(operation: string): boolean {
  return ofStream.includes(operation);
}

export type AskedPath = { method: string | undefined; path: string; headers: IncomingHttpHeaders };

/** Undefined for what is no operation: the plan itself, a browser's question before one, a path that is not there. */
export function operationOf({ method, path, headers }: AskedPath): string | undefined {
  if (path.startsWith('/admin/') || method === 'OPTIONS') return undefined;
  const target = headers['x-amz-target'];
  const name =
    path === '/' && typeof target === 'string' ? target.split('.').at(-1) : path.split('/').at(-1)?.split('.')[0];
  const operation = name && `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`;
  return operation && faultyOperations.includes(operation) ? operation : undefined;
}

const reference = z.object({
  StreamName: z.string().optional().catch(undefined),
  StreamARN: z.string().optional().catch(undefined),
  ResourceARN: z.string().optional().catch(undefined),
});

/** The name of the stream a request is about, as far as its body tells. */
export function streamNamedIn(body: Uint8Array): string | undefined {
  const { StreamName, StreamARN, ResourceARN } = reference.safeParse(jsonOf(body)).data ?? {};
  return StreamName ?? (StreamARN ?? ResourceARN)?.split('/')[1];
}

/** The name of the stream a PutMedia request is about. */
export function streamNamedBy(headers: IncomingHttpHeaders): string | undefined {
  const [name, arn] = [headers['x-amzn-stream-name'], headers['x-amzn-stream-arn']];
  if (typeof name === 'string') return name;
  return typeof arn === 'string' ? arn.split('/')[1] : undefined;
}

function jsonOf(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString('utf8'));
  } catch {
    return undefined;
  }
}
