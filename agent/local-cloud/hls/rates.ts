// How much of a stream there is in a second, for players that choose by it. Pure.
import type { StoredFragment } from '../store/media-store.ts';
import { mainTrackFrames, naturalLengthMs } from './fragment-span.ts';

/**
 * The most of any of the fragments; at least one. Undefined when it is not known: the index counts the frames of all
 * tracks, and of sound only AAC's packets are of a known length.
 */
export function framesPerSecond(fragments: readonly StoredFragment[]): number | undefined {
  const counted = fragments.every(({ tracks }) =>
    tracks.every(({ type, codecId }) => type === 'video' || codecId === 'A_AAC'),
  );
  if (!counted) return undefined;
  return Math.max(...fragments.map(fragment => (mainTrackFrames(fragment) * 1000) / naturalLengthMs(fragment)));
}

/** Of all tracks together, the most of any of the fragments; at least one. */
export function bitsPerSecond(fragments: readonly StoredFragment[]): number {
  return Math.max(...fragments.map(fragment => Math.ceil((fragment.bytes * 8000) / naturalLengthMs(fragment))));
}
