// Every signed operation but PutMedia: what a good request for it looks like, and the errors AWS documents for it (its
// service models of November 2026).
import { below, oneOf, type Random } from '../target.ts';
import type { Media } from './media.ts';
import { mediaStartMs } from './media.ts';

export type Operation = {
  path: string;
  errors: readonly string[];
  /** Asked for this often, among the others; 1 when left out. */
  weight?: number;
  request(media: Media, random: Random): object;
};

const described = ['InvalidArgumentException', 'ResourceNotFoundException', 'ClientLimitExceededException'];
const read = [...described, 'NotAuthorizedException'];
const changed = [...read, 'ResourceInUseException', 'VersionMismatchException'];
const configured = [...described, 'AccessDeniedException', 'ResourceInUseException', 'NoDataRetentionException'];
const tagged = [...read, 'InvalidResourceFormatException', 'TagsPerResourceExceededLimitException'];
const resource = [...described, 'AccessDeniedException', 'TagsPerResourceExceededLimitException'];
const codecs = [
  ...['UnsupportedStreamMediaTypeException', 'NoDataRetentionException'],
  ...['MissingCodecPrivateDataException', 'InvalidCodecPrivateDataException'],
];

/** Changes go to a stream that nobody else needs. */
export const scratch = 'scratch';
const change = ({ scratch: { version } }: Media) => ({ StreamName: scratch, CurrentVersion: version });

const streamOf = (media: Media, random: Random) => ({
  // One in two has something that can be played.
  StreamName: oneOf(
    random() < 0.5 ? media.good : [...media.good, ...media.damaged, 'live', 'kept-nothing', 'empty', scratch],
    random,
  ),
});
const seconds = (random: Random) => mediaStartMs / 1000 + below(10, random) - 2 + below(1000, random) / 1000;
const range = (random: Random) => {
  const StartTimestamp = seconds(random);
  return { StartTimestamp, EndTimestamp: StartTimestamp + oneOf([1, 5, 60, 100_000], random) };
};
const clocks = ['PRODUCER_TIMESTAMP', 'SERVER_TIMESTAMP'];
const selector = (random: Random) => ({
  FragmentSelectorType: oneOf(clocks, random),
  TimestampRange: random() < 0.8 ? range(random) : { StartTimestamp: 0, EndTimestamp: Date.now() / 1000 - 1 },
});
const images = (random: Random) => ({
  ...{ ImageSelectorType: oneOf(clocks, random), SamplingInterval: oneOf([200, 3000], random) },
  ...{ Format: oneOf(['JPEG', 'PNG'], random), FormatConfig: { JPEGQuality: '70' }, WidthPixels: 64, HeightPixels: 48 },
});
const token = (position: unknown) => Buffer.from(JSON.stringify(position)).toString('base64');
const session = (random: Random, selectorName: string) => {
  const mode = oneOf(['LIVE', 'LIVE_REPLAY', 'ON_DEMAND'], random);
  return { PlaybackMode: mode, Expires: 300, ...(mode === 'LIVE' ? {} : { [selectorName]: selector(random) }) };
};

