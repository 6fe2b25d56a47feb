// Lets a set number of tasks run at the same time; the others wait in line.

export class Turns {
  #free: number;
  readonly #line = new Set<() => void>();

  constructor(atOnce: number) {
    this.#free = atOnce;
  }

  /** Resolves when it is the caller's turn, which lasts until it is disposed. Rejects when `signal` aborts before. */
  async take(signal: AbortSignal): Promise<Disposable> {
    signal.throwIfAborted();
    if (this.#free > 0) this.#free--;
    else await this.#wait(signal);
    return { [Symbol.dispose]: () => this.#giveBack() };
  }

  #wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const mine = () => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = () => {
        this.#line.delete(mine);
        reject(signal.reason);
      };
      signal.addEventListener('abort', leave, { once: true });
      this.#line.add(mine);
    });
  }

  #giveBack(): void {
    const [next] = this.#line;
    if (!next) {
      this.#free++;
      return;
    }
    this.#line.delete(next);
    next();
  }
}
