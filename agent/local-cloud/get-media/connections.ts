// How many answers a stream may be sending at once.

export class Connections {
  readonly #max: number;
  readonly #open = new Map<string, number>();

  constructor(max: number) {
    this.#max = max;
  }

  /** Takes a place, given back when `gone` is aborted. Returns false when there is none. */
  take(stream: string, gone: AbortSignal): boolean {
    const open = this.#open.get(stream) ?? 0;
    if (open >= this.#max) return false;
    if (gone.aborted) return true;
    this.#open.set(stream, open + 1);
    gone.addEventListener('abort', () => this.#giveBack(stream), { once: true });
    return true;
  }

  #giveBack(stream: string): void {
    const open = this.#open.get(stream) ?? 1;
    if (open > 1) this.#open.set(stream, open - 1);
    else this.#open.delete(stream);
  }
}
