// What a viewer needs of an HLS media playlist. Pure.
export type Segment = { sequence: number; uri: string; seconds: number; initUri: string };

export type ReadPlaylist = { targetSeconds: number; segments: Segment[]; ended: boolean };

/** @throws Error for a playlist without its obligatory tags */
export function readPlaylist(text: string): ReadPlaylist {
  const lines = text.split('\n');
  const targetSeconds = numberOf(lines, '#EXT-X-TARGETDURATION:');
  let sequence = numberOf(lines, '#EXT-X-MEDIA-SEQUENCE:');
  const segments: Segment[] = [];
  let [seconds, initUri] = [Number.NaN, ''];
  for (const line of lines) {
    if (line.startsWith('#EXTINF:')) seconds = Number.parseFloat(line.slice('#EXTINF:'.length));
    else if (line.startsWith('#EXT-X-MAP:')) initUri = /URI="([^"]+)"/.exec(line)?.[1] ?? '';
    else if (line !== '' && !line.startsWith('#')) segments.push({ sequence: sequence++, uri: line, seconds, initUri });
  }
  return { targetSeconds, segments, ended: lines.includes('#EXT-X-ENDLIST') };
}

function numberOf(lines: readonly string[], tag: string): number {
  const value = Number(lines.find(line => line.startsWith(tag))?.slice(tag.length));
  if (!Number.isSafeInteger(value)) throw new Error(`The playlist has no ${tag}`);
  return value;
}
