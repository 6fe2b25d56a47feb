// The second client, for cameras that are known to work with node-onvif and do not understand our requests: some firmware
// reads requests letter by letter. It runs on a thread with a deadline and a memory limit, because it waits for ever for an
// answer that stops in the middle, and keeps whatever it is sent; and it gets only addresses on the camera itself.
import { Worker } from 'node:worker_threads';
import type { Clock } from '../../clock.ts';
import { type CameraAddress, type CameraPath, urlOf } from '../http/camera-address.ts';
import { startDeadline } from '../http/deadline.ts';
import type { Credentials } from '../http/sign-in.ts';

export type NodeOnvifQuestion =
  | { operation: 'GetProfiles' }
  | { operation: 'GetStreamUri' | 'GetSnapshotUri'; profileToken: string };

export type NodeOnvifJob = { xaddr: string; user: string; pass: string; offsetMs: number; question: NodeOnvifQuestion };
/** Nothing when it did not work, for whatever reason. */
export type NodeOnvifResult = { xml?: string };

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
    using deadline = startDeadline(clock, deadlineMs, signal);
    const worker = new Worker(new URL('worker.ts', import.meta.url), { workerData, resourceLimits, stderr: true });
    const outcome = Promise.withResolvers<NodeOnvifResult>();
    deadline.signal.addEventListener('abort', () => outcome.resolve({}), { once: true });
    worker.once('message', outcome.resolve);
    worker.on('error', () => outcome.resolve({}));
    worker.once('exit', () => outcome.resolve({}));
    const { xml } = await outcome.promise;
    await worker.terminate();
    signal?.throwIfAborted();
    return xml;
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
