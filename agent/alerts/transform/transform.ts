// An owner's JSONata expression over events. It runs in a worker thread with bounded memory that is ended when an event
// takes too long: an endless expression costs that event, never the agent.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import jsonata from 'jsonata';
import { z } from 'zod';
import type { Clock } from '../../clock.ts';
import { AgentError } from '../../errors.ts';

const defaultTimeoutMs = 2_000;
const resourceLimits = { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 8, stackSizeMb: 2 };

const answerSchema = z.union([z.object({ body: z.string().nullable() }), z.object({ problem: z.string() })]);

export type TransformOptions = {
  expression: string;
  /** Of the destination, for words. */
  destination: string;
  clock: Clock;
  /** For one event. Default 2 s. */
  timeoutMs?: number;
};

export class Transform {
  readonly #options: TransformOptions;
  #worker: Worker | undefined;
  #answer: Pick<PromiseWithResolvers<unknown>, 'resolve' | 'reject'> | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  /** @throws AgentError `settings-invalid` for an expression that cannot be read */
  constructor(options: TransformOptions) {
    this.#options = options;
    try {
      jsonata(options.expression);
    } catch (cause) {
      throw new AgentError({
        code: 'settings-invalid',
        kind: 'invalid',
        retry: 'never',
        message: `The transform of ${options.destination} is no JSONata expression: ${wordsOf(cause)}.`,
        cause,
      });
    }
  }

  /**
   * JSON of what the expression makes of the event; undefined when that is nothing. One after the other.
   * Rejects with AgentError `transform-failed`: trying the same event again gives the same.
   */
  apply(event: unknown): Promise<string | undefined> {
    const result = this.#turn.then(() => this.#ask(event));
    this.#turn = result.catch(() => undefined);
    return result;
  }

  async close(): Promise<void> {
    await this.#end();
  }

  async #ask(event: unknown): Promise<string | undefined> {
    const { clock, timeoutMs = defaultTimeoutMs } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    let cancel = (): void => {};
    try {
      this.#answer = { resolve, reject };
      this.#worker ??= await this.#start();
      cancel = clock.after(timeoutMs, () => reject(new Error(`it took longer than ${timeoutMs / 1000} s`)));
      this.#worker.postMessage(event);
      const answer = answerSchema.parse(await promise);
      if ('problem' in answer) throw new Error(answer.problem);
      return answer.body ?? undefined;
    } catch (cause) {
      await this.#end();
      throw this.#failed(cause);
    } finally {
      cancel();
      this.#answer = undefined;
    }
  }

  /** Resolves when the thread has read the expression and says so: its start is not the expression's time. */
  async #start(): Promise<Worker> {
    const { expression: workerData } = this.#options;
    const worker = new Worker(new URL('worker.ts', import.meta.url), { workerData, resourceLimits, env: {} });
    const ended = once(worker, 'exit').then(() => Promise.reject(new Error('it ended')));
    const ready = Promise.race([once(worker, 'message'), ended]);
    // The agent ends when it is done, whatever an expression is at.
    worker.unref();
    await ready;
    const fail = (error: Error): void => this.#answer?.reject(error);
    worker.on('message', message => this.#answer?.resolve(message));
    worker.on('error', fail);
    worker.on('exit', () => {
      if (this.#worker === worker) fail(new Error('it ended'));
    });
    return worker;
  }

  async #end(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }

  #failed(cause: unknown): AgentError {
    return new AgentError({
      code: 'transform-failed',
      kind: 'invalid',
      retry: 'never',
      message: `The transform of ${this.#options.destination} failed for this event: ${wordsOf(cause)}. Change the expression and redeliver.`,
      cause,
    });
  }
}

/** JSONata throws plain objects with a message. */
function wordsOf(cause: unknown): string {
  const words = cause instanceof Object && 'message' in cause ? String(cause.message) : 'no reason was given';
  return words.slice(0, 200).replace(/[.\s]+$/, '');
}
