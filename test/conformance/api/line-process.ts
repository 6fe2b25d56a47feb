// A program that answers JSON lines with JSON lines, by number: many questions may be open at once.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export type LineProcess = AsyncDisposable & { ask(question: object): Promise<unknown> };

/** A Python file of this folder, in Debian's Python: that is where Debian's packages are. */
export function startPython(file: string, env: Record<string, string> = {}): LineProcess {
  const child = spawn('/usr/bin/python3', ['-u', join(import.meta.dirname, file)], {
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C.UTF-8', PYTHONDONTWRITEBYTECODE: '1', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close');
  const waiting = new Map<number, { resolve(answer: unknown): void; reject(error: Error): void }>();
  let asked = 0;
  createInterface({ input: child.stdout }).on('line', line => {
    const answer: { id: number } = JSON.parse(line);
    waiting.get(answer.id)?.resolve(answer);
    waiting.delete(answer.id);
  });
  child.once('close', code => {
    for (const { reject } of waiting.values()) reject(new Error(`${file} ended with ${code}`));
  });
  return {
    ask(question) {
      const id = asked++;
      const answer = new Promise<unknown>((resolve, reject) => waiting.set(id, { resolve, reject }));
      child.stdin.write(`${JSON.stringify({ id, ...question })}\n`);
      return answer;
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await closed;
    },
  };
}
