import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeFolder, makeFolderSync } from '../../agent/folders.ts';

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'folders-'));
});
afterEach(() => rm(dir, { recursive: true }));

describe.each([
  ['makeFolder', makeFolder],
  ['makeFolderSync', async (path: string, mode?: number) => makeFolderSync(path, mode)],
] as const)('%s', (_, make) => {
  test('makes what is missing, with the mode asked for, and tells what came first', async () => {
    expect(await make(join(dir, 'a/b/c'), 0o700)).toBe(join(dir, 'a'));
    expect((await stat(join(dir, 'a/b/c'))).mode & 0o777).toBe(0o700);
    expect(await make(join(dir, 'a/d'))).toBe(join(dir, 'a/d'));
    expect(await make(join(dir, 'a/b/c'))).toBeUndefined();
  });

  test('a file in the way is an error, wherever it is', async () => {
    await writeFile(join(dir, 'file'), '');
    await expect(make(join(dir, 'file'))).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(make(join(dir, 'file/below/it'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  });

  // Node's own way asks for ever here, and the program cannot even be stopped by a signal it listens to.
  test('where nothing can be made it says so at once', async () => {
    await expect(make('/proc/nothing/here')).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('many at once make one, a hundred times over', async () => {
    for (let round = 0; round < 100; round++) {
      const folder = join(dir, `${round}/y/z`);
      const made = await Promise.all(Array.from({ length: 20 }, () => make(folder)));
      expect(made.filter(path => path !== undefined).length).toBeGreaterThanOrEqual(1);
      await mkdir(join(folder, 'in'));
    }
  });
});
