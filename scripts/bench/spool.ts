// Bytes a second that Spool.write takes and syncs, against what the same disk takes from dd in blocks of the same size,
// each of them synced, and against one sync at the end. The rounds alternate.
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { systemClock } from '../../agent/clock.ts';
import { Facts } from '../../agent/facts.ts';
import type { FragmentPart } from '../../agent/fragmenter/fragment-part.ts';
import type { Frame, Track } from '../../agent/matroska/track.ts';
import { Spool } from '../../agent/spool/spool.ts';
import { bitsPerSecond, framesPerSecond } from './footage.ts';
import { medianOf, rounded } from './quantiles.ts';

const fragmentSeconds = 2;
const framesPerFragment = fragmentSeconds * framesPerSecond;
const frameBytes = bitsPerSecond / 8 / framesPerSecond;
const fragmentBytes = framesPerFragment * frameBytes;
const tracks: Track[] = [
  { type: 'video', number: 1, codecId: 'V_MPEG4/ISO/AVC', codecPrivate: new Uint8Array(40), width: 1920, height: 1080 },
];

export type SpoolOptions = { megabytes: number; rounds: number };

/** Works in the folder it is started from: the system's folder for temporary files is often no disk. */
export async function benchSpool({ megabytes, rounds }: SpoolOptions): Promise<Record<string, unknown>> {
  const fragments = Math.max(1, Math.round((megabytes * 1_000_000) / fragmentBytes));
  const bytes = fragments * fragmentBytes;
  const dir = await mkdtemp(join(process.cwd(), 'bench-'));
  const ms: { spool: number[]; syncedBlocks: number[]; oneSync: number[] } = {
    spool: [],
    syncedBlocks: [],
    oneSync: [],
  };
  try {
    for (let round = 0; round < rounds; round++) {
      ms.spool.push(await spoolMs(join(dir, `spool-${round}`), fragments));
      ms.syncedBlocks.push(await ddMs(dir, fragments, ['oflag=direct,dsync']));
      ms.oneSync.push(await ddMs(dir, fragments, ['conv=fsync']));
    }
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
  const spool = medianOf(ms.spool);
  const figures = (medianMs: number) => ({
    medianMs: rounded(medianMs),
    megabytesPerSecond: rounded(bytes / medianMs / 1000),
  });
  return {
    input: { bytes, fragments, fragmentBytes, rounds },
    spool: { ...figures(spool), msPerFragment: rounded(spool / fragments) },
    ddEachBlockSynced: figures(medianOf(ms.syncedBlocks)),
    ddOneSync: figures(medianOf(ms.oneSync)),
    ratioToEachBlockSynced: rounded(medianOf(ms.syncedBlocks) / spool),
    ratioToOneSync: rounded(medianOf(ms.oneSync) / spool),
  };
}

async function spoolMs(dir: string, fragments: number): Promise<number> {
  const facts = new Facts(error => {
    throw error;
  });
  let failed: Error | undefined;
  facts.subscribe(fact => {
    if (fact.type === 'spool.failed') failed = fact.error;
  });
  await using spool = await Spool.open({ dir, maxBytes: 10_000_000_000, clock: systemClock, facts });
  const startMs = performance.now();
  await spool.write('bench', parts(fragments));
  const elapsedMs = performance.now() - startMs;
  if (failed) throw failed;
  return elapsedMs;
}

async function* parts(fragments: number): AsyncGenerator<FragmentPart> {
  const firstMs = Date.now() - fragments * fragmentSeconds * 1000;
  const data = new Uint8Array(frameBytes).fill(0x5a);
  for (let index = 0; index < fragments; index++) {
    const startMs = firstMs + index * fragmentSeconds * 1000;
    yield { type: 'begin', tracks, startMs };
    for (let number = 0; number < framesPerFragment; number++) {
      const timecodeMs = startMs + number * (1000 / framesPerSecond);
      const frame: Frame = { trackNumber: 1, timecodeMs, keyFrame: number === 0, data };
      yield { type: 'frame', frame };
    }
    yield { type: 'end', nextStartMs: startMs + fragmentSeconds * 1000 };
  }
}

/** dd's own measurement, syncs included. */
async function ddMs(dir: string, blocks: number, how: string[]): Promise<number> {
  const file = join(dir, 'dd');
  const args = [
    'if=/dev/zero',
    `of=${file}`,
    `bs=${fragmentBytes - (fragmentBytes % 4096)}`,
    `count=${blocks}`,
    ...how,
  ];
  const { stderr } = await promisify(execFile)('dd', args, { env: { ...process.env, LC_ALL: 'C' } });
  await rm(file);
  const seconds = /copied, ([\d.e+-]+) s,/.exec(stderr)?.[1];
  if (seconds === undefined) throw new Error(`dd said what it took in other words: ${stderr}`);
  return Number(seconds) * 1000;
}
