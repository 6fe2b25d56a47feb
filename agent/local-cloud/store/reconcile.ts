// Makes index and files agree at start. The files are the truth: whole ones without a row are added, rows without a
// file are dropped, unfinished files are removed, damaged ones are set aside for whoever wants to look at them.
import { readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { unfinishedSuffix } from './durable-files.ts';
import { readFragmentFile } from './fragment-file.ts';
import type { FragmentIndex } from './fragment-index.ts';
import { fragmentNumberParts } from './fragment-number.ts';
import type { StreamRecords } from './stream-records.ts';

export const fragmentSuffix = '.mkv';
const damagedSuffix = '.damaged';

export async function reconcile(streams: StreamRecords, index: FragmentIndex, nowMs: number): Promise<void> {
  for (const name of index.streams()) if (!streams.find(name)) index.removeStream(name);
  for (const { name, createdMs } of streams.all()) {
    await reconcileStream(name, streams.folder(name), index);
    // A lost index knew the numbers of fragments that are not kept any more. A stream has had fewer than one a millisecond.
    if (index.isNew) index.skipSequence(name, Math.max(0, Math.round(nowMs - createdMs)));
  }
}

async function reconcileStream(stream: string, folder: string, index: FragmentIndex): Promise<void> {
  const onDisk = new Set<string>();
  for (const file of await readdir(folder)) {
    if (file.endsWith(unfinishedSuffix)) await rm(join(folder, file));
    else if (file.endsWith(fragmentSuffix)) onDisk.add(file.slice(0, -fragmentSuffix.length));
  }
  const known = new Set(index.numbers(stream));
  for (const number of known) if (!onDisk.has(number)) index.remove(stream, number);
  for (const number of onDisk) if (!known.has(number)) await adopt({ stream, folder, number }, index);
  const last = index.newest(stream, 1)[0];
  if (last) index.skipSequence(stream, fragmentNumberParts(last.number)?.sequence ?? 0);
}

async function adopt(found: { stream: string; folder: string; number: string }, index: FragmentIndex): Promise<void> {
  const path = join(found.folder, found.number);
  const bytes = await readFile(`${path}${fragmentSuffix}`);
  const content = readFragmentFile(bytes);
  if (content?.number === found.number) index.add({ streamName: found.stream, bytes: bytes.length, ...content });
  else await rename(`${path}${fragmentSuffix}`, `${path}${damagedSuffix}`);
}
