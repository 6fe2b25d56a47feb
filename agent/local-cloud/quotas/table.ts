// The quotas KVS has, as its developer guide states them ("Amazon Kinesis Video Streams service quotas",
// docs.aws.amazon.com/kinesisvideostreams/latest/dg/limits.html, read in November 2026). What holds always is not here:
// sizes, tracks and tags of fragments, connections of GetMedia and GetMediaForFragmentList, tags of streams.

export type RequestRate = {
  /** Where the operation is answered. */
  path: string;
  /** Requests a second, of all callers together. */
  perAccount?: number;
  /** Requests a second that name one stream. */
  perStream?: number;
};

export const requestRates = {
  CreateStream: { path: '/createStream', perAccount: 50 },
  DeleteStream: { path: '/deleteStream', perAccount: 50, perStream: 5 },
  DescribeStream: { path: '/describeStream', perAccount: 300, perStream: 5 },
  GetDataEndpoint: { path: '/getDataEndpoint', perAccount: 300, perStream: 5 },
  ListStreams: { path: '/listStreams', perAccount: 50 },
  ListTagsForStream: { path: '/listTagsForStream', perAccount: 50, perStream: 5 },
  TagStream: { path: '/tagStream', perAccount: 50, perStream: 5 },
  UntagStream: { path: '/untagStream', perAccount: 50, perStream: 5 },
  UpdateDataRetention: { path: '/updateDataRetention', perAccount: 50, perStream: 5 },
  UpdateStream: { path: '/updateStream', perAccount: 50, perStream: 5 },
  DescribeImageGenerationConfiguration: {
    path: '/describeImageGenerationConfiguration',
    perAccount: 50,
    perStream: 5,
  },
  UpdateImageGenerationConfiguration: { path: '/updateImageGenerationConfiguration', perAccount: 50, perStream: 5 },
  DescribeNotificationConfiguration: { path: '/describeNotificationConfiguration', perAccount: 50, perStream: 5 },
  UpdateNotificationConfiguration: { path: '/updateNotificationConfiguration', perAccount: 50, perStream: 5 },
  DescribeStreamStorageConfiguration: { path: '/describeStreamStorageConfiguration', perAccount: 50, perStream: 5 },
  UpdateStreamStorageConfiguration: { path: '/updateStreamStorageConfiguration', perAccount: 50, perStream: 5 },
  PutMedia: { path: '/putMedia', perStream: 5 },
  GetMedia: { path: '/getMedia', perStream: 5 },
  GetHLSStreamingSessionURL: { path: '/getHLSStreamingSessionURL', perStream: 25 },
  GetDASHStreamingSessionURL: { path: '/getDASHStreamingSessionURL', perStream: 25 },
} as const satisfies Record<string, RequestRate>;

/** Requests a second of one streaming session. */
export const sessionRates = {
  /** GetDASHManifestPlaylist in the guide's table of rates, GetDASHManifest in that of points. */
  GetDASHManifest: 5,
  GetHLSMasterPlaylist: 5,
  GetHLSMediaPlaylist: 5,
  GetMP4InitFragment: 5,
  GetMP4MediaFragment: 20,
  GetTSFragment: 20,
} as const;

/** Points a second of one stream, shared by everything that reads what it has stored. */
export const fragmentPoints = { FragmentMetadata: 10_000, FragmentMedia: 500 } as const;

/**
 * Of media as it flows: bytes and fragments a second, of a stream for PutMedia and of a connection for what is read. The
 * guide states them ("Bandwidth limit", "Maximum fragments sent per second") and not what a client sees of them.
 */
export const mediaRates = {
  PutMediaBandwidth: 12_500_000,
  PutMediaFragments: 5,
  GetMediaBandwidth: 25_000_000,
  GetMediaFragments: 5,
  GetMediaForFragmentListBandwidth: 25_000_000,
} as const;

/** "Minimum fragment duration: 1 second", answered with MIN_FRAGMENT_DURATION_REACHED. */
export const leastFragmentMs = 1000;

/** Streams of one account. */
export const maxStreams = 10_000;

/** A clip is of so many fragments at most, and costs a point of both kinds for each. */
export const maxClipFragments = 200;

/**
 * DetectLabels a second. An adjustable quota of the region: these are what Rekognition's guide named for years, not read
 * anew.
 */
export const detectLabelsRate = { large: 50, largeRegions: ['us-east-1', 'us-west-2', 'eu-west-1'], other: 5 } as const;

export type SessionOperation = keyof typeof sessionRates;
export const sessionOperations = Object.keys(sessionRates) as SessionOperation[];

export type QuotaName =
  | keyof typeof requestRates
  | SessionOperation
  | keyof typeof fragmentPoints
  | keyof typeof mediaRates
  | 'PutMediaFragmentDuration'
  | 'Streams'
  | 'PutMediaConnections'
  | 'DetectLabels';

/** Every quota there is, by the name it is switched with. */
export const quotaNames: readonly string[] = [
  ...Object.keys(requestRates),
  ...Object.keys(sessionRates),
  ...Object.keys(fragmentPoints),
  ...Object.keys(mediaRates),
  ...['PutMediaFragmentDuration', 'Streams', 'PutMediaConnections', 'DetectLabels'],
];

export function isQuotaName(name: string): name is QuotaName {
  return quotaNames.includes(name);
}
