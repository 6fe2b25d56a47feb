// The fragmenter works on a timeline without jumps, also when the time of day is learnt in the middle of a recording.
// What was missing is added on the way out, fragment by fragment: the one that grows when the time is learnt ends on the
// time it began with, so its frames stay together and none is lost, and the next one is right.
import type { Clock } from '../clock.ts';
import type { FragmentProblem } from './camera-problem.ts';
import type { FragmentPart } from './fragment-part.ts';

export class CorrectedParts {
  /** As the clock given, without the step it makes when the time is learnt. */
  readonly clock: Clock;
  readonly #correctionMs: () => number;
  #ofFragmentMs = 0;

  /** @param correctionMs by how much the clock has stepped since it began, because the time was learnt */
  constructor(clock: Clock, correctionMs: () => number) {
    const atStartMs = correctionMs();
    this.#correctionMs = () => correctionMs() - atStartMs;
    this.clock = {
      nowMs: () => clock.nowMs() - this.#correctionMs(),
      monotonicMs: () => clock.monotonicMs(),
      sleep: (ms, signal) => clock.sleep(ms, signal),
      after: (ms, callback) => clock.after(ms, callback),
    };
  }

  part(part: FragmentPart): FragmentPart {
    if (part.type === 'begin') this.#ofFragmentMs = this.#correctionMs();
    const byMs = this.#ofFragmentMs;
    // The rule: no part is copied unless the time was learnt while this camera was recorded.
    if (byMs === 0) return part;
    switch (part.type) {
      case 'begin':
        return { ...part, startMs: part.startMs + byMs };
      case 'frame':
        return { type: 'frame', frame: { ...part.frame, timecodeMs: part.frame.timecodeMs + byMs } };
      case 'end':
        return part.nextStartMs === undefined ? part : { type: 'end', nextStartMs: part.nextStartMs + byMs };
    }
  }

  problem({ error, lostFromMs, lostToMs }: FragmentProblem): FragmentProblem {
    const byMs = this.#correctionMs();
    return {
      error,
      ...(lostFromMs === undefined ? {} : { lostFromMs: lostFromMs + byMs }),
      ...(lostToMs === undefined ? {} : { lostToMs: lostToMs + byMs }),
    };
  }
}
