// The control plane: streams are made, described, listed and deleted. One namespace for all regions; the region
// a stream's ARN shows is the one its creator signed for.
import { z } from 'zod';
import { jsonOperation } from '../json-operation.ts';
import type { Route, RouteContext } from '../route.ts';
import type { StoredStream } from '../store/media-store.ts';
import type { Store } from '../store/store.ts';
import { requireStream, streamArn, streamName, streamReference } from '../stream-reference.ts';
import { WireError } from '../wire-error.ts';
import { decodeToken, encodeToken, listToken } from './page-token.ts';
import { deviceName, kmsKeyId, mediaType, retentionHours, storageConfiguration } from './stream-members.ts';
import { currentVersion, newVersion, requireVersion } from './stream-version.ts';
import { tagMap } from './tags.ts';

export type ControlContext = RouteContext & {
  store: Store;
  /** Where media goes, given the address the client called. Default: there. */
  dataEndpoint?: (origin: string) => string;
  /** Asked before a stream is made. Throws WireError when there are as many as there may be. */
  admitStream?: () => void;
};

const accountId = '000000000000';

const apiName = z.enum([
  'PUT_MEDIA',
  'GET_MEDIA',
  'LIST_FRAGMENTS',
  'GET_MEDIA_FOR_FRAGMENT_LIST',
  'GET_HLS_STREAMING_SESSION_URL',
  'GET_DASH_STREAMING_SESSION_URL',
  'GET_CLIP',
  'GET_IMAGES',
]);

const createRequest = z.object({
  StreamName: streamName,
  DeviceName: deviceName.optional(),
  MediaType: mediaType.optional(),
  KmsKeyId: kmsKeyId.optional(),
  DataRetentionInHours: retentionHours.default(0),
  Tags: tagMap.optional(),
  StreamStorageConfiguration: storageConfiguration.optional(),
});

const listRequest = z.object({
  MaxResults: z.int().min(1).max(10_000).default(10_000),
  NextToken: listToken.optional(),
  StreamNameCondition: z
    .object({ ComparisonOperator: z.enum(['BEGINS_WITH']).optional(), ComparisonValue: streamName.optional() })
    .optional(),
});

const deleteRequest = z.object({ StreamARN: streamArn, CurrentVersion: currentVersion.optional() });

export function streamRoutes(context: ControlContext): Route[] {
  const { store } = context;
  return [
    jsonOperation('/createStream', createRequest, async (input, { caller }) => {
      const stream = await store.exclusively(() => createStream(context, input, caller.region));
      return { StreamARN: stream.arn };
    }),
    jsonOperation('/describeStream', z.object(streamReference), input => ({
      StreamInfo: streamInfo(requireStream(store, input)),
    })),
    jsonOperation('/listStreams', listRequest, input => listStreams(store, input)),
    jsonOperation('/getDataEndpoint', z.object({ ...streamReference, APIName: apiName }), (input, { origin }) => {
      requireStream(store, input);
      return { DataEndpoint: context.dataEndpoint?.(origin) ?? origin };
    }),
    jsonOperation('/deleteStream', deleteRequest, input =>
      store.exclusively(async () => {
        const stream = requireStream(store, { StreamARN: input.StreamARN });
        requireVersion(stream, input.CurrentVersion);
        await store.removeStream(stream.name);
        return {};
      }),
    ),
  ];
}

async function createStream(
  { store, clock, random, admitStream }: ControlContext,
  input: z.output<typeof createRequest>,
  region: string,
): Promise<StoredStream> {
  if (store.findStream(input.StreamName))
    throw new WireError('ResourceInUseException', `The stream ${input.StreamName} already exists.`);
  admitStream?.();
  const createdMs = Math.round(clock.nowMs());
  const stream: StoredStream = {
    name: input.StreamName,
    arn: `arn:aws:kinesisvideo:${region}:${accountId}:stream/${input.StreamName}/${createdMs}`,
    createdMs,
    version: newVersion(random),
    retentionHours: input.DataRetentionInHours,
    deviceName: input.DeviceName,
    mediaType: input.MediaType,
    kmsKeyId: input.KmsKeyId ?? `arn:aws:kms:${region}:${accountId}:alias/aws/kinesisvideo`,
    tags: input.Tags ?? {},
    storageTier: input.StreamStorageConfiguration?.DefaultStorageTier,
  };
  await store.saveStream(stream);
  return stream;
}

function listStreams(store: Store, input: z.output<typeof listRequest>): object {
  const prefix = input.StreamNameCondition?.ComparisonValue ?? '';
  const list = `streams ${prefix}`;
  const after = input.NextToken ? decodeToken(list, z.string(), input.NextToken) : '';
  const matching = store.streams().filter(({ name }) => name.startsWith(prefix) && name > after);
  const page = matching.slice(0, input.MaxResults);
  const last = page.at(-1);
  return {
    StreamInfoList: page.map(streamInfo),
    ...(last && matching.length > page.length ? { NextToken: encodeToken(list, last.name) } : {}),
  };
}

function streamInfo(stream: StoredStream): object {
  return {
    DeviceName: stream.deviceName,
    StreamName: stream.name,
    StreamARN: stream.arn,
    MediaType: stream.mediaType,
    KmsKeyId: stream.kmsKeyId,
    Version: stream.version,
    Status: 'ACTIVE',
    CreationTime: stream.createdMs / 1000,
    DataRetentionInHours: stream.retentionHours,
  };
}
