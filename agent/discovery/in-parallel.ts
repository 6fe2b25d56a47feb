// Work on many things, some at the same time.

export type Parallel<In, Out> = {
  items: Iterable<In>;
  atOnce: number;
  /** Expected to end soon when its signal is aborted. */
  work: (item: In, signal: AbortSignal) => Promise<Out>;
  signal: AbortSignal;
};

/** Results as they come, in whatever order. Rejects as soon as one does. Nothing still runs when the iteration has ended. */
export async function* inParallel<In, Out>(options: Parallel<In, Out>): AsyncGenerator<Out, void, undefined> {
  const { items, atOnce, work, signal } = options;
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const running = new Set<Promise<{ result: Out; done: () => void }>>();
  const start = (item: In) => {
    const promise = work(item, either).then(result => ({ result, done: () => void running.delete(promise) }));
    promise.catch(() => undefined); // raced below, maybe later than it fails
    running.add(promise);
  };
  const next = async () => {
    const { result, done } = await Promise.race(running);
    done();
    return result;
  };
  try {
    for (const item of items) {
      signal.throwIfAborted();
      start(item);
      if (running.size >= atOnce) yield await next();
    }
    while (running.size > 0) yield await next();
  } finally {
    stop.abort();
    await Promise.allSettled(running);
  }
}