const operations: readonly Operation[] = [
  {
    path: '/createStream',
    errors: [
      ...described,
      'AccountStreamLimitExceededException',
      'DeviceStreamLimitExceededException',
      'ResourceInUseException',
      'InvalidDeviceException',
      'TagsPerResourceExceededLimitException',
    ],
    request: (_, random) => ({
      StreamName: oneOf([scratch, 'scratch-2', 'scratch-3'], random),
      ...{ DeviceName: 'd', MediaType: 'video/h264,audio/aac', KmsKeyId: 'key', DataRetentionInHours: 2 },
      ...{ Tags: { a: 'b' }, StreamStorageConfiguration: { DefaultStorageTier: 'HOT' } },
    }),
  },
  { path: '/describeStream', errors: read, request: streamOf },
  {
    path: '/listStreams',
    errors: read,
    request: (_, random) => ({
      MaxResults: oneOf([1, 5, 10_000], random),
      StreamNameCondition: {
        ComparisonOperator: 'BEGINS_WITH',
        ComparisonValue: oneOf(['d', 'x', 'damaged-1'], random),
      },
      ...(random() < 0.3 ? { NextToken: token('damaged-5') } : {}),
    }),
  },
  {
    path: '/deleteStream',
    errors: changed,
    request: ({ scratch: { arn, version } }) => ({ StreamARN: arn, CurrentVersion: version }),
  },
  {
    path: '/updateStream',
    errors: changed,
    request: media => ({ ...change(media), DeviceName: 'd', MediaType: 'video/h264' }),
  },
  {
    path: '/updateDataRetention',
    errors: changed,
    request: media => ({ ...change(media), Operation: 'INCREASE_DATA_RETENTION', DataRetentionChangeInHours: 1 }),
  },
  {
    path: '/getDataEndpoint',
    errors: read,
    request: (media, random) => ({ ...streamOf(media, random), APIName: 'GET_CLIP' }),
  },
  { path: '/tagStream', errors: tagged, request: () => ({ StreamName: scratch, Tags: { a: 'b', c: 'd' } }) },
  { path: '/untagStream', errors: tagged, request: () => ({ StreamName: scratch, TagKeyList: ['a', 'c'] }) },
  { path: '/listTagsForStream', errors: tagged, request: streamOf },
  {
    path: '/TagResource',
    errors: resource,
    request: media => ({ ResourceARN: media.scratch.arn, Tags: [{ Key: 'a', Value: 'b' }] }),
  },
  {
    path: '/UntagResource',
    errors: resource,
    request: media => ({ ResourceARN: media.scratch.arn, TagKeyList: ['a'] }),
  },
  { path: '/ListTagsForResource', errors: resource, request: media => ({ ResourceARN: media.scratch.arn }) },
  { path: '/describeImageGenerationConfiguration', errors: configured, request: streamOf },
  {
    path: '/updateImageGenerationConfiguration',
    errors: configured,
    request: (_, random) => ({
      StreamName: scratch,
      ImageGenerationConfiguration: {
        ...{ Status: 'ENABLED', DestinationConfig: { Uri: 's3://pictures', DestinationRegion: 'us-west-2' } },
        ...images(random),
      },
    }),
  },
  { path: '/describeNotificationConfiguration', errors: configured, request: streamOf },
  {
    path: '/updateNotificationConfiguration',
    errors: configured,
    request: () => ({
      StreamName: scratch,
      NotificationConfiguration: { Status: 'ENABLED', DestinationConfig: { Uri: 'sns:topic' } },
    }),
  },
  { path: '/describeStreamStorageConfiguration', errors: [...described, 'AccessDeniedException'], request: streamOf },
  {
    path: '/updateStreamStorageConfiguration',
    errors: [...changed, 'AccessDeniedException'],
    request: media => ({ ...change(media), StreamStorageConfiguration: { DefaultStorageTier: 'WARM' } }),
  },
  {
    path: '/getMedia',
    errors: [...read, 'InvalidEndpointException', 'ConnectionLimitExceededException'],
    weight: 2,
    request: (media, random) => ({
      ...streamOf(media, random),
      StartSelector: {
        StartSelectorType: oneOf(['FRAGMENT_NUMBER', 'NOW', 'EARLIEST', 'CONTINUATION_TOKEN', ...clocks], random),
        ...{ AfterFragmentNumber: oneOf(media.numbers, random), ContinuationToken: oneOf(media.numbers, random) },
        StartTimestamp: seconds(random),
      },
    }),
  },
  {
    path: '/listFragments',
    errors: [...read, 'NoDataRetentionException'],
    weight: 3,
    request: (media, random) => ({
      ...{ ...streamOf(media, random), MaxResults: oneOf([1, 5, 1000], random) },
      FragmentSelector: selector(random),
      ...(random() < 0.3
        ? {
            NextToken: token({
              by: 'server',
              fromMs: 0,
              toMs: 2e12,
              after: { ms: 1, number: oneOf(media.numbers, random) },
            }),
          }
        : {}),
    }),
  },
  {
    path: '/getMediaForFragmentList',
    errors: read,
    weight: 2,
    request: (media, random) => ({
      ...streamOf(media, random),
      Fragments: Array.from({ length: 1 + below(3, random) }, () => oneOf(media.numbers, random)),
    }),
  },
  {
    path: '/getClip',
    errors: [...read, ...codecs, 'InvalidMediaFrameException'],
    weight: 3,
    request: (media, random) => ({ ...streamOf(media, random), ClipFragmentSelector: selector(random) }),
  },
  {
    path: '/getHLSStreamingSessionURL',
    errors: [...read, ...codecs],
    weight: 3,
    request: (media, random) => ({
      ...{ ...streamOf(media, random), ...session(random, 'HLSFragmentSelector') },
      ContainerFormat: oneOf(['FRAGMENTED_MP4', 'MPEG_TS'], random),
      DiscontinuityMode: oneOf(['ALWAYS', 'NEVER', 'ON_DISCONTINUITY'], random),
      ...{ DisplayFragmentTimestamp: oneOf(['ALWAYS', 'NEVER'], random), MaxMediaPlaylistFragmentResults: 100 },
    }),
  },
  {
    path: '/getDASHStreamingSessionURL',
    errors: [...read, ...codecs],
    weight: 3,
    request: (media, random) => ({
      ...{ ...streamOf(media, random), ...session(random, 'DASHFragmentSelector') },
      ...{ DisplayFragmentTimestamp: 'ALWAYS', DisplayFragmentNumber: 'ALWAYS', MaxManifestFragmentResults: 100 },
    }),
  },
  {
    path: '/getImages',
    errors: [...read, 'NoDataRetentionException'],
    // A process each.
    weight: 0.1,
    request: (media, random) => ({
      ...{ ...streamOf(media, random), ...range(random), ...images(random) },
      ...{ MaxResults: 3, ...(random() < 0.3 ? { NextToken: token(below(20, random)) } : {}) },
    }),
  },
];

const total = operations.reduce((sum, { weight = 1 }) => sum + weight, 0);

export function anyOperation(random: Random): Operation {
  let left = random() * total;
  for (const operation of operations) {
    left -= operation.weight ?? 1;
    if (left < 0) return operation;
  }
  return oneOf(operations, random);
}
