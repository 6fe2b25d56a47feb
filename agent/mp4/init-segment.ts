// Init segment: everything of one track but its frames. One track a segment, as HLS with separate renditions wants it.
import { box, fullBox, u32 } from './box.ts';
import type { PlayableTrack } from './playable.ts';
import { fileType } from './sample-entry.ts';
import { movieHeader, trackBox } from './track-box.ts';

/** Common Media Application Format (ISO 23000-19): one track, in fragments. */
const cmafBrand = 'cmfc';

/** Number of the only track in every segment made here. */
export const trackId = 1;

/** `ftyp` and `moov`. Equal tracks give equal bytes. */
export function initSegment(playable: PlayableTrack): Uint8Array {
  const track = trackBox({ playable, trackId, lengthMs: 0, lengthTicks: 0, tables: emptyTables() });
  const moov = box('moov', movieHeader(0, trackId + 1), track, box('mvex', trackDefaults()));
  return Buffer.concat([fileType(cmafBrand), moov]);
}

/** The fragments have their own. */
function emptyTables(): Uint8Array[] {
  return [
    fullBox('stts', 0, 0, u32(0)),
    fullBox('stsc', 0, 0, u32(0)),
    fullBox('stsz', 0, 0, u32(0, 0)),
    fullBox('stco', 0, 0, u32(0)),
  ];
}

function trackDefaults(): Uint8Array {
  const sampleDescription = 1;
  return fullBox('trex', 0, 0, u32(trackId, sampleDescription, 0, 0, 0));
}
