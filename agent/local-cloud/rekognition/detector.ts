// The people detector as the server sees it: a question, an answer, and a thread in between that may die or not come to
// an end. The thread starts with the first question (it takes 135 MB) and stays. A picture that it dies of, or that keeps
// it too long, costs that picture's answer only: those who wait get another thread, and each one that dies answers one.
import { Worker } from 'node:worker_threads';
import { type Clock, systemClock } from '../../clock.ts';
import type { Person } from './people.ts';
import type { Job, JobReport } from './worker.ts';

export type Detection = { people: Person[] } | { problem: 'undecodable' | 'overdue' | 'busy' | 'failed' };

type Waiting = { image: Uint8Array; answer: (detection: Detection) => void };

/** For one picture, once it is its turn. Twelve megapixels take about a second; a JPEG of many scans can take minutes. */
export const detectionMs = 20_000;

type DetectorOptions = {
  clock?: Clock;
  /** Images in work or waiting, beyond which `busy` is answered. */
  maxWaiting?: number;
  startWorker?: () => Worker;
};

export class PeopleDetector implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #maxWaiting: number;
  readonly #startWorker: () => Worker;
  /** In the order they came in, which is the order the thread takes them in. */
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  /** What the thread is busy with. */
  #started: number | undefined;
  #closed = false;
  #ending: Promise<unknown> = Promise.resolve();
  #lastId = 0;
  #cancelDeadline = () => {};

  constructor({ clock = systemClock, maxWaiting = 8, startWorker = startThread }: DetectorOptions = {}) {
    this.#clock = clock;
    this.#maxWaiting = maxWaiting;
    this.#startWorker = startWorker;
  }

  /** Never rejects. `image` is JPEG or PNG. */
  detect(image: Uint8Array): Promise<Detection> {
    if (this.#closed) return Promise.resolve({ problem: 'failed' });
    if (this.#waiting.size >= this.#maxWaiting) return Promise.resolve({ problem: 'busy' });
    const id = ++this.#lastId;
    this.#post({ id, image });
    return new Promise(answer => this.#waiting.set(id, { image, answer }));
  }

  /** Answers those who wait with `failed`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#cancelDeadline();
    await Promise.all([this.#ending, this.#worker?.terminate()]);
  }

  #post(job: Job): void {
    this.#worker ??= this.#start();
    this.#worker.postMessage(job);
  }

  #start(): Worker {
    const worker = this.#startWorker();
    // What a thread that was given up still had to say is of nobody.
    worker.on('message', (report: JobReport) => {
      if (worker === this.#worker) this.#hear(report);
    });
    // Without a listener an exception in the thread would end the server; `exit` follows and does the rest.
    worker.on('error', () => undefined);
    worker.once('exit', () => {
      if (worker === this.#worker) this.#lost();
    });
    worker.unref();
    return worker;
  }

  #hear(report: JobReport): void {
    this.#cancelDeadline();
    if ('started' in report) {
      this.#started = report.started;
      this.#cancelDeadline = this.#clock.after(detectionMs, () => this.#giveUp(report.started));
    } else this.#finish(report.id, 'people' in report ? { people: report.people } : { problem: 'undecodable' });
  }

  #finish(id: number, detection: Detection): void {
    if (id === this.#started) this.#started = undefined;
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    waiting?.answer(detection);
  }

  /** Nothing but its end stops a thread that computes. */
  #giveUp(id: number): void {
    this.#ending = Promise.all([this.#ending, this.#worker?.terminate()]);
    this.#worker = undefined;
    this.#finish(id, { problem: 'overdue' });
    this.#goOn();
  }

  /** The thread has died: of the picture it had begun, or else, before it could begin, of the next one. */
  #lost(): void {
    this.#cancelDeadline();
    this.#worker = undefined;
    const [next] = this.#waiting.keys();
    const blamed = this.#started ?? next;
    if (blamed !== undefined) this.#finish(blamed, { problem: 'failed' });
    if (this.#closed) for (const id of this.#waiting.keys()) this.#finish(id, { problem: 'failed' });
    this.#goOn();
  }

  /** With another thread; when nobody waits, the next question starts it. */
  #goOn(): void {
    for (const [id, { image }] of this.#waiting) this.#post({ id, image });
  }
}

function startThread(): Worker {
  return new Worker(new URL('./worker.ts', import.meta.url));
}
