// Frames in, fragments out, one part at a time so that whoever writes them can follow a fragment while it grows.
import type { Clock } from '../clock.ts';
import type { SourceItem } from '../source/source.ts';
import type { FragmentProblem } from './camera-problem.ts';
import { CameraSession } from './camera-session.ts';
import { CorrectedParts } from './corrected-parts.ts';
import { FragmentCutter } from './fragment-cutter.ts';
import type { FragmentPart } from './fragment-part.ts';
import { RecordedTimeline } from './recorded-timeline.ts';
import { Stamp } from './stamp.ts';
import { SteadyWall } from './steady-wall.ts';

export type FragmentOptions = {
  clock: Clock;
  cameraId: string;
  /**
   * Where producer timestamps come from: the arrival of frames, or for a recording, whose first frame was at `startMs`,
   * its own timeline. Default `arrival`.
   */
  timeline?: 'arrival' | { startMs: number };
  /** By how much `clock` has stepped because the time was learnt; left out: it does not step. */
  correctionMs?: () => number;
  /** Told of what is left out or lost while the stream goes on. */
  onProblem?: (problem: FragmentProblem) => void;
};

/**
 * Cuts a camera's frames into fragments that Kinesis Video Streams accepts; see FragmentCutter for the rules and Stamp
 * for the time. Whatever ends the stream, an open fragment gets its `end` first.
 * @throws AgentError with retry `never`: `camera-b-frames`, `camera-codec-unsupported`, `camera-no-video`; and whatever
 * `items` throws
 */
export async function* fragmentItems(
  items: AsyncIterable<SourceItem>,
  { clock, cameraId, timeline = 'arrival', correctionMs = () => 0, onProblem = () => {} }: FragmentOptions,
): AsyncGenerator<FragmentPart> {
  const corrected = new CorrectedParts(clock, correctionMs);
  const tell = (problem: FragmentProblem) => onProblem(corrected.problem(problem));
  const cutter = new FragmentCutter(cameraId, tell);
  const wall = new SteadyWall(corrected.clock);
  let session: CameraSession | undefined;
  try {
    for await (const item of items) {
      if (item.type !== 'frame') for (const part of cutter.end()) yield corrected.part(part);
      if (item.type === 'end') {
        session = undefined;
      } else if (item.type === 'tracks') {
        const stamp =
          timeline === 'arrival' ? new Stamp(corrected.clock, wall) : new RecordedTimeline(timeline.startMs);
        session = new CameraSession({ cameraId, stamp, tracks: item.tracks, onProblem: tell });
      } else {
        const frame = session?.frame(item.frame);
        // Not `yield*`, which takes twice as long when an asynchronous generator hands on a synchronous one.
        if (frame) for (const part of cutter.add(frame)) yield corrected.part(part);
      }
    }
  } catch (error) {
    for (const part of cutter.end()) yield corrected.part(part);
    throw error;
  }
  for (const part of cutter.end()) yield corrected.part(part);
}
