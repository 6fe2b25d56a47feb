// Files that ffmpeg makes once for tests and benches, kept in the system's folder for temporary files.
import { execFile, spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { access, mkdir, readFile, rename } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const folder = join(tmpdir(), 'kvs-edge-footage');

/** Path of the file that ffmpeg makes of `args`, with `ending` as its name's end. Rejects when ffmpeg fails. */
export async function encodedFile(args: readonly string[], ending: string): Promise<string> {
  const digest = createHash('sha256').update(JSON.stringify(args)).digest('hex').slice(0, 16);
  const file = join(folder, `${digest}.${ending}`);
  const exists = await access(file).then(
    () => true,
    () => false,
  );
  if (exists) return file;
  await mkdir(folder, { recursive: true });
  // Tests that run at the same time may all find it missing.
  const partial = join(folder, `${randomUUID()}.${ending}`);
  const ffmpeg = spawn('ffmpeg', ['-v', 'error', '-nostdin', '-y', ...args, partial], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [code] = await once(ffmpeg, 'exit');
  if (code !== 0) throw new Error(`ffmpeg could not make ${file} (exit code ${code})`);
  await rename(partial, file);
  return file;
}

/** The same file's bytes. */
export async function encodedBytes(args: readonly string[], ending: string): Promise<Buffer> {
  return await readFile(await encodedFile(args, ending));
}

/** Presentation times of a file's pictures in the order in which they are stored, in units of their own. */
export async function presentationTimes(file: string): Promise<number[]> {
  const entries = ['-select_streams', 'v:0', '-show_entries', 'packet=pts', '-of', 'csv=p=0'];
  const { stdout } = await promisify(execFile)('ffprobe', ['-v', 'error', ...entries, file], { maxBuffer: 1 << 26 });
  return stdout.trim().split('\n').map(Number.parseFloat);
}
