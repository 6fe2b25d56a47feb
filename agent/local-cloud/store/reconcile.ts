// Makes index and files agree: at start, and when the index is made again. The files are the truth: whole ones without a
// row are added, rows without a file are dropped, unfinished files are removed, damaged ones are set aside for whoever wants
// to look at them.
import { readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { unlessGone } from './disk-error.ts';
import { unfinishedSuffix } from './durable-files.ts';
import { readFragmentFile } from './fragment-file.ts';
import type { FragmentIndex } from './fragment-index.ts';
import { fragmentNumberParts } from './fragment-number.ts';
import type { StreamRecords } from './stream-records.ts';

export const fragmentSuffix = '.mkv';
export const damagedSuffix = '.damaged';

/**
 * `running`: given when the server runs meanwhile, so that unfinished files are somebody's, and any may go. Rejects once it
 * is aborted.
 */
type Circumstances = { nowMs: number; running?: AbortSignal };

export async function reconcile(
  streams: StreamRecords,
  index: FragmentIndex,
  { nowMs, running }: Circumstances,
): Promise<void> {
  for (const name of index.streams()) if (!streams.find(name)) index.removeStream(name);
  // A lost index knew the numbers of fragments that are not kept any more. A stream has had fewer than one a millisecond.
  // Before anything else: if this is cut short, the index is not new any more at the next start.
  if (index.isNew)
    for (const { name, createdMs } of streams.all())
      index.skipSequence(name, Math.max(0, Math.round(nowMs - createdMs)));
  for (const { name } of streams.all())
    await reconcileStream({ stream: name, folder: streams.folder(name), running }, index);
}

type Place = { stream: string; folder: string; running: AbortSignal | undefined };

async function reconcileStream({ stream, folder, running }: Place, index: FragmentIndex): Promise<void> {
  const onDisk = new Set<string>();
  for (const file of (await unlessGone(readdir(folder))) ?? []) {
    if (file.endsWith(fragmentSuffix)) onDisk.add(file.slice(0, -fragmentSuffix.length));
    else if (file.endsWith(unfinishedSuffix) && !running) await rm(join(folder, file));
  }
  const known = new Set(index.numbers(stream));
  for (const number of known) if (!onDisk.has(number)) index.remove(stream, number);
  for (const number of onDisk) {
    running?.throwIfAborted();
    if (!known.has(number)) await adopt({ stream, folder, number }, index);
  }
  const last = index.newest(stream, 1)[0];
  if (last) index.skipSequence(stream, fragmentNumberParts(last.number)?.sequence ?? 0);
}

async function adopt(found: { stream: string; folder: string; number: string }, index: FragmentIndex): Promise<void> {
  const path = join(found.folder, found.number);
  const bytes = await unlessGone(readFile(`${path}${fragmentSuffix}`));
  if (!bytes) return;
  const content = readFragmentFile(bytes);
  if (content?.number === found.number) index.add({ streamName: found.stream, bytes: bytes.length, ...content });
  else await rename(`${path}${fragmentSuffix}`, `${path}${damagedSuffix}`);
}
