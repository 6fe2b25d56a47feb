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
const password = 'correct horse battery';

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
    env: { PATH: process.env.PATH, AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local-secret', ...env },
  });
}

export class RunningAgent implements AsyncDisposable {
  readonly dir: string;
  /** Everything it wrote to standard output and standard error. */
  output = '';
  readonly #child: ChildProcess;
  #cookie = '';
  #url = '';

  private constructor(dir: string, child: ChildProcess) {
    this.dir = dir;
    this.#child = child;
    const take = (text: Buffer) => {
      this.output += text;
    };
    child.stdout?.on('data', take);
    child.stderr?.on('data', take);
  }

  /** `dataDir` is a new folder unless the settings name one. */
  static async start(settings: SettingsInput, env: Record<string, string> = {}): Promise<RunningAgent> {
    const dir = await mkdtemp(join(tmpdir(), 'kvs-edge-agent-'));
    const file = join(dir, 'kvs-edge.yaml');
    await writeFile(file, stringify({ dataDir: join(dir, 'data'), web: { listen: '127.0.0.1:0' }, ...settings }));
    const child = startCli(['run', '--config', file], { KVS_EDGE_CONSOLE_PASSWORD: password, ...env });
    const agent = new RunningAgent(dir, child);
    await expect.poll(() => agent.output, { timeout: 20_000 }).toMatch(/Console: http/);
    agent.#url = /Console: (\S+)/.exec(agent.output)?.[1] ?? '';
    const answer = await agent.#fetch('/api/session', { method: 'POST', body: JSON.stringify({ password }) });
    agent.#cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? '';
    return agent;
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

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.isRunning) {
      const ended = once(this.#child, 'exit');
      this.#child.kill('SIGTERM');
      await ended;
    }
    await rm(this.dir, { recursive: true, force: true });
  }

  #fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = { 'content-type': 'application/json', cookie: this.#cookie };
    return fetch(this.#url + path, { ...init, headers });
  }
}
