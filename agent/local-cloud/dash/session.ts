// A DASH session: the same timeline as HLS has, seen through places in the session instead of fragment numbers.
import type { Clock } from '../../clock.ts';
import { naturalLengthMs } from '../hls/fragment-span.ts';
import { mediaSegmentOf } from '../hls/segments.ts';
import { openSession, type Session, type SessionSettings } from '../hls/session.ts';
import { sessionTracks, trackNumbered } from '../hls/session-tracks.ts';
import { type Entry, mediaEndMs } from '../hls/timeline.ts';
import type { MediaStore } from '../store/media-store.ts';
import { WireError } from '../wire-error.ts';

export type DashSession = Session & {
  /** When the session's own time was 0, milliseconds since 1970: what is listed at the start has just become available. */
  availabilityStartMs: number;
  showNumbers: boolean;
};

type Sources = { store: MediaStore; clock: Clock };

/** @throws WireError ResourceNotFoundException when there is nothing to play */
export function openDashSession(
  streamName: string,
  settings: SessionSettings & { showNumbers: boolean },
  sources: Sources,
): DashSession {
  const session = openSession(streamName, settings, sources);
  const last = session.timeline.entries.at(-1);
  const endMs = last ? mediaEndMs(last) : 0;
  return {
    ...session,
    availabilityStartMs: Math.round(availableMs(session, last, sources.clock.nowMs())) - endMs,
    showNumbers: settings.showNumbers,
  };
}

/** The newest fragment of a live stream may have been there for a while; a replay begins now. */
function availableMs({ settings }: Session, last: Entry | undefined, nowMs: number): number {
  if (settings.playback.mode !== 'LIVE' || !last) return nowMs;
  return Math.min(nowMs, last.fragment.serverMs + naturalLengthMs(last.fragment));
}

/** What is listed now, and the place in the session of the first. */
export function listed({ timeline, settings }: Session): { entries: readonly Entry[]; startNumber: number } {
  const left = Math.max(0, timeline.entries.length - settings.maxFragments);
  return { entries: timeline.entries.slice(left), startNumber: timeline.mediaSequence + left };
}

/**
 * `moof` and `mdat` of one track of the fragment at a place in the session.
 * @throws WireError for a place or a track that is not there, media that cannot be read, or that need another decoder
 */
export async function numberedSegment(
  { timeline }: Session,
  query: URLSearchParams,
  store: MediaStore,
): Promise<Uint8Array[]> {
  const number = query.get('FragmentNumber') ?? '';
  const entry = /^\d{1,9}$/.test(number) ? timeline.entries[Number(number) - timeline.mediaSequence] : undefined;
  if (!entry) throw new WireError('ResourceNotFoundException', `The session has no fragment with number ${number}.`);
  const { fragment, mediaMs } = entry;
  if (fragment.codecKey !== timeline.codecs[0]?.codecKey)
    throw new WireError(
      'InvalidCodecPrivateDataException',
      'The requested fragment does not have the same codec private data as the rest of the session.',
    );
  const playable = trackNumbered(sessionTracks(fragment, 'DASH'), query.get('TrackNumber'));
  const place = { shiftMs: mediaMs - fragment.producerMs, endMs: mediaEndMs(entry) };
  return mediaSegmentOf({ fragment, playable, ...place }, store);
}
