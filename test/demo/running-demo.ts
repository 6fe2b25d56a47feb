// scripts/demo as a person runs it: started, read, and ended with Ctrl-C.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const root = join(import.meta.dirname, '../..');

/** For what takes seconds on a quiet machine. */
export const longestWaitMs = 180_000;

/** Real footage, when this machine has it; it is no part of the project. */
export function footage(name: string): string | undefined {
  const file = join(root, '../shared/media', name);
  return existsSync(file) ? file : undefined;
}

let candidate = 10_000 + (process.pid % 500) * 20;

/**
 * One that systems give to nobody by themselves, and that processes of tests beside this one do not try: the demo listens
 * there some seconds later, and again after a kill.
 */
async function freePort(): Promise<number> {
  for (;;) {
    const port = candidate++;
    const server = createServer().listen(port, '127.0.0.1');
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}

export class RunningDemo implements AsyncDisposable {
  readonly data: string;
  readonly lines: string[] = [];
  readonly #child: ChildProcess;
  #hasClosed = false;

  private constructor(data: string, child: ChildProcess) {
    this.data = data;
    this.#child = child;
    child.once('close', () => {
      this.#hasClosed = true;
    });
    for (const stream of [child.stdout, child.stderr]) {
      if (stream) createInterface({ input: stream }).on('line', line => void this.lines.push(line));
    }
  }

  static async start(args: string[] = []): Promise<RunningDemo> {
    const data = await mkdtemp(join(tmpdir(), 'kvs-edge-demo-'));
    // Demos that start at the same time would find the same usual port free.
    const ports = ['--port', `${await freePort()}`, '--cloud-port', `${await freePort()}`];
    const child = spawn(join(root, 'scripts/demo'), ['--data', data, ...ports, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const demo = new RunningDemo(data, child);
    await demo.line(/^Stop /);
    return demo;
  }

  get consoleUrl(): string {
    return this.#announced('Console');
  }

  get password(): string {
    return this.#announced('Password');
  }

  get cloudUrl(): string {
    return this.#announced('Cloud');
  }

  /** Waits for a line that matches, also one that was printed before: as long as the demo runs, but not for ever. */
  async line(pattern: RegExp): Promise<string> {
    for (const endMs = Date.now() + longestWaitMs; Date.now() < endMs && !this.#hasClosed; ) {
      const line = this.lines.find(candidate => pattern.test(candidate));
      if (line !== undefined) return line;
      await new Promise(resolve => setTimeout(resolve, 100));
    }
    throw new Error(`The demo did not print ${pattern}, but:\n${this.lines.join('\n')}`);
  }

  /** Ctrl-C. Resolves with the exit code. */
  async stop(): Promise<number | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill('SIGINT');
      await once(this.#child, 'exit');
    }
    return this.#child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await rm(this.data, { recursive: true, force: true });
  }

  #announced(name: string): string {
    const line = this.lines.find(candidate => candidate.startsWith(`${name} `));
    return line?.split(/\s+/)[1] ?? '';
  }
}
