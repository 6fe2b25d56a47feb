// What comes in whenever it likes, as an async iterable. Whoever pushes keeps the number bounded.

export class Arrivals<T> implements AsyncIterable<T> {
  readonly #waiting: T[] = [];
  #ended = false;
  #news = Promise.withResolvers<void>();

  /** After `end` it is dropped. */
  push(item: T): void {
    if (this.#ended) return;
    this.#waiting.push(item);
    this.#news.resolve();
  }

  /** The iteration ends with what was pushed before. */
  end(): void {
    this.#ended = true;
    this.#news.resolve();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for (;;) {
      this.#news = Promise.withResolvers();
      yield* this.#waiting.splice(0);
      if (this.#waiting.length > 0) continue;
      if (this.#ended) return;
      await this.#news.promise;
    }
  }
}
