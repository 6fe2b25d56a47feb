// The camera's timeline → wall time. ffmpeg counts from zero and says nothing of the time of day, so it is learnt from
// when frames arrive. Arrival is never early and often late (the first second comes in one late burst), so the true
// offset is the smallest of (arrival − pts) over a window. The stamps follow it slowly, 0.5 % of media time at most, and
// only step when the timeline itself stepped. What a step back would repeat is left to the caller, who knows the tracks.
import type { Clock } from '../clock.ts';
import type { SteadyWall } from './steady-wall.ts';

/** Share of media time by which stamps may run faster or slower than the camera to come closer to the truth. */
const slewRate = 0.005;
/** Beyond this, media time and arrival time do not belong together any more. */
const implausibleMs = 2000;
/** The smallest delay is looked for over one to two of these. */
const windowMs = 10_000;
/** A camera whose timestamps stand still this long has none. */
const stuckMs = 500;

type Seen = { ptsMs: number; monotonicMs: number /** When the pts last changed. */; changedMs: number };

/** One camera session's timeline. Make a new one when a session begins. */
export class Stamp {
  readonly #clock: Clock;
  readonly #wall: SteadyWall;
  /** Wall time − pts as stamped now; undefined before the first frame. */
  #offsetMs: number | undefined;
  /** The furthest point of the timeline on any track, and when it was reached. */
  #latestPtsMs = 0;
  #latestMonotonicMs = 0;
  readonly #seen = new Map<number, Seen>();
  #windowStartMs = 0;
  #windowMinMs = Number.POSITIVE_INFINITY;
  #previousMinMs = Number.POSITIVE_INFINITY;

  /** @param wall shared by all sessions of a camera, so that a new one does not begin before the last one ended */
  constructor(clock: Clock, wall: SteadyWall) {
    this.#clock = clock;
    this.#wall = wall;
  }

  /**
   * Wall time in milliseconds, not rounded, of a frame that has just arrived. Continuous as long as the camera's
   * timeline is: a hole in it that the arrivals show too becomes a hole of the same length. When the timeline jumps,
   * stamps begin anew at the arrival; when it stands still, they are the arrival; when it stays behind the clock for a
   * whole window (a late camera, or a clock that was set forward), they step forward at the next frame that `mayStep`:
   * a step within a fragment would tear it, and lose video up to the next key frame.
   */
  stampMs(trackNumber: number, ptsMs: number, mayStep = true): number {
    const nowMs = this.#wall.nowMs();
    const monotonicMs = this.#clock.monotonicMs();
    const delayMs = nowMs - ptsMs;
    const timeline = this.#follow(trackNumber, ptsMs, monotonicMs);
    if (timeline === 'still') return nowMs;
    if (this.#offsetMs === undefined || timeline === 'jumped') return this.#anchor(delayMs, ptsMs, monotonicMs);
    // Sound may be on the old timeline for a moment when the picture is on a new one.
    if (ptsMs - this.#latestPtsMs - (monotonicMs - this.#latestMonotonicMs) > implausibleMs) return nowMs;
    this.#addDelay(delayMs, monotonicMs);
    const errorMs = Math.min(this.#windowMinMs, this.#previousMinMs) - this.#offsetMs;
    const slewMs = slewRate * Math.max(0, ptsMs - this.#latestPtsMs);
    if (ptsMs > this.#latestPtsMs) {
      this.#latestPtsMs = ptsMs;
      this.#latestMonotonicMs = monotonicMs;
    }
    this.#offsetMs += errorMs > implausibleMs && mayStep ? errorMs : Math.max(-slewMs, Math.min(slewMs, errorMs));
    return ptsMs + this.#offsetMs;
  }

  #anchor(delayMs: number, ptsMs: number, monotonicMs: number): number {
    this.#offsetMs = delayMs;
    this.#latestPtsMs = ptsMs;
    this.#latestMonotonicMs = monotonicMs;
    this.#windowStartMs = monotonicMs;
    this.#windowMinMs = delayMs;
    this.#previousMinMs = delayMs;
    return ptsMs + delayMs;
  }

  /** How the track's timeline went on since its frame before this one. */
  #follow(trackNumber: number, ptsMs: number, monotonicMs: number): 'on' | 'jumped' | 'still' {
    const before = this.#seen.get(trackNumber);
    const changedMs = before?.ptsMs === ptsMs ? before.changedMs : monotonicMs;
    this.#seen.set(trackNumber, { ptsMs, monotonicMs, changedMs });
    if (!before) return 'on';
    const stepMs = ptsMs - before.ptsMs;
    // A hole in the stream also takes its time to pass; frames after a stall arrive fast but with small steps.
    const aheadMs = stepMs - (monotonicMs - before.monotonicMs);
    if (stepMs < -implausibleMs || aheadMs > implausibleMs) return 'jumped';
    return monotonicMs - changedMs > stuckMs ? 'still' : 'on';
  }

  #addDelay(delayMs: number, monotonicMs: number): void {
    if (monotonicMs - this.#windowStartMs >= windowMs) {
      this.#windowStartMs = monotonicMs;
      this.#previousMinMs = this.#windowMinMs;
      this.#windowMinMs = delayMs;
    } else {
      this.#windowMinMs = Math.min(this.#windowMinMs, delayMs);
    }
  }
}
