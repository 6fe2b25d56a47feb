// A fragment on its way to the spool, in the order its bytes are written.
import type { Frame, Track } from '../matroska/track.ts';

/**
 * `begin` → one or more `frame` → `end`, then the next fragment. Frame timecodes are producer timestamps: absolute
 * milliseconds since 1970, strictly increasing per track; the first frame is a video key frame at `startMs`, and
 * `startMs` is later than every timecode of the fragment before it.
 * A camera that goes away in mid-fragment still gets its `end`.
 */
export type FragmentPart =
  | { type: 'begin'; tracks: Track[]; startMs: number }
  | { type: 'frame'; frame: Frame }
  | { type: 'end' /** Where the next fragment starts when it follows without a gap. */; nextStartMs?: number };
