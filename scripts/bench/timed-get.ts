// GET requests over kept connections, each timed to the last byte of its answer.
import { execFile } from 'node:child_process';
import { Agent, get, type IncomingMessage } from 'node:http';
import { promisify } from 'node:util';

export type TimedAnswer = { ms: number; bytes: number; body: Buffer };

export class TimedClient implements Disposable {
  readonly #agent: Agent;

  constructor(connections: number) {
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections });
  }

  /** Rejects for any status but 200. */
  async get(url: string): Promise<TimedAnswer> {
    const startMs = performance.now();
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      get(url, { agent: this.#agent }, resolve).on('error', reject);
    });
    const pieces: Buffer[] = [];
    let bytes = 0;
    await new Promise<void>((resolve, reject) => {
      response.on('data', (piece: Buffer) => {
        bytes += piece.length;
        pieces.push(piece);
      });
      response.once('end', resolve).once('error', reject);
    });
    const ms = performance.now() - startMs;
    const body = Buffer.concat(pieces);
    if (response.statusCode !== 200) throw new Error(`${url}: ${response.statusCode} ${body.toString('utf8')}`);
    return { ms, bytes, body };
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}

/**
 * Milliseconds of each, so many at a time, by curl: a client in this process would collect its garbage of a megabyte a
 * request while the clock runs. Rejects for any status but 200.
 */
export async function timeAll(urls: readonly string[], atOnce: number): Promise<number[]> {
  const shares = Array.from({ length: atOnce }, (_, index) => urls.filter((_, at) => at % atOnce === index));
  return (await Promise.all(shares.map(timeInTurn))).flat();
}

async function timeInTurn(urls: readonly string[]): Promise<number[]> {
  const form = ['--silent', '--show-error', '--fail', '--fail-early', '--write-out', '%{time_total}\\n'];
  const running = promisify(execFile)('curl', [...form, '--config', '-']);
  running.child.stdin?.end(urls.map(url => `url = "${url}"\noutput = "/dev/null"\n`).join(''));
  const { stdout } = await running;
  return stdout
    .trim()
    .split('\n')
    .map(seconds => Number(seconds) * 1000);
}
