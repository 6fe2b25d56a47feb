// Which fragments make up a clip, and where each begins in it. Pure.
import type { ArchiveRange } from '../archive-range.ts';
import { maxStretchMs, naturalLengthMs } from '../hls/fragment-span.ts';
import { withoutRepeats } from '../hls/timeline.ts';
import type { StoredFragment } from '../store/media-store.ts';

const maxFragments = 200;
const maxBytes = 100_000_000;
/** Longer holes are shortened: an MP4's sample lasts for 13 hours at most. */
const maxHoleMs = 12 * 3_600_000;

export type ClipFragment = {
  fragment: StoredFragment;
  /** Add to a timecode found in the fragment's file to get the clip's own time. */
  shiftMs: number;
};

/**
 * The first of them, up to what KVS puts into one clip. Of fragments with one producer timestamp the last to arrive counts;
 * by producer time, what begins within the one before is left out.
 * @param found in order of the range's time
 */
export function selectFragments(found: readonly StoredFragment[], by: ArchiveRange['by']): ClipFragment[] {
  const selected: ClipFragment[] = [];
  let bytes = 0;
  let last: { fragment: StoredFragment; startMs: number } | undefined;
  for (const fragment of withoutRepeats(found, by)) {
    if (last && by === 'producer' && fragment.producerMs <= last.fragment.producerMs + last.fragment.lengthMs) continue;
    bytes += fragment.bytes;
    if (selected.length === maxFragments || (bytes > maxBytes && selected.length > 0)) break;
    const startMs = last ? last.startMs + distanceMs(last.fragment, fragment, by) : fragment.producerMs;
    selected.push({ fragment, shiftMs: startMs - fragment.producerMs + fragment.timelineMs });
    last = { fragment, startMs };
  }
  return selected;
}

/**
 * From the start of one fragment to the start of the next. Holes stay as long as they were. Server times say when a
 * fragment came and not how long it plays: what came in a burst is put end to end.
 */
function distanceMs(fragment: StoredFragment, next: StoredFragment, by: ArchiveRange['by']): number {
  const naturalMs = naturalLengthMs(fragment);
  const producedMs = next.producerMs - fragment.producerMs;
  const follows = producedMs > fragment.lengthMs && producedMs <= naturalMs + maxStretchMs;
  if (by === 'producer' || follows) return Math.min(producedMs, naturalMs + maxHoleMs);
  return Math.min(Math.max(next.serverMs - fragment.serverMs, naturalMs), naturalMs + maxHoleMs);
}
