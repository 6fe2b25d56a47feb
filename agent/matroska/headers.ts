// The small elements that are parsed as a whole: EBML header, Info, Tracks, Tags.
import type { Child } from './ebml.ts';
import { children, readFloat, readString, readUint } from './ebml.ts';
import { ids, trackTypes } from './elements.ts';
import type { Tag } from './event.ts';
import { invalid } from './matroska-error.ts';
import type { Track } from './track.ts';

/** A track and what only the reader needs of it. */
export type TrackEntry = { track: Track; frameDurationMs?: number };

/** @returns the document type, `matroska` or `webm` */
export function readEbmlHeader(payload: Uint8Array, offset: number): string {
  let docType = 'matroska';
  for (const child of children(payload, offset)) {
    if (child.id === ids.docType) docType = readString(child);
    else if (child.id === ids.ebmlReadVersion && readUint(child) > 1) throw invalid(offset, 'a newer version of EBML');
  }
  if (docType !== 'matroska' && docType !== 'webm') throw invalid(offset, 'an EBML document of another type');
  return docType;
}

/** @returns milliseconds for one tick of cluster and block timecodes */
export function readMsPerTick(payload: Uint8Array, offset: number): number {
  let scaleNs = 1_000_000;
  for (const child of children(payload, offset)) if (child.id === ids.timecodeScale) scaleNs = readUint(child);
  if (scaleNs === 0) throw invalid(offset, 'a timecode scale of zero');
  return scaleNs / 1_000_000;
}

/** Video and audio tracks; other types are left out. */
export function readTracks(payload: Uint8Array, offset: number): TrackEntry[] {
  const entries: TrackEntry[] = [];
  for (const child of children(payload, offset)) {
    if (child.id !== ids.trackEntry) continue;
    const entry = readTrackEntry(child);
    if (entry) entries.push(entry);
  }
  return entries;
}

function readTrackEntry({ data, offset }: Child): TrackEntry | undefined {
  const fields = new Map<number, Child>();
  for (const child of children(data, offset)) fields.set(child.id, child);
  const type = uintOf(fields, ids.trackType);
  if (type !== trackTypes.video && type !== trackTypes.audio) return undefined;
  const number = uintOf(fields, ids.trackNumber);
  const codecId = fields.get(ids.codecId);
  if (number === undefined || number === 0 || !codecId) throw invalid(offset, 'a track without number or codec');
  if (fields.has(ids.contentEncodings)) throw invalid(offset, 'a track that is compressed or encrypted');
  const durationNs = uintOf(fields, ids.defaultDuration);
  const shared = {
    number,
    codecId: readString(codecId),
    // Copied: the payload may be the transport's buffer.
    codecPrivate: Uint8Array.from(fields.get(ids.codecPrivate)?.data ?? []),
  };
  const track: Track =
    type === trackTypes.video
      ? { type: 'video', ...shared, ...readVideo(fields.get(ids.video)) }
      : { type: 'audio', ...shared, ...readAudio(fields.get(ids.audio)) };
  return durationNs === undefined ? { track } : { track, frameDurationMs: durationNs / 1_000_000 };
}

function uintOf(fields: ReadonlyMap<number, Child>, id: number): number | undefined {
  const field = fields.get(id);
  return field && readUint(field);
}

function readVideo(video: Child | undefined): { width: number; height: number } {
  const size = { width: 0, height: 0 };
  for (const child of video ? children(video.data, video.offset) : []) {
    if (child.id === ids.pixelWidth) size.width = readUint(child);
    else if (child.id === ids.pixelHeight) size.height = readUint(child);
  }
  return size;
}

function readAudio(audio: Child | undefined): { sampleRate: number; channels: number } {
  // RFC 9559's defaults for what the element leaves out.
  const format = { sampleRate: 8000, channels: 1 };
  for (const child of audio ? children(audio.data, audio.offset) : []) {
    if (child.id === ids.samplingFrequency) format.sampleRate = readFloat(child);
    else if (child.id === ids.channels) format.channels = readUint(child);
  }
  return format;
}

/** Names and values of all tags in the element, whatever they target; a tag without a text value has an empty one. */
export function readTags(payload: Uint8Array, offset: number): Tag[] {
  const tags: Tag[] = [];
  for (const tag of children(payload, offset)) {
    if (tag.id !== ids.tag) continue;
    for (const simple of children(tag.data, tag.offset)) {
      if (simple.id === ids.simpleTag) tags.push(readSimpleTag(simple));
    }
  }
  return tags;
}

function readSimpleTag({ data, offset }: Child): Tag {
  const tag = { name: '', value: '' };
  for (const child of children(data, offset)) {
    if (child.id === ids.tagName) tag.name = readString(child);
    else if (child.id === ids.tagString) tag.value = readString(child);
  }
  return tag;
}
