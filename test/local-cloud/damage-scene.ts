// A data folder that a test damages by hand, the stores that are opened on it one after the other, and what they say. Time
// passes only when a test says so. The folder goes with the scene; who opens a store closes it.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AgentError } from '../../agent/errors.ts';
import type { StoredStream } from '../../agent/local-cloud/store/media-store.ts';
import { Store } from '../../agent/local-cloud/store/store.ts';
import { folderName } from '../../agent/local-cloud/store/stream-records.ts';
import { manualClock } from './control-cloud.ts';
import { startMs } from './ingest-producer.ts';
import { makeStream } from './stage-store.ts';

export const hourMs = 3_600_000;

export class DamageScene {
  readonly clock = manualClock(startMs);
  readonly problems: AgentError[] = [];
  readonly notices: string[] = [];
  readonly dataDir: string;

  private constructor(dataDir: string) {
    this.dataDir = dataDir;
  }

  static async make(): Promise<DamageScene> {
    return new DamageScene(await mkdtemp(join(tmpdir(), 'store-damage-')));
  }

  openStore(): Promise<Store> {
    return Store.open({
      ...{ dataDir: this.dataDir, clock: this.clock, random: () => 0.5 },
      onProblem: problem => this.problems.push(problem),
      onNotice: sentence => void this.notices.push(sentence),
    });
  }

  /** With a stream `cam`, which keeps its fragments for two hours. */
  async openWithStream(): Promise<Store> {
    const store = await this.openStore();
    await makeStream(store, 'cam', { retentionHours: 2, createdMs: startMs });
    return store;
  }

  folder(stream = 'cam'): string {
    return join(this.dataDir, 'streams', folderName(stream));
  }

  fileOf({ number }: { number: string }, stream = 'cam'): string {
    return join(this.folder(stream), `${number}.mkv`);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return rm(this.dataDir, { recursive: true, force: true });
  }
}

export function streamNamed(name: string): StoredStream {
  const arn = `arn:aws:kinesisvideo:us-west-2:000000000000:stream/${name}/${startMs}`;
  return { name, arn, createdMs: startMs, version: 'v', retentionHours: 2, tags: {} };
}
