// A long-running program that a test starts, stops and kills as often as it likes. It never outlives the process that started
// it: the kernel kills it when that process dies, however it dies.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';

/**
 * Safety nets: RabbitMQ needs three seconds of a processor for its start, which took 140 s on two cores that forty wanted.
 * Who starts a broker, or starts it again, gives it twice as long, so that it is told what the broker said.
 */
export const startPatienceMs = 300_000;
const stopPatienceMs = 60_000;
const keptCharacters = 100_000;

export type Command = {
  /** The program's file and its arguments. */
  line: readonly [string, ...string[]];
  env?: Record<string, string>;
  /** Where it runs; also its HOME. */
  folder: string;
  /** The line that it says, on either output, once it serves. */
  ready: RegExp;
  /** Hears each line of its output, from the first on. */
  onLine?: (line: string) => void;
};

export class Program {
  readonly #command: Command;
  #process: ChildProcess | undefined;
  #said = '';

  constructor(command: Command) {
    this.#command = command;
  }

  /** The last of what it said on both outputs, in all its lives. */
  get said(): string {
    return this.#said;
  }

  /** Undefined while it does not run. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Resolves once it serves. Rejects with what it said when it ends before that or takes too long; then it does not run. */
  async start(): Promise<void> {
    if (this.#process) throw new Error('It runs already.');
    const { line, env = {}, folder, ready, onLine = () => {} } = this.#command;
    const process = spawn('setpriv', ['--pdeathsig', 'KILL', ...line], {
      cwd: folder,
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: folder, LC_ALL: 'C.UTF-8', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#process = process;
    const { promise: serving, resolve, reject } = Promise.withResolvers<void>();
    let saidNow = '';
    const hear = (line: string) => {
      this.#said = `${this.#said}${line}\n`.slice(-keptCharacters);
      saidNow = `${saidNow}${line}\n`.slice(-keptCharacters);
      if (ready.test(line)) resolve();
      onLine(line);
    };
    for (const output of [process.stdout, process.stderr]) hearLines(output, hear);
    process.once('error', reject);
    process.once('close', () => {
      this.#process = undefined;
      reject(new Error('It ended.'));
    });
    const late = setTimeout(() => reject(new Error('It took too long.')), startPatienceMs);
    try {
      await serving;
    } catch (cause) {
      await this.end('SIGKILL');
      throw new Error(`${line[0]} did not get ready: ${saidNow.slice(-4_000)}`, { cause });
    } finally {
      clearTimeout(late);
    }
  }

  /** Resolves when it and all that it started are gone. Rejects when it had to be killed because it would not stop. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const process = this.#process;
    if (!process) return;
    // Comes when the last process that writes to its outputs is gone.
    const closed = once(process, 'close');
    process.kill(signal);
    let isLate = false;
    const late = setTimeout(() => {
      isLate = true;
      process.kill('SIGKILL');
    }, stopPatienceMs);
    await closed;
    clearTimeout(late);
    if (isLate) throw new Error(`It did not stop by itself: ${this.#said.slice(-4_000)}`);
  }
}

/** Lines end with a line feed only: readline would also cut at other characters, which messages may contain. */
function hearLines(output: Readable, hear: (line: string) => void): void {
  let begun = '';
  output.setEncoding('utf8').on('data', (text: string) => {
    const lines = (begun + text).split('\n');
    begun = lines.pop() ?? '';
    for (const line of lines) hear(line);
  });
  output.once('end', () => {
    if (begun !== '') hear(begun);
  });
}
