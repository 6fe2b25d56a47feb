// The demo's processes: started, restarted when they die (people kill them to see what happens), and all ended together.
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export type ChildPlan = {
  name: string;
  command: string;
  args: string[];
  env?: Record<string, string>;
  /** Called with every line of its standard output. */
  onLine?: (line: string) => void;
  /** Called with every line of its standard error. */
  onErrorLine?: (line: string) => void;
  /** Whether a line it writes says that it is ready. */
  isReady: (line: string) => boolean;
};

const restartAfterMs = 1_000;
const endAfterMs = 8_000;

/** Keeps a set of child processes running until `end()`; then none is left. */
export class Children {
  readonly #running = new Map<string, ChildProcess>();
  readonly #say: (line: string) => void;
  #ending = false;

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  /** Resolves when the process is ready; from then on it is restarted. Rejects when it ends before. */
  async start(plan: ChildPlan): Promise<void> {
    const { child, ended } = this.#spawn(plan);
    const ready = new Promise<void>(resolve => {
      for (const stream of [child.stdout, child.stderr]) onLines(stream, line => plan.isReady(line) && resolve());
    });
    const failed = ended.then(how => Promise.reject(new Error(`${plan.name} did not get ready: ${how}`)));
    failed.catch(() => undefined);
    await Promise.race([ready, failed]);
    void this.#keepRunning(plan, ended);
  }

  /** Asks every process to end, waits, and kills what has not ended. */
  async end(): Promise<void> {
    this.#ending = true;
    await Promise.all([...this.#running.values()].map(endProcess));
  }

  async #keepRunning(plan: ChildPlan, ended: Promise<string>): Promise<void> {
    for (let how = await ended; !this.#ending; ) {
      this.#say(`${plan.name} ended (${how}); starting it again`);
      await new Promise(resolve => setTimeout(resolve, restartAfterMs));
      if (!this.#ending) how = await this.#spawn(plan).ended;
    }
  }

  #spawn({ name, command, args, env, onLine, onErrorLine }: ChildPlan): {
    child: ChildProcess;
    ended: Promise<string>;
  } {
    const child = spawn(command, args, {
      env: { ...process.env, ...env },
      // The IPC channel tells a Node child when the demo itself is gone, even by kill -9.
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // Ctrl-C in a terminal goes to the whole group: the children would be told twice to end, by the terminal and by us.
      detached: true,
    });
    this.#running.set(name, child);
    onLines(child.stdout, onLine);
    onLines(child.stderr, onErrorLine);
    const ended = new Promise<string>(resolve => {
      child.once('error', error => resolve(error.message));
      child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
    });
    return { child, ended };
  }
}

function onLines(stream: ChildProcess['stdout'], onLine?: (line: string) => void): void {
  if (stream && onLine) createInterface({ input: stream }).on('line', onLine);
}

async function endProcess(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>(resolve => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const killer = setTimeout(() => child.kill('SIGKILL'), endAfterMs);
  await ended;
  clearTimeout(killer);
}
