// How fast one stream goes in, until its last fragment is PERSISTED, against writing the same bytes to files of the same sizes
// on the same disk: each synced, renamed and its folder synced, which is what the server promises, and without any sync.
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DeleteStreamCommand } from '@aws-sdk/client-kinesis-video';
import { controlClient } from '../../test/local-cloud/control-cloud.ts';
import { localCloud } from './child.ts';
import { processorTime } from './process-cost.ts';
import { medianOf, rounded } from './quantiles.ts';
import { makeStream, sendAll, sendableStream } from './sent-stream.ts';

export type IngestOptions = { dir: string; megabytes: number; rounds: number };

export async function benchIngest({ dir, megabytes, rounds }: IngestOptions): Promise<Record<string, unknown>> {
  await mkdir(dir);
  const stream = await sendableStream(megabytes);
  const cloudDir = join(dir, 'cloud');
  await using cloud = await localCloud(cloudDir);
  const url = cloud.readyText;
  const ms = { server: [] as number[], synced: [] as number[], unsynced: [] as number[], processor: [] as number[] };
  let sizes: number[] = [];
  // The first round is not counted: the server compiles its code in it.
  for (let round = 0; round <= rounds; round++) {
    const StreamName = `round-${round}`;
    const StreamARN = await makeStream(url, StreamName);
    const before = await processorTime(cloud.pid);
    const serverMs = await sendAll(url, StreamName, stream);
    const processorMs = (await processorTime(cloud.pid)).ownMs - before.ownMs;
    sizes = await fragmentSizes(cloudDir);
    await controlClient(url).send(new DeleteStreamCommand({ StreamARN }));
    const syncedMs = await plainMs(join(dir, 'plain'), sizes, true);
    const unsyncedMs = await plainMs(join(dir, 'plain'), sizes, false);
    if (round === 0) continue;
    ms.server.push(serverMs);
    ms.synced.push(syncedMs);
    ms.unsynced.push(unsyncedMs);
    ms.processor.push(processorMs);
  }
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  const figures = (values: readonly number[]) => ({
    medianMs: rounded(medianOf(values)),
    megabytesPerSecond: rounded(bytes / medianOf(values) / 1000),
  });
  return {
    input: { bytes, fragments: sizes.length, rounds },
    server: { ...figures(ms.server), processorMs: rounded(medianOf(ms.processor)) },
    plainSynced: figures(ms.synced),
    plainUnsynced: figures(ms.unsynced),
    ratioToPlainSynced: rounded(medianOf(ms.synced) / medianOf(ms.server)),
    ratioToPlainUnsynced: rounded(medianOf(ms.unsynced) / medianOf(ms.server)),
  };
}

/** Of the files the server has; rounds before are deleted. */
async function fragmentSizes(cloudDir: string): Promise<number[]> {
  const files = await readdir(cloudDir, { recursive: true });
  const fragments = files.filter(file => file.endsWith('.mkv')).toSorted();
  return Promise.all(fragments.map(async file => (await stat(join(cloudDir, file))).size));
}

async function plainMs(dir: string, sizes: readonly number[], synced: boolean): Promise<number> {
  const content = Buffer.alloc(Math.max(...sizes), 0x5a);
  await mkdir(dir);
  const startMs = performance.now();
  for (const [index, size] of sizes.entries()) {
    const path = join(dir, `${index}.mkv`);
    const file = await open(`${path}.part`, 'w');
    await file.writeFile(content.subarray(0, size));
    if (synced) await file.sync();
    await file.close();
    await rename(`${path}.part`, path);
    if (synced) await syncFolder(dir);
  }
  const elapsedMs = performance.now() - startMs;
  await rm(dir, { recursive: true });
  return elapsedMs;
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  await folder.sync();
  await folder.close();
}
