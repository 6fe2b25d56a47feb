// Frames in, fragments out, one part at a time so that whoever writes them can follow a fragment while it grows.
import type { Clock } from '../clock.ts';
import type { SourceItem } from '../source/source.ts';
import type { FragmentProblem } from './camera-problem.ts';
import { CameraSession } from './camera-session.ts';
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
  { clock, cameraId, timeline = 'arrival', onProblem = () => {} }: FragmentOptions,
): AsyncGenerator<FragmentPart> {
  const cutter = new FragmentCutter(cameraId, onProblem);
  const wall = new SteadyWall(clock);
  let session: CameraSession | undefined;
  try {
    for await (const item of items) {
      if (item.type === 'tracks') {
        yield* cutter.end();
        const stamp = timeline === 'arrival' ? new Stamp(clock, wall) : new RecordedTimeline(timeline.startMs);
        session = new CameraSession({ cameraId, stamp, tracks: item.tracks, onProblem });
      } else {
        const frame = session?.frame(item.frame);
        // Not `yield*`, which takes twice as long when an asynchronous generator hands on a synchronous one.
        if (frame) for (const part of cutter.add(frame)) yield part;
      }
    }
  } catch (error) {
    yield* cutter.end();
    throw error;
  }
  yield* cutter.end();
}
