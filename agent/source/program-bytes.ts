// What a program writes on stdout, for as long as it is wanted. The program is ended with the iteration.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { systemCode } from '../errors.ts';

export type ProgramOptions = {
  /** Names, looked up on the PATH: the first that is there is run. */
  programs: readonly string[];
  args: readonly string[];
  /** Ends the program. */
  signal: AbortSignal;
  /** Told of each line on stderr. */
  onLine: (line: string) => void;
};

/** Ends when the program does, or the signal aborts. `onLine` is told `missing` when none of the programs is there. */
export async function* programBytes({ programs, args, signal, onLine }: ProgramOptions): AsyncGenerator<Uint8Array> {
  const child = await startFirst(programs, args);
  if (!child) return onLine(missing);
  const stop = () => void child.kill('SIGKILL');
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  const closed = once(child, 'close');
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    for (const line of text.split('\n')) if (line !== '') onLine(line);
  });
  try {
    for await (const chunk of child.stdout) yield chunk;
    await closed;
  } finally {
    signal.removeEventListener('abort', stop);
    stop();
    await closed;
  }
}

/** What `onLine` is told when there is no such program. */
export const missing = 'none of the programs is installed';

async function startFirst(programs: readonly string[], args: readonly string[]) {
  for (const program of programs) {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    try {
      await once(child, 'spawn');
      return child;
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw error;
    }
  }
  return undefined;
}
