// Disks that can be filled and worn out: mounted for a scenario, and gone after it. Needs root and loop devices.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Undefined when disks can be mounted here; otherwise why not. */
export async function cannotMount(): Promise<string | undefined> {
  try {
    await using _disk = await WornDisk.mount(8);
    return undefined;
  } catch (error) {
    return `no disk can be mounted here (${error instanceof Error ? error.message.trim().split('\n').at(-1) : error})`;
  }
}

/** A disk in memory that is full soon. */
export class SmallDisk implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async mount(mebibytes: number): Promise<SmallDisk> {
    const path = await mkdtemp(join(tmpdir(), 'fault-lab-disk-'));
    await run('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', path]);
    return new SmallDisk(path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await run('umount', [this.path]);
    await rm(this.path, { recursive: true, force: true });
  }
}

/** An ext4 disk in a file, which turns read-only at an error as the cards of small devices do. */
export class WornDisk implements AsyncDisposable {
  readonly path: string;
  readonly #dir: string;
  readonly #image: string;

  private constructor(dir: string) {
    this.#dir = dir;
    this.#image = join(dir, 'image');
    this.path = join(dir, 'disk');
  }

  static async mount(mebibytes: number): Promise<WornDisk> {
    const disk = new WornDisk(await mkdtemp(join(tmpdir(), 'fault-lab-disk-')));
    try {
      await mkdir(disk.path);
      await run('truncate', ['-s', `${mebibytes}M`, disk.#image]);
      await run('mkfs.ext4', ['-q', disk.#image]);
      await disk.#mount();
      return disk;
    } catch (error) {
      await rm(disk.#dir, { recursive: true, force: true });
      throw error;
    }
  }

  /** An error the kernel finds: from now on every write is refused. */
  async fail(): Promise<void> {
    const { stdout } = await run('findmnt', ['-no', 'SOURCE', this.path]);
    await writeFile(`/sys/fs/ext4/${basename(stdout.trim())}/trigger_fs_error`, '1');
  }

  /** What a restart of the device does: checked, and mounted anew. Nobody may use it meanwhile. */
  async repair(): Promise<void> {
    await run('umount', [this.path]);
    // Exit code 1: errors were corrected.
    await run('e2fsck', ['-fy', this.#image]).catch(error => {
      if (error.code !== 1) throw error;
    });
    await this.#mount();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await run('umount', [this.path]);
    await rm(this.#dir, { recursive: true, force: true });
  }

  async #mount(): Promise<void> {
    await run('mount', ['-o', 'loop,errors=remount-ro', this.#image, this.path]);
  }
}
