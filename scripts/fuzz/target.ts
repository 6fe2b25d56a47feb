// What can be fuzzed, and what is demanded of it whatever it is fed.

/** In [0, 1); the same numbers in every run with the same seed. */
export type Random = () => number;

/** How an input ended: a code of an error, or `whole`. Counted, to see how deep the inputs reach. */
export type Ending = string;

export type Target = {
  /**
   * Makes one input of `random` and feeds it. Resolves with how it ended.
   * Rejects with a BrokenPromise, or with whatever the code under test should not have thrown.
   */
  feed(random: Random): Promise<Ending> | Ending;
} & AsyncDisposable;

/** The code under test did something that it promises never to do. */
export class BrokenPromise extends Error {
  override readonly name = 'BrokenPromise';
}

/** @throws BrokenPromise */
export function demand(holds: boolean, promise: string): asserts holds {
  if (!holds) throw new BrokenPromise(promise);
}

export function below(limit: number, random: Random): number {
  return Math.floor(random() * limit);
}

/** @throws TypeError for an empty list */
export function oneOf<T>(values: readonly T[], random: Random): T {
  const value = values[below(values.length, random)];
  if (value === undefined) throw new TypeError('values must not be empty');
  return value;
}

/** The bytes in pieces, as a network might deliver them: mostly some, sometimes one by one, sometimes all at once. */
export function* pieces(bytes: Uint8Array, random: Random): Generator<Uint8Array> {
  const longest = oneOf([1, 7, 100, 1000, bytes.length + 1], random);
  for (let start = 0; start < bytes.length; ) {
    const end = start + 1 + below(longest, random);
    yield bytes.subarray(start, end);
    start = end;
  }
}
