// What a player fetches, two kinds of MP4 or a transport stream, made from a stored fragment each time they are asked for.
import { scanFragment } from '../../matroska/scan.ts';
import { initSegment } from '../../mp4/init-segment.ts';
import { mediaSegment } from '../../mp4/media-segment.ts';
import type { PlayableTrack } from '../../mp4/playable.ts';
import type { MediaStore, StoredFragment } from '../store/media-store.ts';
import { WireError } from '../wire-error.ts';
import { maxStretchMs, naturalLengthMs } from './fragment-span.ts';
import type { Session } from './session.ts';
import { sessionTracks, trackNumbered } from './session-tracks.ts';
import { type Place, transportFragment } from './transport-fragment.ts';

type SegmentRequest = { session: Session; query: URLSearchParams };

/** @throws WireError InvalidArgumentException for a track or an init segment the session does not have */
export function initOf({ session, query }: SegmentRequest): Uint8Array {
  const sequence = query.get('SequenceNumber') ?? '0';
  const fragment = /^\d{1,4}$/.test(sequence) ? session.timeline.codecs[Number(sequence)] : undefined;
  if (!fragment)
    throw new WireError('InvalidArgumentException', `The session has no init segment with SequenceNumber ${sequence}.`);
  return initSegment(trackNumbered(sessionTracks(fragment, session.settings.protocol), query.get('TrackNumber')));
}

/** @throws WireError for a track or a fragment that is not there, or media that cannot be read */
export async function mediaOf({ session, query }: SegmentRequest, store: MediaStore): Promise<Uint8Array[]> {
  const fragment = askedFor({ session, query }, store);
  const playable = trackNumbered(sessionTracks(fragment, 'HLS'), query.get('TrackNumber'));
  return mediaSegmentOf({ fragment, playable, ...placeOf(session, fragment, store) }, store);
}

/** All tracks of a fragment as a transport stream. @throws WireError as `mediaOf` does */
export async function transportOf(request: SegmentRequest, store: MediaStore): Promise<Uint8Array> {
  const fragment = askedFor(request, store);
  const place = placeOf(request.session, fragment, store);
  return transportFragment(await store.readFragment(fragment), { fragment, ...place });
}

function askedFor({ session, query }: SegmentRequest, store: MediaStore): StoredFragment {
  const number = query.get('FragmentNumber') ?? '';
  const fragment = store.fragment(session.streamName, number);
  if (!fragment) throw new WireError('ResourceNotFoundException', `The fragment ${number} is not kept.`);
  return fragment;
}

/** Where media lie that keep their times. Only by the producer's clock do they reach the next fragment. */
function placeOf({ settings }: Session, fragment: StoredFragment, store: MediaStore): Place {
  if (settings.by === 'server') return { shiftMs: fragment.serverMs - fragment.producerMs, endMs: undefined };
  return { shiftMs: 0, endMs: nextStartMs(fragment, store) };
}

export type FragmentPart = Place & { fragment: StoredFragment; playable: PlayableTrack };

/** @throws WireError when the media cannot be read */
export async function mediaSegmentOf(
  { fragment, playable, shiftMs, endMs }: FragmentPart,
  store: MediaStore,
): Promise<Uint8Array[]> {
  const scan = scanFragment(await store.readFragment(fragment));
  const frames = scan.frames.filter(frame => frame.trackNumber === playable.track.number);
  if (frames.length === 0 || scan.error)
    throw new WireError('InvalidMediaFrameException', `Track ${playable.track.number} of the fragment cannot be read.`);
  return mediaSegment(playable, {
    frames,
    sequence: sequenceOf(fragment.number),
    timelineMs: fragment.timelineMs + shiftMs,
    endMs,
  });
}

/** Where the fragment's last frame ends, when another fragment follows closely enough. */
function nextStartMs(fragment: StoredFragment, store: MediaStore): number | undefined {
  const { streamName: stream, producerMs, lengthMs } = fragment;
  const [next] = store.fragments({
    ...{ stream, by: 'producer', limit: 1 },
    fromMs: producerMs + lengthMs + 1,
    toMs: producerMs + naturalLengthMs(fragment) + maxStretchMs,
  });
  return next?.producerMs;
}

/** Fragment numbers begin with the stream's counter (see store/fragment-number.ts); a box has room for its 32 bits. */
function sequenceOf(fragmentNumber: string): number {
  return Number(BigInt.asUintN(32, BigInt(fragmentNumber) >> 92n));
}
