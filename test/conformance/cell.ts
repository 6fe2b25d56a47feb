// One row of the conformance table: a client that nobody here wrote does one operation of the embedded server.
import type { TaskMeta } from 'vitest';
import { test } from 'vitest';

declare module 'vitest' {
  interface TaskMeta {
    /** Read by the table (table.ts). */
    conformance?: Cell;
  }
}

export type Cell = {
  /** As AWS names it: PutMedia, GetClip, DetectLabels. */
  operation: string;
  /** Who asks, as a reader knows the program: boto3, hls.js, kvssink. */
  client: string;
};

/** Programs of others start slowly on a machine that has other work, and several of them run at a time. */
const longestMs = 180_000;

/**
 * A test that counts in the conformance table. `what` is to be said of this client's use of the operation.
 * @param skip because something is missing on this machine; `what` must say what
 */
export function cell({ operation, client }: Cell, what: string, body: () => Promise<void>, skip = false): void {
  const meta: Partial<TaskMeta> = { conformance: { operation, client } };
  test(`${operation} · ${client}: ${what}`, { meta, skip, timeout: longestMs }, body);
}
