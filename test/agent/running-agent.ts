// `kvs-edge run` as its own process, with its console's API as the test's window into it.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { stringify } from 'yaml';
import type { CamerasAnswer } from '../../shared/api.ts';
import type { CameraStatus } from '../../shared/camera-status.ts';
import type { SettingsInput } from '../../shared/settings.ts';

const cli = join(import.meta.dirname, '../../agent/cli.ts');
export const consolePassword = 'correct horse battery';

/** A safety net. A start takes a second of a processor, which may take a minute when many want it. */
const startPatienceMs = 120_000;

export type Answered = { status: number; answer: unknown };

export type Run = { code: number | null; output: string };

/** Runs the command line to its end. */
export async function runCli(args: string[], env: Record<string, string> = {}): Promise<Run> {
  const child = startCli(args, env);
  let output = '';
  const take = (text: Buffer) => {
    output += text;
  };
  child.stdout?.on('data', take);
  child.stderr?.on('data', take);
  await once(child, 'close');
  return { code: child.exitCode, output };
}

function startCli(args: string[], env: Record<string, string>): ChildProcess {
  return spawn(process.execPath, ['--disable-warning=ExperimentalWarning', cli, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH,
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local-secret',
      ...env,
    },
  });
}

export class RunningAgent implements AsyncDisposable {
  readonly dir: string;
  /** Its settings. */
  readonly file: string;
  /** Everything it wrote to standard output and standard error. */
  output = '';
  readonly #env: Record<string, string>;
  #child: ChildProcess;
  #cookie = '';
  #url = '';

  private constructor(dir: string, env: Record<string, string>) {
    this.dir = dir;
    this.file = join(dir, 'kvs-edge.yaml');
    this.#env = env;
    this.#child = this.#run();
  }

  /** `dataDir` is a new folder unless the settings name one. Text is written as it is. */
  static async start(settings: SettingsInput | string, env: Record<string, string> = {}): Promise<RunningAgent> {
    const dir = await mkdtemp(join(tmpdir(), 'kvs-edge-agent-'));
    const defaults = { dataDir: join(dir, 'data'), web: { listen: '127.0.0.1:0' } };
    const text = typeof settings === 'string' ? settings : stringify({ ...defaults, ...settings });
    await writeFile(join(dir, 'kvs-edge.yaml'), text);
    const agent = new RunningAgent(dir, env);
    try {
      await agent.#signIn();
      return agent;
    } catch (cause) {
      await agent[Symbol.asyncDispose]();
      throw cause;
    }
  }

  /** Ends it by `signal`, and starts it again with the same settings. */
  async restart(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#end(signal);
    this.#child = this.#run();
    await this.#signIn();
  }

  /** Of its console. */
  get url(): string {
    return this.#url;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  async camera(id: string): Promise<CameraStatus> {
    const { cameras }: CamerasAnswer = JSON.parse(await this.text('/api/cameras'));
    const status = cameras.find(camera => camera.id === id);
    if (!status) throw new Error(`There is no camera ${id}`);
    return status;
  }

  async text(path: string): Promise<string> {
    return (await this.#fetch(path)).text();
  }

  /** Asks the console's API to change something. `answer` is undefined when nothing comes back. */
  async ask(method: 'POST' | 'PATCH' | 'DELETE', path: string, body: unknown = {}): Promise<Answered> {
    const response = await this.#fetch(path, { method, body: JSON.stringify(body) });
    const text = await response.text();
    return { status: response.status, answer: text === '' ? undefined : JSON.parse(text) };
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end('SIGTERM');
    await rm(this.dir, { recursive: true, force: true });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    if (!this.isRunning) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill(signal);
    await ended;
  }

  #run(): ChildProcess {
    const child = startCli(['run', '--config', this.file], {
      KVS_EDGE_CONSOLE_PASSWORD: consolePassword,
      ...this.#env,
    });
    const take = (text: Buffer) => {
      this.output += text;
    };
    child.stdout?.on('data', take);
    child.stderr?.on('data', take);
    return child;
  }

  async #signIn(): Promise<void> {
    const said = this.output.length;
    // The whole line: its address may come in two pieces.
    const address = () => /Console: (\S+)\n/.exec(this.output.slice(said))?.[1];
    await expect.poll(() => address() ?? this.isRunning, { timeout: startPatienceMs }).not.toBe(true);
    const url = address();
    if (!url) throw new Error(`The agent ended before its console was there: ${this.output.slice(said)}`);
    this.#url = url;
    const answer = await this.#fetch('/api/session', {
      method: 'POST',
      body: JSON.stringify({ password: consolePassword }),
    });
    this.#cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? '';
  }

  #fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = { 'content-type': 'application/json', cookie: this.#cookie };
    return fetch(this.#url + path, { ...init, headers });
  }
}
