// The media playlist of one track, or of all in a transport stream, as KVS writes it. Pure: a timeline in, text out.
// Beside what KVS writes, EXT-X-DISCONTINUITY-SEQUENCE: without it AVPlayer gives up when a discontinuity slides out.
import type { SessionSettings } from './session.ts';
import type { Entry, Timeline } from './timeline.ts';

export type MediaPlaylist = {
  timeline: Timeline;
  trackNumber: number;
  token: string;
  container: SessionSettings['container'];
  showTimestamps: boolean;
  /** Complete from the start, as ON_DEMAND is. */
  onDemand: boolean;
  /** Nothing will be added any more. */
  ended: boolean;
};

export function mediaPlaylist({ timeline, onDemand, ended, ...rest }: MediaPlaylist): string {
  const lines = [
    '#EXTM3U',
    // Who wants a transport stream is old: 3 has the fractions of a second, 7 all that goes with fragmented MP4.
    `#EXT-X-VERSION:${rest.container === 'MPEG_TS' ? 3 : 7}`,
    ...(onDemand ? ['#EXT-X-PLAYLIST-TYPE:VOD'] : []),
    `#EXT-X-TARGETDURATION:${timeline.targetSeconds}`,
    `#EXT-X-MEDIA-SEQUENCE:${timeline.mediaSequence}`,
    `#EXT-X-DISCONTINUITY-SEQUENCE:${timeline.discontinuitySequence}`,
    '#EXT-X-INDEPENDENT-SEGMENTS',
    ...timeline.entries.flatMap((entry, index) =>
      segmentLines(entry, { before: timeline.entries[index - 1], ...rest }),
    ),
    ...(ended ? ['#EXT-X-ENDLIST'] : []),
  ];
  return `${lines.join('\n')}\n`;
}

type Place = Pick<MediaPlaylist, 'trackNumber' | 'token' | 'container' | 'showTimestamps'> & {
  before: Entry | undefined;
};

function segmentLines(entry: Entry, place: Place): string[] {
  const { before, trackNumber, token, container, showTimestamps } = place;
  const seconds = (entry.listedMs / 1000).toString();
  const track = `SessionToken=${token}&TrackNumber=${trackNumber}`;
  return [
    ...(entry.discontinuity ? ['#EXT-X-DISCONTINUITY'] : []),
    ...(container === 'FRAGMENTED_MP4' && entry.codec !== before?.codec
      ? [`#EXT-X-MAP:URI="getMP4InitFragment.mp4?${track}&SequenceNumber=${entry.codec}"`]
      : []),
    ...(showTimestamps ? [`#EXT-X-PROGRAM-DATE-TIME:${new Date(entry.startMs).toISOString()}`] : []),
    `#EXTINF:${seconds},`,
    container === 'MPEG_TS'
      ? `getTSFragment.ts?FragmentNumber=${entry.fragment.number}&SessionToken=${token}`
      : `getMP4MediaFragment.mp4?FragmentNumber=${entry.fragment.number}&${track}`,
  ];
}
