// What a session says first, and what may follow in it.
import { scanFragment } from '../matroska/scan.ts';
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

/** Whether the header sent for `record` also fits `next`. */
export function sharesHeader(record: FragmentRecord, next: FragmentRecord): boolean {
  return record.codecKey === next.codecKey && record.trackNumbers.join() === next.trackNumbers.join();
}
