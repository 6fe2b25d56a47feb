// A fragment that is whole in memory, or was cut by a power failure: what is in it and how much of it is good.
import { AgentError } from '../errors.ts';
import type { MatroskaEvent } from './event.ts';
import { MatroskaReader } from './read.ts';
import type { Frame, Track } from './track.ts';

export type FragmentScan = {
  /** Empty when the bytes end before the Tracks element does. */
  tracks: Track[];
  /** Bytes of EBML header, Segment, Info and Tracks: where the first cluster, or its tags, begin. */
  headerBytes: number;
  /** First and last timecode of any track, in milliseconds; undefined without frames. */
  startMs?: number;
  lastMs?: number;
  /** In stream order. Their data are views of the scanned bytes. */
  frames: Frame[];
  /** Frames by track number; tracks without frames are left out. */
  frameCounts: Map<number, number>;
  /** Length of the prefix that ends with the last whole block (or with the header, when there is none). */
  validBytes: number;
  /** Why the scan ended before the bytes did. */
  error?: AgentError;
};

/** Reads as far as the bytes are good. Never throws for what they hold. */
export function scanFragment(bytes: Uint8Array): FragmentScan {
  const scan: FragmentScan = { tracks: [], headerBytes: 0, frames: [], frameCounts: new Map(), validBytes: 0 };
  const reader = new MatroskaReader({ borrowFrames: true });
  try {
    for (const event of reader.push(bytes)) addEvent(scan, event);
    reader.end();
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    scan.error = error;
  }
  return scan;
}

function addEvent(scan: FragmentScan, event: MatroskaEvent): void {
  if (event.type === 'tracks') {
    scan.tracks = event.tracks;
    scan.headerBytes = event.endOffset;
    scan.validBytes = event.endOffset;
  } else if (event.type === 'frame') {
    const { frame } = event;
    scan.frames.push(frame);
    scan.frameCounts.set(frame.trackNumber, (scan.frameCounts.get(frame.trackNumber) ?? 0) + 1);
    scan.startMs = Math.min(scan.startMs ?? frame.timecodeMs, frame.timecodeMs);
    scan.lastMs = Math.max(scan.lastMs ?? frame.timecodeMs, frame.timecodeMs);
    scan.validBytes = event.endOffset;
  }
}
