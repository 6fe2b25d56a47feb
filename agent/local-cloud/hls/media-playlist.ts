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
  ];
  const query = `SessionToken=${rest.token}&TrackNumber=${rest.trackNumber}`;
  let text = `${lines.join('\n')}\n`;
  // Thousands of segments: no lists of lines that live no longer than this.
  timeline.entries.forEach((entry, index) => {
    text += segmentText(entry, { before: timeline.entries[index - 1], query }, rest);
  });
  return ended ? `${text}#EXT-X-ENDLIST\n` : text;
}

type Place = { before: Entry | undefined; query: string };
type Form = Pick<MediaPlaylist, 'token' | 'container' | 'showTimestamps'>;

function segmentText(entry: Entry, { before, query }: Place, { token, container, showTimestamps }: Form): string {
  const seconds = entry.listedMs / 1000;
  let text = entry.discontinuity ? '#EXT-X-DISCONTINUITY\n' : '';
  if (container === 'FRAGMENTED_MP4' && entry.codec !== before?.codec)
    text += `#EXT-X-MAP:URI="getMP4InitFragment.mp4?${query}&SequenceNumber=${entry.codec}"\n`;
  if (showTimestamps) text += `#EXT-X-PROGRAM-DATE-TIME:${new Date(entry.startMs).toISOString()}\n`;
  const uri =
    container === 'MPEG_TS'
      ? `getTSFragment.ts?FragmentNumber=${entry.fragment.number}&SessionToken=${token}`
      : `getMP4MediaFragment.mp4?FragmentNumber=${entry.fragment.number}&${query}`;
  return `${text}#EXTINF:${seconds},\n${uri}\n`;
}
