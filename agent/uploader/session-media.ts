// What a session says first, and what may follow in it.
import { scanFragment } from '../matroska/scan.ts';
import type { Track } from '../matroska/track.ts';
import { writeHeader, writeTags } from '../matroska/write.ts';
import type { FragmentRecord } from '../spool/fragment-record.ts';

/** Tells the service that the open fragment is whole, so that it is stored although nothing follows yet. */
export const endOfFragment = writeTags([{ name: 'AWS_KINESISVIDEO_END_OF_FRAGMENT', value: '' }]);

/**
 * The header of a session that begins with this fragment: its own, without the tracks it has no frames for, which the
 * service would refuse (4011).
 */
export function sessionHeader(record: FragmentRecord, file: Uint8Array): Uint8Array {
  const header = file.subarray(0, record.headerBytes);
  const { tracks } = scanFragment(header);
  if (tracks.length === record.trackNumbers.length) return header;
  return writeHeader(tracks.filter(track => record.trackNumbers.includes(track.number)));
}

/** The cluster: all that follows the header. */
export function clusterOf(record: FragmentRecord, file: Uint8Array): Uint8Array {
  return file.subarray(record.headerBytes);
}

type Declared = { codecKey: string; trackNumbers: readonly number[] };

/** Whether the header sent for `record` also fits `next`. */
export function sharesHeader(record: Declared, next: Declared): boolean {
  return record.codecKey === next.codecKey && record.trackNumbers.join() === next.trackNumbers.join();
}

/** What a stream made for these tracks says it holds, as IANA names it; players and the AWS console go by it. */
export function mediaTypeOf(tracks: readonly Track[]): string {
  const names = tracks.map(({ codecId }) => mediaTypes[codecId]).filter(name => name !== undefined);
  return names.join(',') || 'video/h264';
}

const mediaTypes: Record<string, string> = {
  'V_MPEG4/ISO/AVC': 'video/h264',
  'V_MPEGH/ISO/HEVC': 'video/h265',
  A_AAC: 'audio/aac',
};
