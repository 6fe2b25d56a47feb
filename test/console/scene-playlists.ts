// The playlists of the scene, as the service would serve them: segment n begins n times two seconds after 1970, and the
// sixteen files repeat. Live shows the newest five, on demand whatever begins in the range.
import { SEGMENT_MS, SEGMENTS } from './scene.ts';

const LIVE_SEGMENTS = 5;
/**
 * Where the counts of live playlists begin: with the round of the files before this one. Counted since 1970 there would be
 * some 56 million discontinuities, and hls.js runs through all of them each time it has loaded a playlist, for seconds.
 */
const COUNTED_FROM = (Math.floor(Date.now() / SEGMENT_MS / SEGMENTS) - 1) * SEGMENTS;

export const masterPlaylist = (query: string) =>
  [
    '#EXTM3U',
    '#EXT-X-VERSION:7',
    '#EXT-X-STREAM-INF:CODECS="avc1.42c01e",RESOLUTION=640x360,FRAME-RATE=10,BANDWIDTH=400000',
    `media.m3u8?${query}`,
    '',
  ].join('\n');

export function livePlaylist(nowMs: number): string {
  const newest = Math.floor(nowMs / SEGMENT_MS) - 1;
  return playlist(newest - LIVE_SEGMENTS + 1, newest, []);
}

/** Undefined when no segment begins in the range. */
export function recordedPlaylist(startMs: number, endMs: number): string | undefined {
  const first = Math.ceil(startMs / SEGMENT_MS);
  const last = Math.floor(endMs / SEGMENT_MS) - 1;
  return last < first ? undefined : playlist(first, last, ['#EXT-X-PLAYLIST-TYPE:VOD']);
}

function playlist(first: number, last: number, tags: string[]): string {
  const recorded = tags.length > 0;
  const lines = [
    '#EXTM3U',
    '#EXT-X-VERSION:7',
    ...tags,
    `#EXT-X-TARGETDURATION:${SEGMENT_MS / 1000}`,
    `#EXT-X-MEDIA-SEQUENCE:${recorded ? 0 : first - COUNTED_FROM}`,
    `#EXT-X-DISCONTINUITY-SEQUENCE:${recorded ? 0 : Math.floor((first - 1 - COUNTED_FROM) / SEGMENTS)}`,
    '#EXT-X-MAP:URI="init.mp4"',
  ];
  for (let segment = first; segment <= last; segment++) {
    if (segment % SEGMENTS === 0) lines.push('#EXT-X-DISCONTINUITY');
    lines.push(`#EXT-X-PROGRAM-DATE-TIME:${new Date(segment * SEGMENT_MS).toISOString()}`);
    lines.push(`#EXTINF:${(SEGMENT_MS / 1000).toFixed(3)},`, `${segment % SEGMENTS}.m4s`);
  }
  if (recorded) lines.push('#EXT-X-ENDLIST');
  return `${lines.join('\n')}\n`;
}
