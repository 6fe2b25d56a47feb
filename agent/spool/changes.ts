// Wakes who waits for a camera's fragments to change.

export class Changes {
  readonly #waiting = new Map<string, Set<() => void>>();

  announce(cameraId: string): void {
    const wakers = this.#waiting.get(cameraId);
    this.#waiting.delete(cameraId);
    for (const wake of wakers ?? []) wake();
  }

  /** Resolves at the next announcement. Rejects with the signal's reason when it is aborted first. */
  next(cameraId: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const wakers = this.#waiting.get(cameraId) ?? new Set();
      this.#waiting.set(cameraId, wakers);
      const abort = () => {
        wakers.delete(wake);
        reject(signal.reason);
      };
      const wake = () => {
        signal.removeEventListener('abort', abort);
        resolve();
      };
      wakers.add(wake);
      signal.addEventListener('abort', abort, { once: true });
    });
  }
}
