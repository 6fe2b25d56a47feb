// When there was nobody to record: cameras that gave no video, and an agent that did not run. The agent says in the index
// that it lives; what lies between its last word and the next start was down time.
import type { Clock } from '../clock.ts';
import type { Past } from './past.ts';

/** Methods never throw: what the disk does not take now is kept and tried again at the next beat, in order. */
export class Presence {
  readonly #past: Past;
  readonly #clock: Clock;
  /** The last word of the agent before, until the end of that down time is known. */
  #lastWordMs: number | undefined;
  readonly #startedAtMs: number;
  #unsaved: (() => void)[] = [];

  /** Throws SQLite's own error when the index cannot be read. */
  constructor(past: Past, clock: Clock) {
    this.#past = past;
    this.#clock = clock;
    this.#lastWordMs = past.aliveMs;
    this.#startedAtMs = clock.monotonicMs();
    if (this.#lastWordMs !== undefined) past.endAllOutages(this.#lastWordMs);
    this.beat();
  }

  beat(): void {
    const nowMs = this.#clock.nowMs();
    if (this.#lastWordMs !== undefined) {
      const startedMs = nowMs - (this.#clock.monotonicMs() - this.#startedAtMs);
      // A device without a battery-backed clock starts in the past: the end of the down time is known once it is set.
      if (startedMs < this.#lastWordMs) return;
      const lastWordMs = this.#lastWordMs;
      this.#lastWordMs = undefined;
      if (startedMs > lastWordMs) this.#save(() => this.#past.addDown(lastWordMs, Math.round(startedMs)));
    }
    // Not kept when the disk refuses it: the next one says more.
    if (this.#flush()) this.#attempt(() => this.#past.setAlive(nowMs));
  }

  offline(cameraId: string, fromMs: number, reason: string): void {
    this.#save(() => this.#past.beginOutage(cameraId, fromMs, reason));
  }

  online(cameraId: string, atMs: number): void {
    this.#save(() => this.#past.endOutage(cameraId, atMs));
  }

  #save(work: () => void): void {
    this.#unsaved.push(work);
    this.#flush();
  }

  /** Whether nothing is left to save. */
  #flush(): boolean {
    for (let next = this.#unsaved[0]; next; next = this.#unsaved[0]) {
      if (!this.#attempt(next)) {
        // A disk that fails for long must not fill the memory.
        this.#unsaved = this.#unsaved.slice(-1_000);
        return false;
      }
      this.#unsaved.shift();
    }
    return true;
  }

  #attempt(work: () => void): boolean {
    try {
      work();
      return true;
    } catch {
      return false;
    }
  }
}
