// The second client, for cameras that are known to work with node-onvif and do not understand our requests: some firmware
// reads requests letter by letter. It runs on a thread with a deadline and a memory limit, because it waits for ever for an
// answer that stops in the middle, and keeps whatever it is sent; and it gets only addresses on the camera itself.
import { Worker } from 'node:worker_threads';
import type { Clock } from '../../clock.ts';
import type { Credentials } from '../../sign-in/challenge.ts';
import { type CameraAddress, type CameraPath, urlOf } from '../http/camera-address.ts';
import { startDeadline } from '../http/deadline.ts';

export type NodeOnvifQuestion =
  | { operation: 'GetProfiles' }
  | { operation: 'GetStreamUri' | 'GetSnapshotUri'; profileToken: string };

export type NodeOnvifJob = { xaddr: string; user: string; pass: string; offsetMs: number; question: NodeOnvifQuestion };
/** Nothing when it did not work, for whatever reason. */
export type NodeOnvifResult = { xml?: string };
/** The thread tells when it is ready and the camera's time begins, and then its result. */
export type NodeOnvifSays = 'asking' | NodeOnvifResult;

export type NodeOnvifOptions = {
  camera: CameraAddress;
  credentials?: Credentials | undefined;
  clock: Clock;
  deadlineMs: number;
};

export type NodeOnvifAsk = {
  /** On the camera. */
  target: CameraPath;
  question: NodeOnvifQuestion;
  /** The camera's clock − ours. */
  offsetMs: number;
};

const longestStartMs = 10_000;
const resourceLimits = { maxOldGenerationSizeMb: 48, maxYoungGenerationSizeMb: 8, stackSizeMb: 2 };

export class NodeOnvif {
  readonly #options: NodeOnvifOptions;

  constructor(options: NodeOnvifOptions) {
    this.#options = options;
  }

  /** The XML of an answer that is no fault; undefined when there is none. Rejects only with the signal's reason. */
  async ask(ask: NodeOnvifAsk, signal?: AbortSignal): Promise<string | undefined> {
    if (!this.#suits(ask)) return undefined;
    const { camera, credentials, clock, deadlineMs } = this.#options;
    const workerData: NodeOnvifJob = {
      // By its IP address: node-onvif would look a name up again.
      xaddr: urlOf({ ...camera, host: camera.ip }, ask.target),
      user: credentials?.username ?? '',
      pass: credentials?.password.reveal() ?? '',
      offsetMs: ask.offsetMs,
      question: ask.question,
    };
    const worker = new Worker(new URL('worker.ts', import.meta.url), { workerData, resourceLimits, stderr: true });
    const said = new Said(worker);
    try {
      // A small board takes a while to start a thread; that is no fault of the camera's.
      if ((await said.within(longestStartMs, clock, signal)) !== 'asking') return undefined;
      const result = await said.within(deadlineMs, clock, signal);
      return typeof result === 'object' ? result.xml : undefined;
    } finally {
      await worker.terminate();
    }
  }

  /** node-onvif knows no HTTPS, drops queries, throws at some passwords, and puts names into its XML as they are. */
  #suits({ target, question }: NodeOnvifAsk): boolean {
    const { camera, credentials } = this.#options;
    const names = (credentials?.username ?? '') + ('profileToken' in question ? question.profileToken : '');
    const password = credentials?.password.reveal() ?? '';
    const isTaken = /^[\x20-\x7e]*$/.test(names + password) && !/[<>]/.test(names + password) && !names.includes('&');
    return isTaken && !camera.secure && !target.path.includes('?');
  }
}

/** What the thread says, one after the other. */
class Said {
  readonly #said: NodeOnvifSays[] = [];
  #wake: () => void = () => undefined;

  constructor(worker: Worker) {
    const take = (said: NodeOnvifSays) => {
      this.#said.push(said);
      this.#wake();
    };
    worker.on('message', take);
    worker.on('error', () => take({}));
    worker.once('exit', () => take({}));
  }

  /** Undefined when nothing is said in time. Rejects with the signal's reason. */
  async within(ms: number, clock: Clock, signal: AbortSignal | undefined): Promise<NodeOnvifSays | undefined> {
    using deadline = startDeadline(clock, ms, signal);
    const awoken = Promise.withResolvers<void>();
    this.#wake = awoken.resolve;
    deadline.signal.addEventListener('abort', () => awoken.resolve(), { once: true });
    if (this.#said.length === 0 && !deadline.signal.aborted) await awoken.promise;
    signal?.throwIfAborted();
    return this.#said.shift();
  }
}
