// A fragment's file cut at every one of its bytes: a fragment for each cut, all in one spool without an index.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { frameHeader, writeClusterStart, writeHeader } from '../../agent/matroska/write.ts';
import { video } from '../spool/parts.ts';
import type { LabSize, Outcome, Scenario } from './scenario.ts';
import { cameraId, nowMs, Site } from './site.ts';
import { stampedPicture } from './stamped-camera.ts';

export const truncationScenario: Scenario = { name: 'file truncated at every byte of a fragment', run: runTruncation };

const pictures = 8;
/** Eight digits, so that every file has the same length. */
const firstNumber = 10_000_000;
const intervalMs = 100;
const fragmentMs = 1000;

type CutFile = { bytes: Buffer /** Where each picture ends. */; ends: number[] };

async function runTruncation(size: LabSize): Promise<Outcome> {
  await using site = await Site.open(size);
  const folder = join(site.dir, cameraId);
  await mkdir(folder, { recursive: true });
  const cuts = fragmentFile(0, 0).bytes.length;
  const firstMs = Math.floor(Date.now() / 1000) * 1000 - (cuts + 60) * fragmentMs;
  for (let cut = 0; cut <= cuts; cut++) {
    const startMs = firstMs + cut * fragmentMs;
    const { bytes, ends } = fragmentFile(startMs, cut * pictures);
    await writeFile(join(folder, `${startMs}.mkv`), bytes.subarray(0, cut));
    // What the cut took was lost before the agent came; what it left must arrive.
    ends.forEach((end, index) => {
      if (end <= cut) site.ledger.stamped(firstNumber + cut * pictures + index, startMs + index * intervalMs);
    });
  }
  const beganMs = nowMs();
  await using pipeline = await site.start({ camera: 'none' });
  const recoveryMs = await site.recovery(pipeline, beganMs);
  await site.drain(pipeline);
  const attempts = site.putMediaRequests;
  return { ...(await site.balance()), faultMs: nowMs() - beganMs, attempts, recoveryMs };
}

function fragmentFile(startMs: number, firstOrdinal: number): CutFile {
  const pieces: Uint8Array[] = [writeHeader([video]), writeClusterStart(startMs)];
  const ends: number[] = [];
  for (let index = 0; index < pictures; index++) {
    const data = stampedPicture({ ordinal: firstNumber + firstOrdinal + index, keyFrame: index === 0, bytes: 20 });
    const frame = { trackNumber: 1, timecodeMs: startMs + index * intervalMs, keyFrame: index === 0, data };
    pieces.push(frameHeader(frame, startMs), data);
    ends.push(pieces.reduce((sum, piece) => sum + piece.length, 0));
  }
  return { bytes: Buffer.concat(pieces), ends };
}
