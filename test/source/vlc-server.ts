// VLC as an RTSP server that nobody here wrote: it streams over UDP and refuses TCP with 461, as some cameras do. VLC does not
// run as root; then it runs as nobody.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Footage } from '../../scripts/scripted-camera/footage.ts';
import { blankStamp, stampPosition, writeStamp } from '../../scripts/scripted-camera/stamp.ts';

const run = promisify(execFile);
const nobody = 65_534;
const startPatienceMs = 20_000;

/** Streams numbered pictures for a minute and is then at its end. Use it with `await using`. */
export class VlcServer implements AsyncDisposable {
  readonly url: string;
  readonly #process: ChildProcess;
  readonly #dir: string;

  private constructor(url: string, process: ChildProcess, dir: string) {
    this.url = url;
    this.#process = process;
    this.#dir = dir;
  }

  /** Rejects with what VLC said when it does not get ready. */
  static async start(footage: Footage): Promise<VlcServer> {
    const dir = await mkdtemp(join(tmpdir(), 'vlc-server-'));
    await chmod(dir, 0o777);
    const file = await numberedFile(footage, 60, dir);
    const url = `rtsp://127.0.0.1:${await freePort()}/stream`;
    const options = ['-I', 'dummy', '-vv', '--no-audio', file, '--sout', `#rtp{sdp=${url}}`, '--sout-keep'];
    const process = spawn('cvlc', options, {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { PATH: '/usr/bin:/bin', HOME: dir },
      ...(globalThis.process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {}),
    });
    let said = '';
    process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-20_000);
    });
    const server = new VlcServer(url, process, dir);
    for (let waitedMs = 0; !said.includes('RTSP host'); waitedMs += 50) {
      if (waitedMs <= startPatienceMs && process.exitCode === null) await delay(50);
      else throw await server[Symbol.asyncDispose]().then(() => new Error(`VLC did not get ready: ${said}`));
    }
    await answers(url);
    return server;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const ended = once(this.#process, 'exit');
      this.#process.kill('SIGKILL');
      await ended;
    }
    await rm(this.#dir, { recursive: true, force: true });
  }
}

/** Resolves when somebody listens there. */
async function answers(url: string): Promise<void> {
  const probe = ['-v', 'error', '-rtsp_transport', 'udp', '-show_entries', 'stream=codec_name', url];
  for (let tries = 0; ; tries++) {
    const failed = await run('ffprobe', probe).then(
      () => false,
      () => true,
    );
    if (!failed) return;
    if (tries >= 20) throw new Error(`Nobody answers at ${url}`);
    await delay(100);
  }
}

/** The footage over and over, every picture with its number, in a file that everybody may read. */
async function numberedFile(footage: Footage, seconds: number, dir: string): Promise<string> {
  const { codec, picturesPerSecond, parameterSets, pictures } = footage;
  const startCode = Buffer.of(0, 0, 0, 1);
  const bytes: Buffer[] = [];
  for (let ordinal = 0; ordinal < seconds * picturesPerSecond; ordinal++) {
    const { keyFrame, units } = pictures[ordinal % pictures.length] ?? { keyFrame: false, units: [] };
    const stamp = blankStamp(codec);
    writeStamp(stamp, stampPosition(stamp), ordinal, 0);
    for (const unit of [...(keyFrame ? parameterSets : []), stamp, ...units]) bytes.push(startCode, unit);
  }
  const raw = join(dir, `numbered.${codec}`);
  const file = join(dir, 'numbered.mkv');
  await writeFile(raw, Buffer.concat(bytes));
  await run('ffmpeg', ['-v', 'error', '-r', String(picturesPerSecond), '-i', raw, '-c', 'copy', file]);
  await chmod(file, 0o644);
  return file;
}

/** A port that nobody had a moment ago: VLC cannot choose one. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}
