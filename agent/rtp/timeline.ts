// RTP timestamps of a session's tracks, 32 bits at rates of their own → one timeline in milliseconds. The first track leads
// and is never corrected. Another begins where RTP-Info says, or at the arrival of its first packet, and follows the leader
// by the camera's sender reports: they name the same clock for both. It is moved at 5 % of its own time at most, so that
// it never goes back; only what is off by seconds, after the leader jumped, steps. Everything else that timestamps do
// (stand still, jump, go back a little for B-frames) comes out as it went in.
import type { SenderReport } from './rtcp.ts';

export type TimelineTrack = {
  trackNumber: number;
  /** Ticks per second. */
  clockRate: number;
  /** `rtptime` of RTP-Info: the timestamp at which all tracks begin together. */
  startTimestamp?: number | undefined;
};

/** Where the timeline begins, so that a track may begin before the first packet of another. */
const beginMs = 10_000;
/** RTP-Info that is further off the first packet is made up; some cameras always say 0. */
const plausibleStartMs = 10_000;
/** Sender reports that would set tracks this far apart, as they arrive, are not of one clock. */
const plausibleLagMs = 5_000;
/** What is off by less is left alone: reports are that exact. */
const exactMs = 15;
/** Share of its own time by which a track may run faster or slower to come to where it belongs. */
const slewRate = 0.05;
/** What is off by more steps, as soon as two reports say the same. */
const stepMs = 2_000;

type State = {
  clockRate: number;
  startTimestamp: number | undefined;
  /** Of the last access unit; undefined before the first one. `ticks` are counted from there. */
  at: { timestamp: number; ticks: number; arrivalMs: number } | undefined;
  /** Time of tick 0. */
  offsetMs: number;
  /** How far the offset is from where sender reports want it. */
  errorMs: number;
  report: { cameraTimeMs: number; timestamp: number } | undefined;
};

export class Timeline {
  readonly #tracks: ReadonlyMap<number, State>;
  readonly #leader: State;

  /** @param tracks the leader first: the picture, when there is one */
  constructor(tracks: readonly [TimelineTrack, ...TimelineTrack[]]) {
    this.#tracks = new Map(
      tracks.map(({ trackNumber, clockRate, startTimestamp }): [number, State] => [
        trackNumber,
        { clockRate, startTimestamp, at: undefined, offsetMs: beginMs, errorMs: 0, report: undefined },
      ]),
    );
    this.#leader = this.#stateOf(tracks[0].trackNumber);
  }

  /**
   * Where an access unit lies, in fractions; never negative. To be called in the order of arrival.
   * @param arrivalMs monotonic
   */
  timeMs(trackNumber: number, timestamp: number, arrivalMs: number): number {
    const state = this.#stateOf(trackNumber);
    if (!state.at) this.#begin(state, timestamp, arrivalMs);
    const { at = { timestamp, ticks: 0, arrivalMs } } = state;
    const step = (timestamp - at.timestamp) | 0;
    at.ticks += step;
    at.timestamp = timestamp;
    at.arrivalMs = arrivalMs;
    if (step > 0) slew(state, inMs(step, state));
    // Back to before the beginning: as far ahead, then.
    if (inMs(at.ticks, state) + state.offsetMs < 0) at.ticks += 2 ** 32;
    return inMs(at.ticks, state) + state.offsetMs;
  }

  noteSenderReport(trackNumber: number, { cameraTimeMs, timestamp }: SenderReport): void {
    const state = this.#stateOf(trackNumber);
    state.report = cameraTimeMs === undefined ? undefined : { cameraTimeMs, timestamp };
    for (const follower of this.#tracks.values()) if (follower !== this.#leader) this.#align(follower);
  }

  /** The camera's own wall clock at a timestamp near the present; undefined before a sender report named it. */
  cameraTimeMs(trackNumber: number, timestamp: number): number | undefined {
    const state = this.#stateOf(trackNumber);
    return state.report && cameraTime(state, state.report, timestamp);
  }

  #begin(state: State, timestamp: number, arrivalMs: number): void {
    state.at = { timestamp, ticks: 0, arrivalMs };
    const arrived = [...this.#tracks.values()].find(other => other !== state && other.at);
    const byArrivalMs = arrived?.at
      ? timeOf(arrived, arrived.at.timestamp) + arrivalMs - arrived.at.arrivalMs
      : beginMs;
    const sinceStartMs = inMs((timestamp - (state.startTimestamp ?? 0)) | 0, state);
    const plausible = state.startTimestamp !== undefined && Math.abs(sinceStartMs) < plausibleStartMs;
    state.offsetMs = Math.max(0, plausible ? beginMs + sinceStartMs : byArrivalMs);
    // Nothing of it was given out yet, so it may begin right where the reports want it.
    if (state !== this.#leader) state.offsetMs += this.#distanceMs(state) ?? 0;
  }

  /** How far a follower is from where it belongs, by the last reports. Undefined when they do not tell. */
  #distanceMs(follower: State): number | undefined {
    const leader = this.#leader;
    if (!leader.at || !leader.report || !follower.at || !follower.report) return undefined;
    const cameraMs = cameraTime(follower, follower.report, follower.at.timestamp);
    const leaderTimestampMs = timeOf(leader, leader.report.timestamp) + cameraMs - leader.report.cameraTimeMs;
    const distanceMs = leaderTimestampMs - timeOf(follower, follower.at.timestamp);
    const lagMs = lagOf(follower, follower.at) - distanceMs - lagOf(leader, leader.at);
    return Math.abs(lagMs) < plausibleLagMs ? distanceMs : undefined;
  }

  #align(follower: State): void {
    const distanceMs = this.#distanceMs(follower);
    if (distanceMs === undefined) return;
    const confirmed = Math.abs(distanceMs - follower.errorMs) < exactMs;
    follower.errorMs = Math.abs(distanceMs) < exactMs ? 0 : distanceMs;
    if (Math.abs(distanceMs) < stepMs || !confirmed) return;
    follower.offsetMs += distanceMs;
    follower.errorMs = 0;
  }

  #stateOf(trackNumber: number): State {
    const state = this.#tracks.get(trackNumber);
    if (!state) throw new TypeError(`There is no track ${trackNumber}`);
    return state;
  }
}

function slew(state: State, passedMs: number): void {
  const mostMs = slewRate * passedMs;
  // Larger errors wait for the report that confirms them.
  if (Math.abs(state.errorMs) >= stepMs) return;
  const changeMs = Math.max(-mostMs, Math.min(mostMs, state.errorMs));
  state.offsetMs += changeMs;
  state.errorMs -= changeMs;
}

function inMs(ticks: number, { clockRate }: State): number {
  return (ticks * 1000) / clockRate;
}

/** On the timeline, of a timestamp near the last one. */
function timeOf(state: State, timestamp: number): number {
  const { at = { timestamp, ticks: 0 } } = state;
  return inMs(at.ticks + ((timestamp - at.timestamp) | 0), state) + state.offsetMs;
}

function cameraTime(state: State, report: { cameraTimeMs: number; timestamp: number }, timestamp: number): number {
  return report.cameraTimeMs + inMs((timestamp - report.timestamp) | 0, state);
}

/** How late the last unit arrived, but for an offset that all tracks have. */
function lagOf(state: State, at: { timestamp: number; arrivalMs: number }): number {
  return at.arrivalMs - timeOf(state, at.timestamp);
}
