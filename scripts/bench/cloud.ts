// The embedded server in a process of its own: one stream as fast as it goes against a plain write to the same disk, the lists
// of a day of 43,200 fragments, and the fragments a player fetches against a file server that does nothing else.
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { benchDay } from './cloud-day.ts';
import { benchFragments } from './cloud-fragments.ts';
import { benchIngest } from './cloud-ingest.ts';

export type CloudOptions = { megabytes: number; rounds: number; fragments: number };

/** Works in the folder it is started from: the system's folder for temporary files is often no disk. */
export async function benchCloud({ megabytes, rounds, fragments }: CloudOptions): Promise<Record<string, unknown>> {
  const dir = await mkdtemp(join(process.cwd(), 'bench-'));
  try {
    return {
      ingest: await benchIngest({ dir: join(dir, 'ingest'), megabytes, rounds }),
      fragments: await benchFragments({ dir: join(dir, 'fragments'), megabytes, rounds }),
      day: await benchDay({ dir: join(dir, 'day'), fragments }),
      goal: { playlistMs: 50, fragmentP99Ms: 5 },
    };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
