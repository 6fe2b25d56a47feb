// The control plane: streams are made, described, listed, changed and deleted. One namespace for all regions; the region
// a stream's ARN shows is the one its creator signed for.
import { z } from 'zod';
import { jsonOperation } from '../json-operation.ts';
import type { Route, RouteContext } from '../route.ts';
import type { StoredStream } from '../store/media-store.ts';
import type { Store } from '../store/store.ts';
import { requireStream, streamArn, streamName, streamReference } from '../stream-reference.ts';
import { WireError } from '../wire-error.ts';
import { decodeToken, encodeToken } from './page-token.ts';
import { tagMap } from './tags.ts';

export type ControlContext = RouteContext & {
  store: Store;
  /** Where media goes, given the address the client called. Default: there. */
  dataEndpoint?: (origin: string) => string;
};

const accountId = '000000000000';
const maxRetentionHours = 87_600;
const retentionHours = z.int().min(0).max(maxRetentionHours);
const mediaType = z
  .string()
  .max(128)
  .regex(/^[\w.+-]+\/[\w.+-]+(,[\w.+-]+\/[\w.+-]+)*$/, 'must be a media type such as video/h264');

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
  DeviceName: z
    .string()
    .regex(/^[a-zA-Z0-9_.-]{1,128}$/)
    .optional(),
  MediaType: mediaType.optional(),
  KmsKeyId: z.string().min(1).max(2048).optional(),
  DataRetentionInHours: retentionHours.default(0),
  Tags: tagMap.default({}),
});

const listRequest = z.object({
  MaxResults: z.int().min(1).max(10_000).default(10_000),
  NextToken: z.string().max(512).optional(),
  StreamNameCondition: z
    .object({ ComparisonOperator: z.literal('BEGINS_WITH').default('BEGINS_WITH'), ComparisonValue: streamName })
    .optional(),
});

const currentVersion = z.string().regex(/^[a-zA-Z0-9]{1,64}$/);
const deleteRequest = z.object({ StreamARN: streamArn, CurrentVersion: currentVersion.optional() });
const retentionRequest = z.object({
  ...streamReference,
  CurrentVersion: currentVersion,
  Operation: z.enum(['INCREASE_DATA_RETENTION', 'DECREASE_DATA_RETENTION']),
  DataRetentionChangeInHours: z.int().min(1),
});

export function streamRoutes(context: ControlContext): Route[] {
  const { store } = context;
  return [
    jsonOperation('/createStream', createRequest, async (input, { caller }) => {
      const stream = await createStream(context, input, caller.region);
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
    jsonOperation('/deleteStream', deleteRequest, async input => {
      const stream = requireStream(store, { StreamARN: input.StreamARN });
      requireVersion(stream, input.CurrentVersion);
      await store.removeStream(stream.name);
      return {};
    }),
    jsonOperation('/updateDataRetention', retentionRequest, async input => {
      const stream = requireStream(store, input);
      requireVersion(stream, input.CurrentVersion);
      await store.saveStream({ ...stream, ...changedRetention(stream, input), version: newVersion(context.random) });
      return {};
    }),
  ];
}

async function createStream(
  { store, clock, random }: ControlContext,
  input: z.output<typeof createRequest>,
  region: string,
): Promise<StoredStream> {
  if (store.findStream(input.StreamName))
    throw new WireError('ResourceInUseException', `The stream ${input.StreamName} already exists.`);
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
    tags: input.Tags,
  };
  await store.saveStream(stream);
  return stream;
}

function listStreams(store: Store, input: z.output<typeof listRequest>): object {
  const prefix = input.StreamNameCondition?.ComparisonValue ?? '';
  const after = input.NextToken === undefined ? '' : decodeToken(z.string(), input.NextToken);
  const matching = store.streams().filter(({ name }) => name.startsWith(prefix) && name > after);
  const page = matching.slice(0, input.MaxResults);
  const last = page.at(-1);
  return {
    StreamInfoList: page.map(streamInfo),
    ...(last && matching.length > page.length ? { NextToken: encodeToken(last.name) } : {}),
  };
}

function changedRetention(
  { retentionHours }: StoredStream,
  change: z.output<typeof retentionRequest>,
): { retentionHours: number } {
  const sign = change.Operation === 'INCREASE_DATA_RETENTION' ? 1 : -1;
  const hours = retentionHours + sign * change.DataRetentionChangeInHours;
  if (hours >= 0 && hours <= maxRetentionHours) return { retentionHours: hours };
  throw new WireError(
    'InvalidArgumentException',
    `The data retention would be ${hours} hours; it must be from 0 to ${maxRetentionHours}.`,
  );
}

function requireVersion(stream: StoredStream, version: string | undefined): void {
  if (version !== undefined && version !== stream.version)
    throw new WireError('VersionMismatchException', `The stream's version is ${stream.version}, not ${version}.`);
}

function newVersion(random: () => number): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
  return Array.from({ length: 20 }, () => letters[Math.floor(random() * letters.length)]).join('');
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
