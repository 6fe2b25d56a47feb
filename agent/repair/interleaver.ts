// Puts the tracks of a session back in step: a track that passes through an encoder is later than one that does not, and
// fragments want their frames in the order of time. What is ahead waits for what is behind, for a while only.
import type { Clock } from '../clock.ts';
import type { Frame } from '../matroska/track.ts';

/** A track of the session. */
export type Lane = {
  number: number;
  /** Longest wait of one of its frames for the other tracks. */
  maxHoldMs: number;
  /** Whether a frame earlier than that may still come, soon. Left out: they come in step with the source. */
  owesBefore?: (timecodeMs: number) => boolean;
};

type Waiting = { frame: Frame; untilMs: number };

export class Interleaver {
  readonly #clock: Clock;
  readonly #lanes = new Map<number, Lane & { waiting: Waiting[] }>();

  constructor(clock: Clock, lanes: readonly Lane[]) {
    this.#clock = clock;
    for (const lane of lanes) this.#lanes.set(lane.number, { ...lane, waiting: [] });
  }

  push(frame: Frame): void {
    const lane = this.#lanes.get(frame.trackNumber);
    lane?.waiting.push({ frame, untilMs: this.#clock.monotonicMs() + lane.maxHoldMs });
  }

  /** The next frame that may go. */
  take(): Frame | undefined {
    const lane = this.#earliest();
    const [first] = lane?.waiting ?? [];
    if (!lane || !first) return undefined;
    if (first.untilMs > this.#clock.monotonicMs() && this.#isAwaited(first.frame.timecodeMs, lane.number))
      return undefined;
    lane.waiting.shift();
    return first.frame;
  }

  /** The next frame, whatever else may come: for the end of a session. */
  takeAny(): Frame | undefined {
    return this.#earliest()?.waiting.shift()?.frame;
  }

  /** Leaves out what has waited long enough. */
  dropDue(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const { waiting } of this.#lanes.values()) {
      while (waiting[0] && waiting[0].untilMs <= nowMs) waiting.shift();
    }
  }

  /** When a frame that waits now has waited long enough, monotonic. */
  get dueMs(): number | undefined {
    return this.#earliest()?.waiting[0]?.untilMs;
  }

  #isAwaited(timecodeMs: number, laneNumber: number): boolean {
    for (const { number, waiting, owesBefore } of this.#lanes.values()) {
      if (number !== laneNumber && waiting.length === 0 && owesBefore?.(timecodeMs)) return true;
    }
    return false;
  }

  #earliest(): { number: number; waiting: Waiting[] } | undefined {
    let earliest: { number: number; waiting: Waiting[] } | undefined;
    let earliestMs = Number.POSITIVE_INFINITY;
    for (const lane of this.#lanes.values()) {
      const timecodeMs = lane.waiting[0]?.frame.timecodeMs;
      if (timecodeMs === undefined || timecodeMs >= earliestMs) continue;
      earliest = lane;
      earliestMs = timecodeMs;
    }
    return earliest;
  }
}
