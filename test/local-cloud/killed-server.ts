// The embedded server as a process of its own, killed (SIGKILL) and started again over one folder.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../../agent/clock.ts';
import { signedHeaders } from '../../scripts/fuzz/cloud/signed-request.ts';
import { fastClock } from './fast-clock.ts';

const child = join(import.meta.dirname, 'ingest-child.ts');
const startMs = 60_000;

type Told = { url: string } | { refused: string } | { problem: string };

export class KilledServer {
  readonly dataDir: string;
  /** The server's; its clients must go by it. */
  readonly clock: Clock;
  /** What the server said of its own failures, since it was made. */
  readonly problems: string[] = [];
  readonly #clockArguments: string[];
  #process: ChildProcess | undefined;
  #url = '';

  constructor(dataDir: string, speed = 1) {
    const epochMs = Date.now();
    this.dataDir = dataDir;
    this.clock = fastClock(epochMs, speed);
    this.#clockArguments = [String(epochMs), String(speed)];
  }

  get url(): string {
    return this.#url;
  }

  /** Listens when it resolves. @throws Error with what the server said when it does not start */
  async start(): Promise<void> {
    const started = fork(child, [this.dataDir, ...this.#clockArguments], {
      execArgv: ['--disable-warning=ExperimentalWarning'],
    });
    this.#process = started;
    started.on('message', (message: Told) => {
      if ('problem' in message) this.problems.push(message.problem);
    });
    const [told] = (await Promise.race([
      once(started, 'message'),
      once(started, 'exit').then(() => [{ refused: 'it ended' }]),
      delay(startMs, [{ refused: 'it did not start within a minute' }], { ref: false }),
    ])) as [Told];
    if (!('url' in told)) {
      await this.kill();
      throw new Error('refused' in told ? told.refused : told.problem);
    }
    this.#url = told.url;
  }

  /** Gone when it resolves. */
  async kill(): Promise<void> {
    const killed = this.#process;
    if (!killed || killed.exitCode !== null || killed.signalCode !== null) return;
    const gone = once(killed, 'exit');
    killed.kill('SIGKILL');
    await gone;
  }

  /** An operation, signed. Rejects when the server goes meanwhile. */
  call(path: string, input: object, signal?: AbortSignal): Promise<Response> {
    const body = JSON.stringify(input);
    const { host } = new URL(this.#url);
    const { host: _, ...headers } = signedHeaders({ target: path, host, body, nowMs: this.clock.nowMs() });
    return fetch(`${this.#url}${path}`, { method: 'POST', headers, body, ...(signal ? { signal } : {}) });
  }
}
