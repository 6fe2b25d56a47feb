// Who may start a decoder: a few at a time, a few more wait, others are sent away.
import { WireError } from '../wire-error.ts';

export class Turns {
  readonly #maxRunning: number;
  readonly #maxWaiting: number;
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  constructor({ maxRunning, maxWaiting }: { maxRunning: number; maxWaiting: number }) {
    this.#maxRunning = maxRunning;
    this.#maxWaiting = maxWaiting;
  }

  /**
   * @param gone gives the place in the queue to somebody else; then nothing is done and undefined returned
   * @throws WireError ClientLimitExceededException when too many wait already
   */
  async run<Result>(work: () => Promise<Result>, gone: AbortSignal): Promise<Result | undefined> {
    if (this.#running < this.#maxRunning) this.#running++;
    else if (!(await this.#turn(gone))) return undefined;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running--;
    }
  }

  /** Whoever ends hands its turn over, so nobody can slip in between. False when the client has gone before. */
  #turn(gone: AbortSignal): Promise<boolean> {
    if (gone.aborted) return Promise.resolve(false);
    if (this.#waiting.length >= this.#maxWaiting)
      throw new WireError('ClientLimitExceededException', 'Too many GetImages requests are being answered.');
    return new Promise(resolve => {
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(begin), 1);
        resolve(false);
      };
      const begin = () => {
        gone.removeEventListener('abort', leave);
        resolve(true);
      };
      this.#waiting.push(begin);
      gone.addEventListener('abort', leave, { once: true });
    });
  }
}
