// The media playlist of one track, as KVS writes it. Pure: a timeline in, text out.
// Beside what KVS writes, EXT-X-DISCONTINUITY-SEQUENCE: without it AVPlayer gives up when a discontinuity slides out.
import { spanMs } from './fragment-span.ts';
import type { Entry, Timeline } from './timeline.ts';

export type MediaPlaylist = {
  timeline: Timeline;
  trackNumber: number;
  token: string;
  showTimestamps: boolean;
  /** Complete from the start, as ON_DEMAND is. */
  onDemand: boolean;
  /** Nothing will be added any more. */
  ended: boolean;
};

export function mediaPlaylist({ timeline, onDemand, ended, ...rest }: MediaPlaylist): string {
  const lines = [
    '#EXTM3U',
    '#EXT-X-VERSION:7',
    ...(onDemand ? ['#EXT-X-PLAYLIST-TYPE:VOD'] : []),
    `#EXT-X-TARGETDURATION:${Math.max(1, Math.ceil(timeline.longestMs / 1000))}`,
    `#EXT-X-MEDIA-SEQUENCE:${timeline.mediaSequence}`,
    `#EXT-X-DISCONTINUITY-SEQUENCE:${timeline.discontinuitySequence}`,
    '#EXT-X-INDEPENDENT-SEGMENTS',
    ...timeline.entries.flatMap((entry, index) =>
      segmentLines(entry, { before: timeline.entries[index - 1], next: timeline.entries[index + 1], ...rest }),
    ),
    ...(ended ? ['#EXT-X-ENDLIST'] : []),
  ];
  return `${lines.join('\n')}\n`;
}

type Place = Pick<MediaPlaylist, 'trackNumber' | 'token' | 'showTimestamps'> & {
  before: Entry | undefined;
  next: Entry | undefined;
};

function segmentLines(entry: Entry, { before, next, trackNumber, token, showTimestamps }: Place): string[] {
  const seconds = (Math.round(spanMs(entry, next)) / 1000).toString();
  const track = `SessionToken=${token}&TrackNumber=${trackNumber}`;
  return [
    ...(entry.discontinuity ? ['#EXT-X-DISCONTINUITY'] : []),
    ...(entry.codec !== before?.codec
      ? [`#EXT-X-MAP:URI="getMP4InitFragment.mp4?${track}&SequenceNumber=${entry.codec}"`]
      : []),
    ...(showTimestamps ? [`#EXT-X-PROGRAM-DATE-TIME:${new Date(entry.startMs).toISOString()}`] : []),
    `#EXTINF:${seconds},`,
    `getMP4MediaFragment.mp4?FragmentNumber=${entry.fragment.number}&${track}`,
  ];
}
