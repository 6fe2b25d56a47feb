// Notices a stream that has fallen silent. Only the wait for the stream counts: a slow reader is not the camera's fault.
import type { Clock } from '../clock.ts';

export type Silence = {
  /** Longest wait for the first chunk. */
  firstMs: number;
  /** Longest wait for each later one. */
  laterMs: number;
  clock: Clock;
  /** Called once for each wait that is too long. It is expected to end the stream. */
  onSilence: () => void;
};

/** Passes the chunks on. */
export async function* watchSilence(
  chunks: AsyncIterable<Uint8Array>,
  { firstMs, laterMs, clock, onSilence }: Silence,
): AsyncGenerator<Uint8Array, void, undefined> {
  const iterator = chunks[Symbol.asyncIterator]();
  try {
    for (let limitMs = firstMs; ; limitMs = laterMs) {
      const cancel = clock.after(limitMs, onSilence);
      const next = await iterator.next().finally(cancel);
      if (next.done) return;
      yield next.value;
    }
  } finally {
    await iterator.return?.();
  }
}
