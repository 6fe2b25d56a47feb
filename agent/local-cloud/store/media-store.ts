// What is kept of a stream and its media, and how the APIs that play it back read it. Times are milliseconds since 1970.
import type { Track } from '../../matroska/track.ts';

export type StoredStream = {
  name: string;
  arn: string;
  createdMs: number;
  /** Changes with every change of the stream's settings. */
  version: string;
  /** 0: media stays for five minutes or 200 MB, for GetMedia only. */
  retentionHours: number;
  deviceName?: string | undefined;
  mediaType?: string | undefined;
  kmsKeyId?: string | undefined;
  tags: Record<string, string>;
  /** Left out: HOT. */
  storageTier?: 'HOT' | 'WARM' | undefined;
  /** As UpdateImageGenerationConfiguration and UpdateNotificationConfiguration set them: only ever given back. */
  imageGeneration?: object | undefined;
  notification?: object | undefined;
};

export type StoredFragment = {
  streamName: string;
  /** 47 decimal digits; strictly increasing per stream, so text order is arrival order. */
  number: string;
  /** Producer timestamp of the cluster, absolute whether the session was ABSOLUTE or RELATIVE. */
  producerMs: number;
  /** Arrival of the first frame. */
  serverMs: number;
  /** Last timecode minus first timecode: without the last frame's duration, as KVS counts. */
  lengthMs: number;
  /** Size of the fragment's file. */
  bytes: number;
  frames: number;
  /** Add to a timecode found in the file to get the producer timestamp; 0 when the session was ABSOLUTE. */
  timelineMs: number;
  /** Equal for fragments with the same tracks and codec private data. */
  codecKey: string;
  tracks: readonly Track[];
};

/** Fragments that start within [fromMs, toMs], both inclusive, ordered by that time, then by number. */
export type FragmentQuery = {
  stream: string;
  by: 'producer' | 'server';
  fromMs: number;
  toMs: number;
  limit: number;
  /** Only what comes after this place in the order: the last fragment of the page before. */
  after?: { ms: number; number: string } | undefined;
};

/** What lists fragments throws a ServiceUnavailable while the index is being made again. */
export type MediaStore = {
  findStream(nameOrArn: string): StoredStream | undefined;
  fragments(query: FragmentQuery): StoredFragment[];
  /** The `count` fragments that arrived last, oldest of them first. */
  newest(stream: string, count: number): StoredFragment[];
  fragment(stream: string, number: string): StoredFragment | undefined;
  /** Up to `limit` fragments in order of arrival, from the first whose number is above this one; '' is before all. */
  arrivedAfter(stream: string, number: string, limit: number): StoredFragment[];
  /** Calls back when the stream has got a fragment or was deleted, until the returned function is called. */
  watch(stream: string, callback: () => void): () => void;
  /**
   * A Matroska file playable by itself: EBML header, Segment, Tracks, Tags with AWS_KINESISVIDEO_* entries, one cluster.
   * Rejects with a ResourceNotFoundException when retention, or somebody by hand, has removed the fragment meanwhile.
   */
  readFragment(fragment: StoredFragment): Promise<Uint8Array>;
};
