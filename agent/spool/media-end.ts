// Where a fragment ends when nothing followed it directly.

/** For a fragment of one frame: 25 frames a second, what most cameras send. */
const assumedFrameMs = 40;

export type MediaExtent = { startMs: number; lastTimecodeMs: number; videoFrames: number };

/** Mean distance of the video frames. */
export function frameIntervalMs({ startMs, lastTimecodeMs, videoFrames }: MediaExtent): number {
  if (videoFrames < 2) return assumedFrameMs;
  return Math.max(1, Math.round((lastTimecodeMs - startMs) / (videoFrames - 1)));
}

/** The last timecode plus one frame duration. */
export function mediaEndMs(extent: MediaExtent): number {
  return extent.lastTimecodeMs + frameIntervalMs(extent);
}
