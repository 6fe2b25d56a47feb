// Starts scripts/pretend-camera for a test and makes sure that it ends with the test.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { access, rename } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const program = new URL('../../scripts/pretend-camera', import.meta.url).pathname;
/** Kept between tests: encoding is the slow part of a start. */
const cache = join(tmpdir(), 'kvs-edge-agent-test-clips');

export type CameraEvent =
  | { event: 'ready'; url: string; subUrl?: string; onvifUrl?: string }
  | { event: 'client-connected' | 'client-left'; address: string };

/** A pretend camera that is ready for clients. Use it with `await using`. */
export class RunningCamera {
  readonly url: string;
  /** Empty without `--sub-stream`. */
  readonly subUrl: string;
  /** Where the device service is; empty without `--onvif`. */
  readonly onvifUrl: string;
  readonly port: number;
  readonly pid: number;
  readonly events: CameraEvent[];
  readonly #process: ChildProcess;

  constructor(process: ChildProcess, ready: Extract<CameraEvent, { event: 'ready' }>, events: CameraEvent[]) {
    this.#process = process;
    this.pid = process.pid ?? 0;
    this.url = ready.url;
    this.subUrl = ready.subUrl ?? '';
    this.onvifUrl = ready.onvifUrl ?? '';
    this.port = Number(new URL(ready.url).port);
    this.events = events;
  }

  signal(name: NodeJS.Signals): void {
    this.#process.kill(name);
  }

  /** Ends the camera and resolves to its exit code, or null when a signal ended it. */
  async stop(name: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const exited = once(this.#process, 'exit');
      this.#process.kill(name);
      // A stopped process obeys only after it was continued.
      this.#process.kill('SIGCONT');
      await exited;
    }
    return this.#process.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('SIGKILL');
  }
}

/** Rejects with what the camera said on stderr when it does not become ready. `--port 0` unless given. */
export async function startCamera(options: string[] = [], password?: string): Promise<RunningCamera> {
  const port = options.includes('--port') ? [] : ['--port', '0'];
  const camera = spawn(program, ['--cache', cache, ...port, ...options], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...(password === undefined ? {} : { PRETEND_CAMERA_PASSWORD: password }) },
  });
  const events: CameraEvent[] = [];
  let stderr = '';
  camera.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const { promise, resolve, reject } = Promise.withResolvers<RunningCamera>();
  camera.on('error', reject);
  camera.on('close', code => reject(new Error(`The pretend camera ended with ${code}: ${stderr.trim()}`)));
  createInterface({ input: camera.stdout }).on('line', line => {
    const event: CameraEvent = JSON.parse(line);
    events.push(event);
    if (event.event === 'ready') resolve(new RunningCamera(camera, event, events));
  });
  return promise;
}

/** A 3 s clip with sound, 160x120 at 10 pictures a second: quick to encode, quick to repeat. Returns its path. */
export function shortClip(): Promise<string> {
  return makeClip('short', ['-f', 'lavfi', '-i', 'testsrc2=size=160x120:rate=10', '-f', 'lavfi', '-i', 'sine']);
}

/** A 3 s clip of noise, 320x240 at 10 pictures a second and half a megabyte a second, as of a far larger picture. */
export function noisyClip(): Promise<string> {
  return makeClip('noisy', ['-f', 'lavfi', '-i', 'testsrc2=size=320x240:rate=10,noise=alls=90:allf=t']);
}

async function makeClip(name: string, inputs: string[]): Promise<string> {
  const path = `${cache}-${name}.mp4`;
  const made = await access(path).then(
    () => true,
    () => false,
  );
  if (made) return path;
  // Tests that run at the same time may all find it missing.
  const partial = `${path}.${randomUUID()}.partial`;
  const output = ['-t', '3', '-c:v', 'libx264', '-preset', 'ultrafast', '-c:a', 'aac', '-f', 'mp4', partial];
  await promisify(execFile)('ffmpeg', ['-v', 'error', '-y', ...inputs, ...output]);
  await rename(partial, path);
  return path;
}
