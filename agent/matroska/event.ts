// What the reader finds in a Matroska stream, in stream order.
import type { Frame, Track } from './track.ts';

export type Tag = { name: string; value: string };

type Found =
  /** An EBML header. Every stream begins with one; a second one is the caller's business. */
  | { type: 'header'; docType: string }
  /** A segment begins. A second one is the caller's business too. */
  | { type: 'segment' }
  /** The video and audio tracks of one Tracks element; tracks of other types are left out. */
  | { type: 'tracks'; tracks: Track[] }
  /** A cluster whose timecode is known. */
  | { type: 'cluster'; timecodeMs: number }
  /** The track number may be one that no Tracks element declared. A laced block gives several, with equal offsets. */
  | { type: 'frame'; frame: Frame }
  | { type: 'tags'; tags: Tag[] };

/**
 * `offset`: first byte of the element in the stream. `endOffset`: just after the bytes the event was made from, for a
 * frame the end of its block, for a segment the end of the element's header, for a cluster the end of its timecode.
 */
export type MatroskaEvent = Found & { offset: number; endOffset: number };
