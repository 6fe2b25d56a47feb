// GET requests over kept connections, each timed to the last byte of its answer.
import { Agent, get, type IncomingMessage } from 'node:http';

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

  /** Milliseconds of each, so many at a time. */
  async getAll(urls: readonly string[], atOnce: number): Promise<number[]> {
    const waiting = [...urls];
    const ms: number[] = [];
    const one = async () => {
      for (let url = waiting.shift(); url !== undefined; url = waiting.shift()) ms.push((await this.get(url)).ms);
    };
    await Promise.all(Array.from({ length: atOnce }, one));
    return ms;
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}
