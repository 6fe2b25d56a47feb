// A stretch of a track that is lost to its encoder, from the arrival of the first frame lost to the arrival of the first
// one that comes out again.
import type { AgentError } from '../errors.ts';

/** Told when a loss begins (`lostFromMs`, wall time) and again when it is over (`lostToMs` too). */
export type EncoderProblem = { error: AgentError; lostFromMs: number; lostToMs?: number };

export class Loss {
  readonly #onProblem: (problem: EncoderProblem) => void;
  #open: { error: AgentError; lostFromMs: number } | undefined;
  /** The first frame that was encoded again. */
  #resumed: { ptsMs: number; wallMs: number } | undefined;

  constructor(onProblem: (problem: EncoderProblem) => void) {
    this.#onProblem = onProblem;
  }

  /** What follows is lost. An earlier loss that is not over goes on. */
  begin(error: AgentError, lostFromMs: number): void {
    this.#resumed = undefined;
    if (this.#open) return;
    this.#open = { error, lostFromMs };
    this.#onProblem(this.#open);
  }

  /** A frame was handed to the encoder that can be decoded without those that are lost. */
  resume(ptsMs: number, wallMs: number): void {
    if (this.#open) this.#resumed ??= { ptsMs, wallMs };
  }

  /** A frame came out of the encoder. */
  answered(ptsMs: number): void {
    if (!this.#open || !this.#resumed || ptsMs < this.#resumed.ptsMs) return;
    this.end(this.#resumed.wallMs);
  }

  /** Over, or told for the last time. */
  end(lostToMs: number): void {
    if (this.#open) this.#onProblem({ ...this.#open, lostToMs });
    this.#open = undefined;
    this.#resumed = undefined;
  }
}
