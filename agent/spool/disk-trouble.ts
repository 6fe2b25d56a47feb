// What the disk refuses: thrown to who asked, published as `spool.failed` where nobody waits for an answer.
import type { AgentError } from '../errors.ts';
import type { Facts } from '../facts.ts';
import { diskError } from './disk-errors.ts';

export class DiskTrouble {
  readonly #dir: string;
  readonly #facts: Facts;

  /** `dir` is named in the sentences. */
  constructor(dir: string, facts: Facts) {
    this.#dir = dir;
    this.#facts = facts;
  }

  /** Throws a `disk-…` AgentError when the disk fails `work`. */
  ask<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw diskError(error, this.#dir);
    }
  }

  /** Never rejects: what the disk refuses is published. */
  async attempt(cameraId: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.publish(cameraId, error);
    }
  }

  /** What an error of the disk means to the device's owner. */
  publish(cameraId: string, thrown: unknown): AgentError {
    const error = diskError(thrown, this.#dir);
    this.#facts.publish({ type: 'spool.failed', cameraId, error });
    return error;
  }
}
