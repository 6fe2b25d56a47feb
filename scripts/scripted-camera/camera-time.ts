// The time a scripted camera lives by: the machine's, or that of a test.

export type CameraTime = {
  /** Since 1970. */
  nowMs(): number;
  /** Never goes back. */
  monotonicMs(): number;
  /** The returned function cancels. */
  after(ms: number, callback: () => void): () => void;
};

export const machineTime: CameraTime = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};

/** Resolves when the time has passed, or the signal aborts. */
export function waitFor(ms: number, { time, signal }: { time: CameraTime; signal: AbortSignal }): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) return resolve();
    const done = () => {
      cancel();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const cancel = time.after(ms, done);
    signal.addEventListener('abort', done, { once: true });
  });
}
