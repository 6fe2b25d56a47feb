// Waiting for a stop, or for something that a stop may overtake.

/** Resolves when the signal is aborted; at once when it is. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** The promise, or the signal's reason when it is aborted first. What becomes of the promise then is nobody's trouble. */
export async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const stop = Promise.withResolvers<never>();
  const abort = () => stop.reject(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([stop.promise, promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
