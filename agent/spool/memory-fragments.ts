// Whole fragments whose bytes are in memory only, oldest first.

type Held = { id: number; file: Uint8Array; wholeAtMs: number };

export class MemoryFragments {
  readonly #held = new Map<number, Held>();
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  /** `wholeAtMs` is monotonic time. */
  add(id: number, file: Uint8Array, wholeAtMs: number): void {
    this.#held.set(id, { id, file, wholeAtMs });
    this.#bytes += file.length;
  }

  read(id: number): Uint8Array | undefined {
    return this.#held.get(id)?.file;
  }

  drop(id: number): void {
    this.#bytes -= this.#held.get(id)?.file.length ?? 0;
    this.#held.delete(id);
  }

  /** Those that were whole at that moment. */
  wholeBefore(monotonicMs: number): number[] {
    return [...this.#held.values()].filter(({ wholeAtMs }) => wholeAtMs <= monotonicMs).map(({ id }) => id);
  }

  all(): number[] {
    return [...this.#held.keys()];
  }
}
