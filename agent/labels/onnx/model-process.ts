// The agent's side of a model: starts its process with the first picture, one picture at a time, and ends it when it does not
// answer. After any failure of the model the process is another one, which reads the files anew.
import { type ChildProcess, fork } from 'node:child_process';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import type { OnnxSettings } from '../../../shared/label-settings.ts';
import { unlessAborted } from '../../aborted.ts';
import type { Clock } from '../../clock.ts';
import { AgentError } from '../../errors.ts';
import type { DetectedLabel } from '../provider.ts';
import { endedError, modelError, tooSlowError } from './model-errors.ts';
import type { FromModel, ToModel } from './model-wire.ts';

export type ModelProcessOptions = {
  id: string;
  settings: OnnxSettings;
  clock: Clock;
  /** For one picture, and for loading the model before the first. Default 60 s. */
  deadlineMs?: number;
};

export type Asked = { jpeg: Uint8Array /** 0–100. */; minConfidence: number; signal: AbortSignal };

/** Recording comes first. */
const niceness = 10;

/** Decoding pictures makes much that is not needed for long; V8 would rather take a hundred megabytes more than clean up. */
const memoryFlags = ['--max-semi-space-size=1', '--max-old-space-size=512'];

export class ModelProcess implements Disposable {
  readonly #options: ModelProcessOptions;
  #child: ChildProcess | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #requests = 0;
  #ended = false;

  constructor(options: ModelProcessOptions) {
    this.#options = options;
  }

  /** The process that is running; for tests and people who look at the machine. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Rejects with AgentError `model-invalid`, `model-failed` or `labels-failed`, or with the signal's reason. */
  detect(asked: Asked): Promise<DetectedLabel[]> {
    if (this.#ended) return Promise.reject(endedError(this.#options.id, 'the settings name another one'));
    const answer = this.#turn.then(() => {
      asked.signal.throwIfAborted();
      return this.#detect(asked);
    });
    this.#turn = answer.catch(() => undefined);
    return unlessAborted(answer, asked.signal);
  }

  /** Who waits for an answer still gets it; the process ends by itself when the agent does. */
  [Symbol.dispose](): void {
    this.#ended = true;
    void this.#turn.then(() => this.#end());
  }

  async #detect({ jpeg, minConfidence }: Asked): Promise<DetectedLabel[]> {
    const answer = await this.#ask({ id: ++this.#requests, jpeg, minConfidence });
    if ('labels' in answer) return answer.labels;
    const error = modelError(this.#options.id, answer.problem);
    if (error.retry !== 'never') this.#end();
    throw error;
  }

  async #ask(message: Extract<ToModel, { id: number }>): Promise<FromModel> {
    const { id, clock, deadlineMs = 60_000 } = this.#options;
    const child = this.#running();
    const { promise, resolve, reject } = Promise.withResolvers<FromModel>();
    const heard = (answer: FromModel) => {
      if (answer.id === message.id) resolve(answer);
    };
    const ended = (code: number | null, signal: string | null) => reject(endedError(id, signal ?? `exit code ${code}`));
    const failed = (cause: Error) => reject(notStarted(id, cause));
    child.on('message', heard).on('exit', ended).on('error', failed);
    const cancelDeadline = clock.after(deadlineMs, () => reject(tooSlowError(id, deadlineMs / 1000)));
    try {
      // A process that ended meanwhile says so by its exit.
      child.send(message, () => undefined);
      return await promise;
    } catch (error) {
      this.#end();
      throw error;
    } finally {
      cancelDeadline();
      child.off('message', heard).off('exit', ended).off('error', failed);
    }
  }

  #running(): ChildProcess {
    const alive = this.#child?.exitCode === null && this.#child.signalCode === null && this.#child.connected;
    if (this.#child && alive) return this.#child;
    const child = fork(join(import.meta.dirname, 'model-child.ts'), [], {
      execArgv: [...memoryFlags],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    child.on('error', () => undefined);
    child.unref();
    child.channel?.unref();
    lowerPriority(child.pid);
    child.send({ load: this.#options.settings } satisfies ToModel, () => undefined);
    this.#child = child;
    return child;
  }

  #end(): void {
    this.#child?.kill('SIGKILL');
    this.#child = undefined;
  }
}

function lowerPriority(pid: number | undefined): void {
  try {
    if (pid !== undefined) setPriority(pid, niceness);
  } catch {
    // It has ended already, which is told by its exit.
  }
}

function notStarted(id: string, cause: Error): AgentError {
  const message = `The model ${id} could not be started: the device has no memory or no process left for it. It is tried again after a pause.`;
  return new AgentError({ code: 'model-failed', kind: 'exhausted', retry: 'later', message, cause });
}
