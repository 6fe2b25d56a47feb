// Reads a fragment of which only the file is left, up to its last whole block: what a crash or a damaged card cut off is gone.
import { open, readFile } from 'node:fs/promises';
import { type FragmentScan, scanFragment } from '../matroska/scan.ts';
import { codecKeyOf, type NewFragment } from './fragment-tally.ts';
import { frameIntervalMs, mediaEndMs } from './media-end.ts';

/** A fragment read from its file, which does not tell what followed. */
export type Found = { fragment: NewFragment; intervalMs: number };

/**
 * Cuts the file after its last whole block and syncs it. Undefined when no frame of the fragment is whole. Rejects with the
 * system's error.
 */
export async function readWholeBlocks(cameraId: string, path: string, startMs: number): Promise<Found | undefined> {
  const bytes = await readFile(path);
  const scan = scanFragment(bytes);
  if (scan.startMs !== startMs || scan.lastMs === undefined) return undefined;
  await cutAndSync(path, scan.validBytes);
  const extent = { startMs, lastTimecodeMs: scan.lastMs, videoFrames: videoFrames(scan) };
  const fragment: NewFragment = {
    cameraId,
    startMs,
    endMs: mediaEndMs(extent),
    bytes: scan.validBytes,
    headerBytes: scan.headerBytes,
    frames: scan.frames.length,
    codecKey: codecKeyOf(bytes.subarray(0, scan.headerBytes)),
    trackNumbers: [...scan.frameCounts.keys()].sort((a, b) => a - b),
    state: 'waiting',
    sendBegun: true,
  };
  return { fragment, intervalMs: frameIntervalMs(extent) };
}

function videoFrames({ tracks, frameCounts }: FragmentScan): number {
  const video = tracks.find(track => track.type === 'video');
  return video ? (frameCounts.get(video.number) ?? 0) : 0;
}

async function cutAndSync(path: string, bytes: number): Promise<void> {
  const file = await open(path, 'r+');
  try {
    if ((await file.stat()).size > bytes) await file.truncate(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** The start of the next fragment when it follows within two frames: then nothing is missing between them. */
export function endBeforeNext({ fragment, intervalMs }: Found, starts: readonly number[]): number {
  const nextMs = starts.find(startMs => startMs > fragment.startMs);
  return nextMs !== undefined && Math.abs(nextMs - fragment.endMs) <= 2 * intervalMs ? nextMs : fragment.endMs;
}
