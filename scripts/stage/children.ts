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

  start(plan: ChildPlan): void {
    // The IPC channel tells a Node child when the demo itself is gone, even by kill -9.
    const child = spawn(plan.command, plan.args, {
      env: { ...process.env, ...plan.env },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#running.set(plan.name, child);
    for (const [stream, onLine] of [[child.stdout, plan.onLine] as const, [child.stderr, plan.onErrorLine] as const]) {
      if (stream) createInterface({ input: stream }).on('line', line => onLine?.(line));
    }
    child.once('error', error => this.#say(`${plan.name} could not start: ${error.message}`));
    child.once('exit', (code, signal) => {
      if (this.#ending) return;
      this.#say(`${plan.name} ended (${signal ?? `exit code ${code}`}); starting it again`);
      setTimeout(() => this.#ending || this.start(plan), restartAfterMs);
    });
  }

  /** Asks every process to end, waits, and kills what has not ended. */
  async end(): Promise<void> {
    this.#ending = true;
    await Promise.all([...this.#running.values()].map(endProcess));
  }
}

async function endProcess(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>(resolve => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const killer = setTimeout(() => child.kill('SIGKILL'), endAfterMs);
  await ended;
  clearTimeout(killer);
}
