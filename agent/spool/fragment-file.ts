// Names and durable moves of fragment files: <spool>/<camera>/<startMs>.mkv, and `.growing` behind it until it is whole.
import { mkdir, open, rename } from 'node:fs/promises';
import { join } from 'node:path';

const wholeName = /^(\d{1,15})\.mkv$/;
const growingName = /^(\d{1,15})\.mkv\.growing$/;

export function fragmentPath(dir: string, cameraId: string, startMs: number): string {
  return join(dir, cameraId, `${startMs}.mkv`);
}

export function growingPath(dir: string, cameraId: string, startMs: number): string {
  return `${fragmentPath(dir, cameraId, startMs)}.growing`;
}

/** What a name in a camera's folder stands for; undefined for a file that is not the spool's. */
export function parseFileName(name: string): { startMs: number; growing: boolean } | undefined {
  const whole = wholeName.exec(name);
  const match = whole ?? growingName.exec(name);
  return match ? { startMs: Number(match[1]), growing: whole === null } : undefined;
}

export async function ensureFolder(path: string): Promise<void> {
  const created = await mkdir(path, { recursive: true });
  if (created !== undefined) await syncFolder(join(path, '..'));
}

/** Gives a synced file its final name and makes the name itself survive a power cut. */
export async function moveIntoPlace(from: string, to: string): Promise<void> {
  await rename(from, to);
  await syncFolder(join(to, '..'));
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
