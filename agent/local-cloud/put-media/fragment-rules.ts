// What KVS demands of a fragment, as it arrives. Pure checks; each throws the AckError KVS answers with.
import type { Tag } from '../../matroska/event.ts';
import type { Frame, Track } from '../../matroska/track.ts';
import { AckError, type FragmentReference } from './ack.ts';

const maxTracks = 3;
const maxFragmentBytes = 50_000_000;
const maxFragmentMs = 20_000;
const maxTags = 10;
const maxTagNameBytes = 128;
const maxTagValueBytes = 256;
/** The end of the year 9999. */
const maxProducerMs = 253_402_300_799_999;

/** Says that the open fragment is complete; not kept. */
export const endOfFragmentTag = 'AWS_KINESISVIDEO_END_OF_FRAGMENT';

/** The service's own tags that a producer may send. All other names beginning with AWS are reserved. */
const serviceTags = new Set([
  endOfFragmentTag,
  'AWS_KINESISVIDEO_IMAGE_GENERATION',
  'AWS_KINESISVIDEO_IMAGE_PREFIX',
  'AWS_KINESISVIDEO_NOTIFICATION',
]);

export function checkTracks(tracks: readonly Track[]): void {
  if (tracks.length > maxTracks) throw new AckError('MORE_THAN_ALLOWED_TRACKS_FOUND');
  const numbers = new Set(tracks.map(track => track.number));
  if (tracks.length === 0 || numbers.size < tracks.length) throw new AckError('INVALID_MKV_DATA');
}

/** @param tags all tags of one fragment */
export function checkTags(tags: readonly Tag[]): void {
  const refused = tags.some(
    ({ name, value }) =>
      Buffer.byteLength(name) > maxTagNameBytes ||
      Buffer.byteLength(value) > maxTagValueBytes ||
      (name.startsWith('AWS') && !serviceTags.has(name)),
  );
  if (refused || tags.length > maxTags) throw new AckError('FRAGMENT_METADATA_LIMIT_REACHED');
}

export function checkProducerTime(producerMs: number): void {
  if (!(producerMs >= 0 && producerMs <= maxProducerMs)) throw new AckError('INVALID_PRODUCER_TIMESTAMP');
}

export function checkSize(clusterBytes: number): void {
  if (clusterBytes > maxFragmentBytes) throw new AckError('MAX_FRAGMENT_SIZE_REACHED');
}

/** What is known of a fragment after some of its frames. */
export type Progress = {
  clusterMs: number;
  firstMs: number;
  lastMs: number;
  frames: number;
  seenTracks: ReadonlySet<number>;
};

export function beginFragment(clusterMs: number): Progress {
  return { clusterMs, firstMs: Infinity, lastMs: -Infinity, frames: 0, seenTracks: new Set() };
}

/**
 * The progress after one more frame.
 * @param previousLastMs latest timecode of the fragment before, in this session
 */
export function addFrame(
  progress: Progress,
  { trackNumber, timecodeMs, keyFrame }: Frame,
  { tracks, previousLastMs }: { tracks: readonly Track[]; previousLastMs: number },
): Progress {
  const track = tracks.find(({ number }) => number === trackNumber);
  if (!track) throw new AckError('TRACK_NUMBER_MISMATCH');
  if (timecodeMs <= previousLastMs || progress.clusterMs <= previousLastMs)
    throw new AckError('FRAGMENT_TIMECODE_LESSER_THAN_PREVIOUS');
  const first = !progress.seenTracks.has(trackNumber);
  // Nobody could play it: KVS documents that each fragment begins with a key frame, without an error id of its own.
  if (first && track.type === 'video' && !keyFrame) throw new AckError('INVALID_MKV_DATA');
  const next = {
    ...progress,
    firstMs: Math.min(progress.firstMs, timecodeMs),
    lastMs: Math.max(progress.lastMs, timecodeMs),
    frames: progress.frames + 1,
    seenTracks: first ? new Set([...progress.seenTracks, trackNumber]) : progress.seenTracks,
  };
  if (next.lastMs - next.firstMs > maxFragmentMs) throw new AckError('MAX_FRAGMENT_DURATION_REACHED');
  return next;
}

/**
 * A fragment lasts until the next begins: only then it is known to be too short.
 * @throws AckError about the fragment before
 */
export function checkDuration(
  before: { clusterMs: number; reference: FragmentReference } | undefined,
  clusterMs: number,
  leastMs = 0,
): void {
  const durationMs = before ? clusterMs - before.clusterMs : Infinity;
  // What goes back in time has an error of its own.
  if (before && durationMs > 0 && durationMs < leastMs)
    throw new AckError('MIN_FRAGMENT_DURATION_REACHED', { fragment: before.reference });
}

export function checkComplete({ seenTracks }: Progress, tracks: readonly Track[]): void {
  if (tracks.some(({ number }) => !seenTracks.has(number))) throw new AckError('FRAMES_MISSING_FOR_TRACK');
}
