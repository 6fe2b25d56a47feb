// The boxes of a movie that say what it is and not where its samples are: the same for one that comes in fragments and for
// one with tables.
import { ascii, box, fullBox, u16, u32 } from './box.ts';
import type { PlayableTrack } from './playable.ts';
import { sampleEntry } from './sample-entry.ts';

const identityMatrix = u32(0x0001_0000, 0, 0, 0, 0x0001_0000, 0, 0, 0, 0x4000_0000);
const fullVolume = 0x0100;
const undeterminedLanguage = 0x55c4;

/** Ticks a second of every length that is the movie's and not a track's. */
export const movieTimescale = 1000;

/** `mvhd`. @param lengthMs 0 when the fragments say it */
export function movieHeader(lengthMs: number, nextTrackId: number): Uint8Array {
  return fullBox(
    'mvhd',
    0,
    0,
    u32(0, 0, movieTimescale, lengthMs), // made, changed, timescale, length
    u32(0x0001_0000), // plays at normal speed
    u16(fullVolume, 0),
    u32(0, 0),
    identityMatrix,
    new Uint8Array(24),
    u32(nextTrackId),
  );
}

export type TrackBox = {
  playable: PlayableTrack;
  trackId: number;
  /** How long the track plays in the movie, and how long its samples last. 0 when the fragments say it. */
  lengthMs: number;
  lengthTicks: number;
  /** `edts`, when the track does not simply begin with its first sample. */
  edits?: Uint8Array;
  /** What follows `stsd` in `stbl`. */
  tables: readonly Uint8Array[];
};

/** `trak`. */
export function trackBox({ playable, trackId, lengthMs, lengthTicks, edits, tables }: TrackBox): Uint8Array {
  const { track, timescale } = playable;
  const video = track.type === 'video';
  const enabledInMovie = 3;
  const trackHeader = fullBox(
    'tkhd',
    0,
    enabledInMovie,
    u32(0, 0, trackId, 0, lengthMs, 0, 0),
    u16(0, 0, video ? 0 : fullVolume, 0),
    identityMatrix,
    u32(video ? track.width * 0x1_0000 : 0, video ? track.height * 0x1_0000 : 0),
  );
  const handler = fullBox('hdlr', 0, 0, u32(0), ascii(video ? 'vide' : 'soun'), u32(0, 0, 0), ascii('\0'));
  const kind = video ? fullBox('vmhd', 0, 1, u16(0, 0, 0, 0)) : fullBox('smhd', 0, 0, u16(0, 0));
  const here = box('dinf', fullBox('dref', 0, 0, u32(1), fullBox('url ', 0, 1)));
  const samples = box('stbl', fullBox('stsd', 0, 0, u32(1), sampleEntry(playable)), ...tables);
  const media = box('mdia', mediaHeader(timescale, lengthTicks), handler, box('minf', kind, here, samples));
  return box('trak', trackHeader, ...(edits ? [edits] : []), media);
}

/** With a length of 64 bits once 32 are too few: at 90 kHz they last for 13 hours. */
function mediaHeader(timescale: number, lengthTicks: number): Uint8Array {
  const long = lengthTicks > 0xffff_ffff;
  const length = long ? u32(Math.floor(lengthTicks / 2 ** 32), lengthTicks % 2 ** 32) : u32(lengthTicks);
  const times = long ? u32(0, 0, 0, 0, timescale) : u32(0, 0, timescale);
  return fullBox('mdhd', long ? 1 : 0, 0, times, length, u16(undeterminedLanguage, 0));
}
