// The master playlist: one variant, and sound as a rendition of its own when the stream has both. Pure.
// Unlike KVS no FORCED on sound: RFC 8216 keeps it for subtitles, and Chromium's own player refuses the playlist for it.
import type { StoredFragment } from '../store/media-store.ts';
import { bitsPerSecond, framesPerSecond } from './rates.ts';
import type { SessionTracks } from './session-tracks.ts';

export type MasterPlaylist = {
  tracks: SessionTracks;
  /** What rates are worked out from; at least one. */
  fragments: readonly StoredFragment[];
  token: string;
  /** All tracks come in one playlist, as they do in a transport stream. */
  muxed: boolean;
};

export function masterPlaylist({ tracks: { video, audio }, fragments, token, muxed }: MasterPlaylist): string {
  const uri = (trackNumber: number) => `getHLSMediaPlaylist.m3u8?SessionToken=${token}&TrackNumber=${trackNumber}`;
  const main = video ?? audio;
  const rate = video && framesPerSecond(fragments);
  const rendition = video && audio && !muxed ? audio : undefined;
  const attributes = [
    `CODECS="${[video, audio].flatMap(track => (track ? [track.codec] : [])).join(',')}"`,
    ...(video?.track.type === 'video' ? [`RESOLUTION=${video.track.width}x${video.track.height}`] : []),
    ...(rate === undefined ? [] : [`FRAME-RATE=${rate.toFixed(2)}`]),
    `BANDWIDTH=${bitsPerSecond(fragments)}`,
    ...(rendition ? ['AUDIO="audio"'] : []),
  ];
  const lines = [
    '#EXTM3U',
    '#EXT-X-VERSION:1',
    ...(rendition
      ? [
          `#EXT-X-MEDIA:AUTOSELECT=YES,TYPE=AUDIO,URI="${uri(rendition.track.number)}",GROUP-ID="audio",DEFAULT=NO,NAME="audio"`,
        ]
      : []),
    `#EXT-X-STREAM-INF:${attributes.join(',')}`,
    ...(main ? [uri(main.track.number)] : []),
  ];
  return `${lines.join('\n')}\n`;
}
