// Recorded files as people have them, made by ffmpeg, and the command that pushes them.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { encodedFile } from '../../scripts/scripted-camera/encoded-file.ts';

const cli = join(import.meta.dirname, '../../agent/cli.ts');

export const framesPerSecond = 10;
export const createdMs = Date.UTC(2026, 2, 1, 10);

export type Making = {
  seconds?: number;
  /** After the inputs: codecs and the like. */
  output?: string[];
  bitsPerSecond?: number;
};

export class Recordings implements AsyncDisposable {
  readonly dir: string;

  private constructor(dir: string) {
    this.dir = dir;
  }

  static async make(): Promise<Recordings> {
    return new Recordings(await mkdtemp(join(tmpdir(), 'recordings-')));
  }

  /** A picture that moves with a tone, a key frame a second, without B-frames; the container follows from the name. */
  async file(name: string, { seconds = 6, output = [], bitsPerSecond = 400_000 }: Making = {}): Promise<string> {
    const picture = `testsrc2=size=320x180:rate=${framesPerSecond},noise=alls=20:allf=t`;
    const created = `creation_time=${new Date(createdMs).toISOString()}`;
    const made = await encodedFile(
      [
        ...['-f', 'lavfi', '-i', picture, '-f', 'lavfi', '-i', 'sine=sample_rate=48000', '-t', String(seconds)],
        ...['-pix_fmt', 'yuv420p', '-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '0'],
        ...['-g', String(framesPerSecond), '-b:v', String(bitsPerSecond), '-c:a', 'aac', '-metadata', created],
        ...output,
      ],
      extname(name).slice(1),
    );
    const path = join(this.dir, name);
    await copyFile(made, path);
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.dir, { recursive: true, force: true });
  }
}

export type Outcome = { exitCode: number | null; stdout: string; stderr: string };

/** `kvs-edge …`, as a script runs it. `signal` is sent when it is there. */
export async function kvsEdge(
  args: string[],
  environment: Record<string, string> = {},
  signal?: Promise<NodeJS.Signals>,
): Promise<Outcome> {
  const child = spawn(process.execPath, [cli, ...args], { env: { ...process.env, ...environment } });
  signal?.then(name => child.kill(name));
  const [stdout, stderr] = [child.stdout, child.stderr].map(stream => {
    const chunks: string[] = [];
    stream.setEncoding('utf8').on('data', (text: string) => void chunks.push(text));
    return chunks;
  });
  const [exitCode] = await once(child, 'close');
  return { exitCode, stdout: stdout?.join('') ?? '', stderr: stderr?.join('') ?? '' };
}
