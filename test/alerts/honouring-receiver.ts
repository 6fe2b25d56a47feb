// A receiver as documented: it takes each `webhook-id` once, and answers a repeat as it did the first time. It misbehaves as
// told, before or after it has taken the alert, and counts what a ledger needs.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** `lost`: takes the alert, then resets instead of answering, so that the sender cannot know. */
export type Mood = 'well' | 'slow' | 'troubled' | 'reset' | 'lost' | 'gone';

export type Figures = {
  requests: number;
  /** Ids in the order they were taken. */
  taken: string[];
  /** Repeats of what had been taken. */
  suppressed: number;
  /** Repeats that were not the same byte for byte. */
  changed: number;
};

export class HonouringReceiver implements AsyncDisposable {
  readonly figures: Figures = { requests: 0, taken: [], suppressed: 0, changed: 0 };
  readonly #mood: (request: number) => Mood;
  readonly #slowMs: number;
  readonly #bodies = new Map<string, string>();
  #server: Server | undefined;
  #port = 0;
  /** Requests under way. */
  busy = 0;

  /** @param mood of each request, which count from 1 */
  constructor(mood: (request: number) => Mood, { slowMs = 20 } = {}) {
    this.#mood = mood;
    this.#slowMs = slowMs;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/hook`;
  }

  /** Listens, after the first time on the same port again. */
  async up(): Promise<void> {
    const server = createServer(async (request, response) => {
      this.busy++;
      response.on('close', () => this.busy--);
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      const mood = this.#mood(++this.figures.requests);
      if (mood === 'reset') return void request.socket.resetAndDestroy();
      if (mood === 'troubled') return void response.writeHead(500).end();
      if (mood === 'gone') return void response.writeHead(410).end();
      this.#take(String(request.headers['webhook-id']), Buffer.concat(chunks).toString());
      if (mood === 'lost') return void request.socket.resetAndDestroy();
      setTimeout(() => response.writeHead(204).end(), mood === 'slow' ? this.#slowMs : 0);
    });
    server.listen(this.#port, '127.0.0.1');
    await new Promise(resolve => server.once('listening', resolve));
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  async down(): Promise<void> {
    const server = this.#server;
    if (!server) return;
    server.closeAllConnections();
    await new Promise(resolve => server.close(resolve));
    this.#server = undefined;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.down();
  }

  #take(id: string, body: string): void {
    const { figures } = this;
    const known = this.#bodies.get(id);
    if (known === undefined) figures.taken.push(id);
    else figures.suppressed++;
    if (known !== undefined && known !== body) figures.changed++;
    this.#bodies.set(id, body);
  }
}

/** How many of the ids were taken after one that was raised later. */
export function outOfOrder(raised: readonly string[], taken: readonly string[]): number {
  const place = new Map(raised.map((id, index) => [id, index]));
  let furthest = -1;
  return taken.filter(id => {
    const index = place.get(id) ?? -1;
    const isLate = index < furthest;
    furthest = Math.max(furthest, index);
    return isLate;
  }).length;
}
