// Tracks and frames → the bytes of one live Matroska segment: sizes unknown, no index, nothing to go back to.
// The element order is the one KVS producers use, so what is written can be sent as it is.
import {
  concatBytes,
  element,
  floatElement,
  idBytes,
  stringElement,
  uintBytes,
  uintElement,
  varintBytes,
} from './ebml.ts';
import { ids, trackTypes } from './elements.ts';
import type { Tag } from './event.ts';
import type { Frame, Track } from './track.ts';

const applicationName = 'kvs-edge-agent';
const openEndedByte = Uint8Array.of(0xff);

/** EBML header, the start of a segment of unknown size, Info and Tracks. Equal tracks give equal bytes. */
export function writeHeader(tracks: readonly Track[]): Uint8Array {
  return concatBytes([
    element(
      ids.ebml,
      uintElement(ids.ebmlVersion, 1),
      uintElement(ids.ebmlReadVersion, 1),
      uintElement(ids.ebmlMaxIdLength, 4),
      uintElement(ids.ebmlMaxSizeLength, 8),
      stringElement(ids.docType, 'matroska'),
      uintElement(ids.docTypeVersion, 4),
      uintElement(ids.docTypeReadVersion, 2),
    ),
    idBytes(ids.segment),
    openEndedByte,
    element(
      ids.info,
      uintElement(ids.timecodeScale, 1_000_000),
      stringElement(ids.muxingApp, applicationName),
      stringElement(ids.writingApp, applicationName),
    ),
    element(ids.tracks, ...tracks.map(trackEntry)),
  ]);
}

function trackEntry(track: Track): Uint8Array {
  return element(
    ids.trackEntry,
    uintElement(ids.trackNumber, track.number),
    element(ids.trackUid, uintBytes(track.number, 8)),
    uintElement(ids.trackType, trackTypes[track.type]),
    stringElement(ids.codecId, track.codecId),
    track.type === 'video'
      ? element(ids.video, uintElement(ids.pixelWidth, track.width), uintElement(ids.pixelHeight, track.height))
      : element(
          ids.audio,
          floatElement(ids.samplingFrequency, track.sampleRate),
          uintElement(ids.channels, track.channels),
        ),
    ...(track.codecPrivate.length > 0 ? [element(ids.codecPrivate, track.codecPrivate)] : []),
  );
}

/** The start of a cluster of unknown size. Ends whatever cluster was open. */
export function writeClusterStart(timecodeMs: number): Uint8Array {
  return concatBytes([idBytes(ids.cluster), openEndedByte, element(ids.timecode, uintBytes(timecodeMs, 8))]);
}

/**
 * What goes before `frame.data`, which the caller writes uncopied right after it.
 * @throws TypeError when the frame is more than 32 s away from its cluster: the format has 16 bits for it
 */
export function frameHeader(frame: Frame, clusterTimecodeMs: number): Uint8Array {
  const relativeMs = frame.timecodeMs - clusterTimecodeMs;
  if (!Number.isInteger(relativeMs) || relativeMs < -0x8000 || relativeMs > 0x7fff) {
    throw new TypeError(`frame.timecodeMs must be within 32767 ms of its cluster, not ${relativeMs} ms`);
  }
  const track = varintBytes(frame.trackNumber);
  const header = new Uint8Array(12 + track.length);
  header[0] = ids.simpleBlock;
  header.set(varintBytes(track.length + 3 + frame.data.length, 8), 1);
  header.set(track, 9);
  header[9 + track.length] = (relativeMs >> 8) & 0xff;
  header[10 + track.length] = relativeMs & 0xff;
  header[11 + track.length] = frame.keyFrame ? 0x80 : 0;
  return header;
}

/** Tags for the cluster that is written next. Ends whatever cluster was open. */
export function writeTags(tags: readonly Tag[]): Uint8Array {
  const simpleTags = tags.map(({ name, value }) =>
    element(ids.simpleTag, stringElement(ids.tagName, name), stringElement(ids.tagString, value)),
  );
  return element(ids.tags, element(ids.tag, ...simpleTags));
}
