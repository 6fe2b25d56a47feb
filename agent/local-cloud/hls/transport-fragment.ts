// A stored fragment as one segment of a transport stream, and which tracks can be in one: H.264 and AAC.
import { scanFragment } from '../../matroska/scan.ts';
import type { Frame } from '../../matroska/track.ts';
import { readAudioSpecificConfig } from '../../mp4/audio-specific-config.ts';
import { type PlayableTrack, videoTimescale } from '../../mp4/playable.ts';
import { sampleTiming } from '../../mp4/sample-timing.ts';
import { type AacFormat, adtsHeader, fitsAdts } from '../../mpegts/adts.ts';
import { annexB, readAvcConfiguration } from '../../mpegts/annex-b.ts';
import { type AccessUnit, transportSegment } from '../../mpegts/segment.ts';
import type { StoredFragment } from '../store/media-store.ts';
import { WireError } from '../wire-error.ts';
import { type SessionTracks, sessionTracks } from './session-tracks.ts';

/** Where a fragment's media lie for a player. */
export type Place = {
  /** Moves the media from the producer's time to the player's. */
  shiftMs: number;
  /** When the last picture ends, on the player's time; undefined: it lasts as long as the one before. */
  endMs: number | undefined;
};

type PlacedFragment = Place & { fragment: StoredFragment };

/** Makes the parts of an access unit from a frame; undefined when the frame is not what its track says. */
type Packaging = (frame: Frame) => Uint8Array[] | undefined;

/** @throws WireError when KVS would refuse to play the tracks in a transport stream */
export function requireTransportable({ video, audio }: SessionTracks): void {
  for (const track of [video, audio]) if (track) packagingOf(track);
}

/** @param bytes the fragment's file. @throws WireError when it cannot be played as a transport stream */
export function transportFragment(bytes: Uint8Array, place: PlacedFragment): Uint8Array {
  const { video, audio } = sessionTracks(place.fragment, 'HLS');
  const tracks = [video, audio].flatMap(track => (track ? [track] : []));
  const { frames, error } = scanFragment(bytes);
  const units = tracks.map(track => accessUnits(track, frames, place));
  // Sound may be missing in a fragment; what carries the clock may not.
  if (error || units[0]?.length === 0) throw unreadable(place.fragment);
  return transportSegment({ kinds: new Set(tracks.map(({ track }) => track.type)), units: units.flat() });
}

function accessUnits(playable: PlayableTrack, frames: readonly Frame[], place: PlacedFragment): AccessUnit[] {
  const { track, timescale } = playable;
  const packaging = packagingOf(playable);
  const own = frames.filter(frame => frame.trackNumber === track.number);
  if (own.length === 0) return [];
  const timing = sampleTiming(playable, {
    timesMs: own.map(frame => frame.timecodeMs + place.fragment.timelineMs + place.shiftMs),
    sizes: own.map(frame => frame.data.length),
    endMs: place.endMs,
  });
  let decodeTicks = timing.baseTicks;
  return own.map((frame, index): AccessUnit => {
    const parts = packaging(frame);
    if (!parts) throw unreadable(place.fragment);
    const dts = Math.round((decodeTicks * videoTimescale) / timescale);
    const pts = Math.round(((decodeTicks + (timing.offsets[index] ?? 0)) * videoTimescale) / timescale);
    decodeTicks += timing.durations[index] ?? 0;
    return { type: track.type, parts, keyFrame: track.type === 'audio' || frame.keyFrame, pts, dts };
  });
}

function packagingOf({ track, sampleEntry }: PlayableTrack): Packaging {
  if (sampleEntry === 'avc1') {
    const configuration = readAvcConfiguration(track.codecPrivate);
    if (!configuration)
      throw new WireError(
        'InvalidCodecPrivateDataException',
        `Invalid codec private data in fragment for track ${track.number}.`,
      );
    return ({ data, keyFrame }) => annexB(data, configuration, keyFrame);
  }
  const format = sampleEntry === 'mp4a' ? readAudioSpecificConfig(track.codecPrivate) : undefined;
  if (!format || !fitsAdts(format))
    throw new WireError(
      'UnsupportedStreamMediaTypeException',
      `Track ${track.number} is ${track.codecId}${format ? ' in an unusual form' : ''}: MPEG_TS carries H.264 and AAC. Ask for FRAGMENTED_MP4.`,
    );
  return ({ data }) => withAdts(format, data);
}

function withAdts(format: AacFormat, data: Uint8Array): Uint8Array[] | undefined {
  const header = adtsHeader(format, data.length);
  return header && [header, data];
}

function unreadable({ number }: StoredFragment): WireError {
  return new WireError('InvalidMediaFrameException', `The fragment ${number} has a frame that cannot be read.`);
}
