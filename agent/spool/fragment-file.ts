// Names and durable moves of fragment files: <spool>/<camera>/<startMs>.mkv, `.growing` behind it until it is whole; what
// the service refused is in <spool>/<camera>/rejected/, its reason in a text file beside it.
import { open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder, syncFolder } from '../folders.ts';
import type { FragmentState } from './fragment-record.ts';

const wholeName = /^(\d{1,15})\.mkv$/;
const growingName = /^(\d{1,15})\.mkv\.growing$/;

export function fragmentPath(dir: string, cameraId: string, startMs: number): string {
  return join(dir, cameraId, `${startMs}.mkv`);
}

export function growingPath(dir: string, cameraId: string, startMs: number): string {
  return `${fragmentPath(dir, cameraId, startMs)}.growing`;
}

export function rejectedFolder(dir: string, cameraId: string): string {
  return join(dir, cameraId, 'rejected');
}

export function rejectedPath(dir: string, cameraId: string, startMs: number): string {
  return join(rejectedFolder(dir, cameraId), `${startMs}.mkv`);
}

export function reasonPath(dir: string, cameraId: string, startMs: number): string {
  return join(rejectedFolder(dir, cameraId), `${startMs}.txt`);
}

/** Where the file of a fragment in that state is. */
export function filePath(
  dir: string,
  { cameraId, startMs, state }: { cameraId: string; startMs: number; state: FragmentState },
): string {
  return (state === 'rejected' ? rejectedPath : fragmentPath)(dir, cameraId, startMs);
}

/** What a name in a camera's folder stands for; undefined for a file that is not the spool's. */
export function parseFileName(name: string): { startMs: number; growing: boolean } | undefined {
  const whole = wholeName.exec(name);
  const match = whole ?? growingName.exec(name);
  return match ? { startMs: Number(match[1]), growing: whole === null } : undefined;
}

export async function ensureFolder(path: string): Promise<void> {
  const created = await makeFolder(path);
  if (created !== undefined) await syncFolder(join(path, '..'));
}

/** Gives a synced file its final name and makes the name itself survive a power cut. */
export async function moveIntoPlace(from: string, to: string): Promise<void> {
  await rename(from, to);
  await syncFolder(join(to, '..'));
}

/** Writes a whole file under a temporary name, syncs it and gives it its name. */
export async function writeWhole(path: string, bytes: Uint8Array | string): Promise<void> {
  await ensureFolder(join(path, '..'));
  const temporary = `${path}.growing`;
  const file = await open(temporary, 'w');
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  await moveIntoPlace(temporary, path);
}
