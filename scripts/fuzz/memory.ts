// What the process holds on to, after everything that may go has gone.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

/** Bytes in JavaScript's heap and in buffers that something still refers to. */
export function heldBytes(): number {
  collectGarbage();
  // The first collection frees buffers in the background; the second waits for that.
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
