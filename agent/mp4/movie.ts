// A whole movie in one file: `ftyp`, `moov` with its tables, and the head of `mdat`. The tables come first, so a player can
// begin before it has everything. The samples' bytes follow in the order the chunks name; they are not needed here.
import { box, fullBox, u32, writeBoxHeader } from './box.ts';
import type { PlayableTrack } from './playable.ts';
import { fileType } from './sample-entry.ts';
import type { SampleTiming } from './sample-timing.ts';
import { movieHeader, movieTimescale, trackBox } from './track-box.ts';

export type MovieTrack = {
  playable: PlayableTrack;
  /** Bytes of each sample, in decode order; at least one. */
  sizes: readonly number[];
  /** Whether decoding can begin at the sample. */
  keys: readonly boolean[];
  /** All tracks count from one zero. */
  timing: SampleTiming;
  /** Samples that lie behind one another; where the first of them begins, from the start of the movie's media. */
  chunks: readonly { offsetBytes: number; samples: number }[];
};

/**
 * Everything before the samples.
 * @param mediaBytes of all samples together; less than 4 GB
 */
export function movieHead(tracks: readonly MovieTrack[], mediaBytes: number): Uint8Array {
  const startTicks = tracks.map(firstShownSeconds);
  const origin = Math.min(...startTicks);
  const delaysMs = startTicks.map(seconds => Math.round((seconds - origin) * movieTimescale));
  const moov = (mediaOffset: number) => movie(tracks, delaysMs, mediaOffset);
  const type = fileType();
  const mdatHeaderBytes = 8;
  // Where the media begins depends on how large the tables are, and that not on where it begins.
  const tables = moov(type.length + moov(0).length + mdatHeaderBytes);
  const mdat = new Uint8Array(mdatHeaderBytes);
  writeBoxHeader(mdat, 0, mdatHeaderBytes + mediaBytes, 'mdat');
  return Buffer.concat([type, tables, mdat]);
}

function movie(tracks: readonly MovieTrack[], delaysMs: readonly number[], mediaOffset: number): Uint8Array {
  const lengths = tracks.map(({ playable, timing }, index) => ({
    delayMs: delaysMs[index] ?? 0,
    lengthTicks: sum(timing.durations),
    playsMs: Math.round((sum(timing.durations) * movieTimescale) / playable.timescale),
  }));
  const longestMs = Math.max(...lengths.map(({ delayMs, playsMs }) => delayMs + playsMs));
  const boxes = tracks.map((track, index) => {
    const { delayMs = 0, lengthTicks = 0, playsMs = 0 } = lengths[index] ?? {};
    const edits = editList(delayMs, playsMs, firstShown(track.timing) - track.timing.baseTicks);
    return trackBox({
      ...{ playable: track.playable, trackId: index + 1, lengthMs: delayMs + playsMs, lengthTicks },
      ...(edits ? { edits } : {}),
      tables: sampleTables(track, mediaOffset),
    });
  });
  return box('moov', movieHeader(longestMs, tracks.length + 1), ...boxes);
}

/** Begins later than the movie, or with a sample that is decoded before it is shown; undefined when neither. */
function editList(delayMs: number, playsMs: number, firstShownTicks: number): Uint8Array | undefined {
  if (delayMs === 0 && firstShownTicks === 0) return undefined;
  const nothing = 0xffff_ffff;
  const normalSpeed = 0x0001_0000;
  const entries = [
    ...(delayMs > 0 ? [u32(delayMs, nothing, normalSpeed)] : []),
    u32(playsMs, firstShownTicks, normalSpeed),
  ];
  return box('edts', fullBox('elst', 0, 0, u32(entries.length), ...entries));
}

function sampleTables({ sizes, keys, timing, chunks }: MovieTrack, mediaOffset: number): Uint8Array[] {
  const syncSamples = keys.flatMap((key, index) => (key ? [index + 1] : []));
  const sampleDescription = 1;
  const runs = runsOf(chunks.map(({ samples }) => samples));
  return [
    fullBox('stts', 0, 0, table(runsOf(timing.durations).map(({ count, value }) => [count, value]))),
    ...(timing.offsets.some(offset => offset > 0)
      ? [fullBox('ctts', 0, 0, table(runsOf(timing.offsets).map(({ count, value }) => [count, value])))]
      : []),
    ...(syncSamples.length < sizes.length ? [fullBox('stss', 0, 0, table(syncSamples.map(sample => [sample])))] : []),
    fullBox('stsc', 0, 0, table(runs.map(({ start, value }) => [start + 1, value, sampleDescription]))),
    fullBox('stsz', 0, 0, u32(0), table(sizes.map(size => [size]))),
    fullBox('stco', 0, 0, table(chunks.map(({ offsetBytes }) => [mediaOffset + offsetBytes]))),
  ];
}

/** Number of rows, then the rows. */
function table(rows: readonly (readonly number[])[]): Uint8Array {
  const columns = rows[0]?.length ?? 0;
  const bytes = new Uint8Array(4 + rows.length * columns * 4);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, rows.length);
  let position = 4;
  for (const row of rows) {
    for (const value of row) {
      view.setUint32(position, value);
      position += 4;
    }
  }
  return bytes;
}

type Run = { start: number; count: number; value: number };

/** Equal neighbours together. */
function runsOf(values: readonly number[]): Run[] {
  const runs: Run[] = [];
  values.forEach((value, start) => {
    const last = runs.at(-1);
    if (last?.value === value) last.count++;
    else runs.push({ start, count: 1, value });
  });
  return runs;
}

function firstShownSeconds({ playable, timing }: MovieTrack): number {
  return firstShown(timing) / playable.timescale;
}

/** Presentation time of whatever is shown first, ticks. */
function firstShown({ baseTicks, durations, offsets }: SampleTiming): number {
  let decodeTicks = baseTicks;
  let first = Infinity;
  durations.forEach((duration, index) => {
    first = Math.min(first, decodeTicks + (offsets[index] ?? 0));
    decodeTicks += duration;
  });
  return first;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
