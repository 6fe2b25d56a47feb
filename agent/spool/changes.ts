// Wakes who waits for something to change.

/** One thing that changes again and again. */
export class Change {
  readonly #wakers = new Set<() => void>();

  announce(): void {
    const wakers = [...this.#wakers];
    this.#wakers.clear();
    for (const wake of wakers) wake();
  }

  /** Resolves at the next announcement. Rejects with the signal's reason when it is aborted first. */
  next(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const abort = () => {
        this.#wakers.delete(wake);
        reject(signal.reason);
      };
      const wake = () => {
        signal.removeEventListener('abort', abort);
        resolve();
      };
      this.#wakers.add(wake);
      signal.addEventListener('abort', abort, { once: true });
    });
  }
}

/** A camera's fragments, each camera by itself. */
export class Changes {
  readonly #byCamera = new Map<string, Change>();

  announce(cameraId: string): void {
    this.#byCamera.get(cameraId)?.announce();
  }

  /** As `Change.next`. */
  next(cameraId: string, signal: AbortSignal): Promise<void> {
    const change = this.#byCamera.get(cameraId) ?? new Change();
    this.#byCamera.set(cameraId, change);
    return change.next(signal);
  }
}
