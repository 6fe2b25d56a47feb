// The embedded server of a scenario, with faults, and what it holds read from its own files.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import type { Faults } from '../../agent/local-cloud/faults/faults.ts';
import { type LocalCloud, startLocalCloud } from '../../agent/local-cloud/main.ts';
import { folderName } from '../../agent/local-cloud/store/stream-records.ts';
import { Secret } from '../../agent/secret.ts';
import { fragmentFiles, picturesOf, type StoredPicture } from '../demo/stored-video.ts';

export class LabCloud implements AsyncDisposable {
  readonly url: string;
  readonly faults: Faults;
  readonly #cloud: LocalCloud;
  readonly #dataDir: string;

  private constructor(cloud: LocalCloud, faults: Faults, dataDir: string) {
    this.#cloud = cloud;
    this.url = cloud.url;
    this.faults = faults;
    this.#dataDir = dataDir;
  }

  static async start(): Promise<LabCloud> {
    const dataDir = await mkdtemp(join(tmpdir(), 'fault-lab-cloud-'));
    const cloud = await startLocalCloud({
      port: 0,
      dataDir,
      faults: true,
      accessKeyId: 'local',
      secretAccessKey: new Secret('local-secret'),
      // The server says "internal error" because it was told to.
      onProblem: () => undefined,
    });
    if (!cloud.faults) throw new Error('The server was started without faults');
    return new LabCloud(cloud, cloud.faults, dataDir);
  }

  /** The pictures of each fragment of a stream, in the order the fragments arrived: their numbers grow with it. */
  async fragments(stream: string): Promise<StoredPicture[][]> {
    const files = (await fragmentFiles(join(this.#dataDir, 'streams'))).filter(
      file => basename(dirname(file)) === folderName(stream),
    );
    const sorted = files.sort((a, b) => (basename(a) < basename(b) ? -1 : 1));
    return Promise.all(sorted.map(picturesOf));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#cloud.close();
    await rm(this.#dataDir, { recursive: true, force: true });
  }
}
