// The people detector as the server sees it: a question, an answer, and a thread in between that may die. The thread
// starts with the first question (it takes 135 MB) and stays.
import { Worker } from 'node:worker_threads';
import type { Person } from './people.ts';
import type { Job, JobResult } from './worker.ts';

export type Detection = { people: Person[] } | { problem: 'undecodable' | 'busy' | 'failed' };

type Waiting = { answer: (detection: Detection) => void };

export class PeopleDetector implements AsyncDisposable {
  readonly #maxWaiting: number;
  readonly #startWorker: () => Worker;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #lastId = 0;

  /** @param options.maxWaiting images in work or waiting, beyond which `busy` is answered; default 8 */
  constructor({ maxWaiting = 8, startWorker = startThread }: { maxWaiting?: number; startWorker?: () => Worker } = {}) {
    this.#maxWaiting = maxWaiting;
    this.#startWorker = startWorker;
  }

  /** Never rejects. `image` is JPEG or PNG. */
  detect(image: Uint8Array): Promise<Detection> {
    if (this.#waiting.size >= this.#maxWaiting) return Promise.resolve({ problem: 'busy' });
    this.#worker ??= this.#start();
    const id = ++this.#lastId;
    const job: Job = { id, image };
    this.#worker.postMessage(job);
    return new Promise(answer => this.#waiting.set(id, { answer }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker?.terminate();
  }

  #start(): Worker {
    const worker = this.#startWorker();
    worker.on('message', (result: JobResult) => this.#finish(result));
    // Without a listener an exception in the thread would end the server; `exit` follows and does the rest.
    worker.on('error', () => undefined);
    worker.once('exit', () => this.#failAll());
    worker.unref();
    return worker;
  }

  #finish(result: JobResult): void {
    const waiting = this.#waiting.get(result.id);
    this.#waiting.delete(result.id);
    waiting?.answer('people' in result ? { people: result.people } : { problem: 'undecodable' });
  }

  /** The next question starts another thread. */
  #failAll(): void {
    this.#worker = undefined;
    const lost = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { answer } of lost) answer({ problem: 'failed' });
  }
}

function startThread(): Worker {
  return new Worker(new URL('./worker.ts', import.meta.url));
}
