// How fast footage goes through reader, fragmenter and writer, against copying the same bytes once in the same run. The
// rounds alternate, so that whatever else the machine does slows both.
import { readFile } from 'node:fs/promises';
import { systemClock } from '../../agent/clock.ts';
import { fragmentItems } from '../../agent/fragmenter/fragment-items.ts';
import { readMatroska } from '../../agent/matroska/read.ts';
import { frameHeader, writeClusterStart, writeHeader } from '../../agent/matroska/write.ts';
import type { SourceItem } from '../../agent/source/source.ts';
import { matroskaFootage } from './footage.ts';
import { medianOf, rounded } from './quantiles.ts';

/** What Node reads from a pipe at once. */
const chunkBytes = 64 * 1024;
const warmUpRounds = 2;

export type FragmenterOptions = { megabytes: number; rounds: number };

export async function benchFragmenter({ megabytes, rounds }: FragmenterOptions): Promise<Record<string, unknown>> {
  const media = await readFile(await matroskaFootage(megabytes));
  const target = Buffer.alloc(media.length);
  const copyMs: number[] = [];
  const pipelineMs: number[] = [];
  let written = { bytes: 0, frames: 0, fragments: 0 };
  for (let round = -warmUpRounds; round < rounds; round++) {
    const startMs = performance.now();
    media.copy(target);
    const copiedMs = performance.now();
    written = await write(media);
    const endMs = performance.now();
    if (round < 0) continue;
    copyMs.push(copiedMs - startMs);
    pipelineMs.push(endMs - copiedMs);
  }
  const [copy, pipeline] = [medianOf(copyMs), medianOf(pipelineMs)];
  return {
    input: { bytes: media.length, chunkBytes, rounds },
    written,
    memcpy: { medianMs: rounded(copy), megabytesPerSecond: rounded(media.length / copy / 1000) },
    pipeline: {
      medianMs: rounded(pipeline),
      megabytesPerSecond: rounded(media.length / pipeline / 1000),
      microsecondsPerFrame: rounded((pipeline * 1000) / written.frames),
    },
    ratioToMemcpy: rounded(copy / pipeline),
    goal: { ratioToMemcpy: 0.25 },
  };
}

/** The bytes as the spool hands them to the disk, in pieces; they are counted instead of written. */
async function write(media: Buffer): Promise<{ bytes: number; frames: number; fragments: number }> {
  const written = { bytes: 0, frames: 0, fragments: 0 };
  let clusterMs = 0;
  for await (const part of fragmentItems(itemsOf(media), { clock: systemClock, cameraId: 'bench' })) {
    if (part.type === 'begin') {
      clusterMs = part.startMs;
      written.fragments++;
      written.bytes += writeHeader(part.tracks).length + writeClusterStart(clusterMs).length;
    } else if (part.type === 'frame') {
      written.frames++;
      written.bytes += frameHeader(part.frame, clusterMs).length + part.frame.data.length;
    }
  }
  return written;
}

async function* itemsOf(media: Buffer): AsyncGenerator<SourceItem> {
  for await (const event of readMatroska(chunksOf(media), { borrowFrames: true })) {
    if (event.type === 'tracks') yield { type: 'tracks', tracks: event.tracks };
    else if (event.type === 'frame') yield { type: 'frame', frame: event.frame };
  }
}

async function* chunksOf(media: Buffer): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < media.length; start += chunkBytes) yield media.subarray(start, start + chunkBytes);
}
