// One process of a bench: started, ready when it says so, ended with the bench.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const root = join(import.meta.dirname, '../..');
const endAfterMs = 10_000;

export type ChildOptions = {
  command: string;
  args: string[];
  env?: Record<string, string>;
  /** In what it writes, to stdout or stderr, once it is ready; the first group is kept. */
  ready: RegExp;
  /** Called with every line of its standard output. */
  onLine?: (line: string) => void;
  /** Called as soon as it runs. */
  onSpawn?: (pid: number) => void;
};

export class Child implements AsyncDisposable {
  /** What the first group of `ready` matched. */
  readonly readyText: string;
  readonly pid: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, pid: number, readyText: string) {
    this.#child = child;
    this.pid = pid;
    this.readyText = readyText;
  }

  /** Resolves when it is ready. Rejects with what it wrote when it ends before. */
  static async start({ command, args, env, ready, onLine, onSpawn }: ChildOptions): Promise<Child> {
    const child = spawn(command, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const { stdout, stderr } = child;
    if (!stdout || !stderr) throw new TypeError('stdio must be pipes');
    child.once('spawn', () => onSpawn?.(child.pid ?? 0));
    const said: string[] = [];
    const readyText = await new Promise<string>((resolve, reject) => {
      const onEach = (line: string) => {
        if (said.length < 50) said.push(line);
        const match = ready.exec(line);
        if (match) resolve(match[1] ?? '');
      };
      createInterface({ input: stdout }).on('line', line => {
        onEach(line);
        onLine?.(line);
      });
      createInterface({ input: stderr }).on('line', onEach);
      child.once('error', reject);
      child.once('exit', code =>
        reject(new Error(`${command} ${args[0]} ended (${code}) before it was ready:\n${said.join('\n')}`)),
      );
    });
    return new Child(child, child.pid ?? 0, readyText);
  }

  /** Resolves when it has ended by itself. */
  async ended(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGTERM');
    const killer = setTimeout(() => this.#child.kill('SIGKILL'), endAfterMs);
    await this.ended();
    clearTimeout(killer);
  }
}

const cloudKeys = { AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local-secret' };
/** As scripts/kvs-edge starts it. */
const flagsOf: Readonly<Record<string, string[]>> = {
  run: ['--max-semi-space-size=4'],
  push: ['--max-semi-space-size=1'],
  'local-cloud': ['--max-semi-space-size=2'],
};

/** A Node process of this repository. */
export function node(file: string, args: string[], rest: Omit<ChildOptions, 'command' | 'args'>): Promise<Child> {
  const env = { ...cloudKeys, ...rest.env };
  const flags = ['--disable-warning=ExperimentalWarning', ...(flagsOf[args[0] ?? ''] ?? [])];
  return Child.start({ ...rest, env, command: process.execPath, args: [...flags, join(root, file), ...args] });
}

/** The embedded server in a process of its own; `readyText` is its address. */
export function localCloud(dataDir: string): Promise<Child> {
  const args = ['local-cloud', '--port', '0', '--data', dataDir];
  return node('agent/cli.ts', args, { ready: /listens on (\S+)/ });
}
