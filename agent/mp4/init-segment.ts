// Init segment: everything of one track but its frames. One track a segment, as HLS with separate renditions wants it.
import { ascii, box, fullBox, u16, u32 } from './box.ts';
import type { PlayableTrack } from './playable.ts';
import { fileType, sampleEntry } from './sample-entry.ts';

/** Number of the only track in every segment made here. */
export const trackId = 1;

const identityMatrix = u32(0x0001_0000, 0, 0, 0, 0x0001_0000, 0, 0, 0, 0x4000_0000);
const fullVolume = 0x0100;
const movieTimescale = 1000;
const undeterminedLanguage = 0x55c4;

/** `ftyp` and `moov`. Equal tracks give equal bytes. */
export function initSegment(playable: PlayableTrack): Uint8Array {
  const moov = box('moov', movieHeader(), trak(playable), box('mvex', trackDefaults()));
  return Buffer.concat([fileType(), moov]);
}

function movieHeader(): Uint8Array {
  return fullBox(
    'mvhd',
    0,
    0,
    u32(0, 0, movieTimescale, 0), // made, changed, timescale, length: all in the fragments
    u32(0x0001_0000), // plays at normal speed
    u16(fullVolume, 0),
    u32(0, 0),
    identityMatrix,
    new Uint8Array(24),
    u32(trackId + 1),
  );
}

function trak({ track, timescale, ...rest }: PlayableTrack): Uint8Array {
  const video = track.type === 'video';
  const enabledInMovie = 3;
  const trackHeader = fullBox(
    'tkhd',
    0,
    enabledInMovie,
    u32(0, 0, trackId, 0, 0, 0, 0),
    u16(0, 0, video ? 0 : fullVolume, 0),
    identityMatrix,
    u32(video ? track.width * 0x1_0000 : 0, video ? track.height * 0x1_0000 : 0),
  );
  const mediaHeader = fullBox('mdhd', 0, 0, u32(0, 0, timescale, 0), u16(undeterminedLanguage, 0));
  const handler = fullBox('hdlr', 0, 0, u32(0), ascii(video ? 'vide' : 'soun'), u32(0, 0, 0), ascii('\0'));
  const kind = video ? fullBox('vmhd', 0, 1, u16(0, 0, 0, 0)) : fullBox('smhd', 0, 0, u16(0, 0));
  const here = box('dinf', fullBox('dref', 0, 0, u32(1), fullBox('url ', 0, 1)));
  const media = box('minf', kind, here, sampleTable({ track, timescale, ...rest }));
  return box('trak', trackHeader, box('mdia', mediaHeader, handler, media));
}

/** Describes the decoder; the tables themselves are empty because the fragments have their own. */
function sampleTable(playable: PlayableTrack): Uint8Array {
  return box(
    'stbl',
    fullBox('stsd', 0, 0, u32(1), sampleEntry(playable)),
    fullBox('stts', 0, 0, u32(0)),
    fullBox('stsc', 0, 0, u32(0)),
    fullBox('stsz', 0, 0, u32(0, 0)),
    fullBox('stco', 0, 0, u32(0)),
  );
}

function trackDefaults(): Uint8Array {
  const sampleDescription = 1;
  return fullBox('trex', 0, 0, u32(trackId, sampleDescription, 0, 0, 0));
}
