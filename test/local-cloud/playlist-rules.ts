// What RFC 8216 and Apple's "HLS Authoring Specification" demand of playlists, as far as a server like this one can break
// it. AVPlayer, which gives up on what other players forgive, runs nowhere here. Each rule that is broken gives a sentence.

type Segment = {
  sequence: number;
  uri: string;
  seconds: number;
  discontinuity: boolean;
  /** Counted over the whole presentation. */
  discontinuitySequence: number;
  /** The init segment in force. */
  map: string | undefined;
  filmedMs: number | undefined;
};

export type MediaList = { version: number; target: number; ended: boolean; onDemand: boolean; segments: Segment[] };

const known = new Set([
  ...['EXTM3U', 'EXT-X-VERSION', 'EXT-X-PLAYLIST-TYPE', 'EXT-X-TARGETDURATION', 'EXT-X-MEDIA-SEQUENCE'],
  ...['EXT-X-DISCONTINUITY-SEQUENCE', 'EXT-X-INDEPENDENT-SEGMENTS', 'EXT-X-DISCONTINUITY', 'EXT-X-MAP', 'EXTINF'],
  ...['EXT-X-PROGRAM-DATE-TIME', 'EXT-X-ENDLIST'],
]);
const onceAtMost = ['EXTM3U', 'EXT-X-VERSION', 'EXT-X-PLAYLIST-TYPE', 'EXT-X-TARGETDURATION', 'EXT-X-ENDLIST'];
const ahead = ['EXT-X-MEDIA-SEQUENCE', 'EXT-X-DISCONTINUITY-SEQUENCE', 'EXT-X-INDEPENDENT-SEGMENTS'];

type Line = { tag: string; value: string };

function linesOf(text: string): Line[] {
  return text
    .replace(/\n$/, '')
    .split('\n')
    .map(line => {
      const [, tag = '', value = ''] = line.match(/^#([A-Z0-9-]+):?(.*)$/) ?? [];
      return tag ? { tag, value } : { tag: '', value: line };
    });
}

/** As a player would understand it; `broken` says where it would not. */
export function readMediaPlaylist(text: string): { list: MediaList; broken: string[] } {
  const lines = linesOf(text);
  const broken: string[] = [];
  const first = (tag: string) => lines.find(line => line.tag === tag)?.value;
  const list: MediaList = {
    version: Number(first('EXT-X-VERSION') ?? 1),
    target: Number(first('EXT-X-TARGETDURATION')),
    ended: first('EXT-X-ENDLIST') !== undefined,
    onDemand: first('EXT-X-PLAYLIST-TYPE') === 'VOD',
    segments: [],
  };
  const say = (sentence: string, holds: boolean) => void (holds || broken.push(sentence));
  say('begins with EXTM3U', lines[0]?.tag === 'EXTM3U');
  say('is UTF-8 without a byte order mark or carriage returns', !/[\r\uFEFF]/.test(text));
  const firstSegment = lines.findIndex(line => ['EXTINF', 'EXT-X-MAP', 'EXT-X-DISCONTINUITY'].includes(line.tag));
  for (const tag of [...onceAtMost, ...ahead]) {
    const places = lines.flatMap((line, index) => (line.tag === tag ? [index] : []));
    say(`${tag} stands there once`, places.length <= 1);
    say(`${tag} stands before the first segment`, !ahead.includes(tag) || (places[0] ?? 0) < firstSegment);
  }
  say('has a whole EXT-X-TARGETDURATION', /^[1-9]\d*$/.test(first('EXT-X-TARGETDURATION') ?? ''));
  say('a list that is complete says so', !list.onDemand || list.ended);
  say('says nothing after EXT-X-ENDLIST', !list.ended || lines.at(-1)?.tag === 'EXT-X-ENDLIST');
  readSegments(lines, list, { say, sequence: Number(first('EXT-X-MEDIA-SEQUENCE') ?? 0), first });
  checkVersion(list, { say, fractions: lines.some(({ tag, value }) => tag === 'EXTINF' && value.includes('.')) });
  return { list, broken };
}

type Say = (sentence: string, holds: boolean) => void;

function readSegments(
  lines: readonly Line[],
  { segments, target }: MediaList,
  { say, sequence, first }: { say: Say; sequence: number; first: (tag: string) => string | undefined },
): void {
  let next: { seconds?: number; discontinuity?: boolean; filmedMs?: number } = {};
  let map: string | undefined;
  let discontinuitySequence = Number(first('EXT-X-DISCONTINUITY-SEQUENCE') ?? 0);
  for (const { tag, value } of lines) {
    say(`knows no tag ${tag}`, tag === '' || known.has(tag));
    if (tag === 'EXT-X-DISCONTINUITY') {
      say('has one EXT-X-DISCONTINUITY before a segment', !next.discontinuity);
      next.discontinuity = true;
    } else if (tag === 'EXT-X-MAP') {
      const uri = value.match(/^URI="([^"]+)"$/)?.[1];
      say(`EXT-X-MAP has a URI: ${value}`, uri !== undefined);
      say('another init segment comes behind a discontinuity', map === undefined || next.discontinuity === true);
      map = uri;
    } else if (tag === 'EXT-X-PROGRAM-DATE-TIME') {
      say(`is a date with milliseconds and zone: ${value}`, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value));
      next.filmedMs = Date.parse(value);
    } else if (tag === 'EXTINF') {
      say(`EXTINF is a number and a comma: ${value}`, /^\d+(\.\d{1,3})?,$/.test(value));
      next.seconds = Number.parseFloat(value);
    } else if (tag === '') {
      const { seconds = 0, discontinuity = false, filmedMs } = next;
      say(`a segment has an address: ${value}`, value !== '');
      say(`a segment lasts for some time: ${value}`, seconds > 0);
      say(`no segment is longer than the target: ${seconds} of ${target}`, Math.round(seconds) <= target);
      if (discontinuity) discontinuitySequence++;
      const before = segments.at(-1)?.filmedMs;
      say('times go up', before === undefined || filmedMs === undefined || filmedMs >= before);
      segments.push({
        ...{ sequence: sequence + segments.length, uri: value, seconds, discontinuity, discontinuitySequence, map },
        filmedMs,
      });
      next = {};
    }
  }
  say('says nothing of a segment that is not there', Object.keys(next).length === 0);
  say('has a segment', segments.length > 0);
  say('names each segment once', new Set(segments.map(({ uri }) => uri)).size === segments.length);
}

function checkVersion({ segments, version }: MediaList, { say, fractions }: { say: Say; fractions: boolean }): void {
  const isMp4 = (uri: string) => uri.includes('.mp4');
  say(
    'fragmented MP4 has an init segment',
    segments.every(({ uri, map }) => !isMp4(uri) || map !== undefined),
  );
  say(
    'a transport stream has none',
    segments.every(({ uri, map }) => isMp4(uri) || map === undefined),
  );
  say('fractions of a second need version 3', !fractions || version >= 3);
  say('EXT-X-MAP needs version 6', version >= 6 || segments.every(({ map }) => map === undefined));
}

/** What a player relies on from one reading of a list to the next. */
export function brokenUpdates(before: MediaList, after: MediaList): string[] {
  const broken: string[] = [];
  const say = (sentence: string, holds: boolean) => void (holds || broken.push(sentence));
  const [first, last] = [before.segments[0]?.sequence ?? 0, before.segments.at(-1)?.sequence ?? 0];
  say(`the target duration stays: ${before.target}, ${after.target}`, before.target === after.target);
  say('the version stays', before.version === after.version);
  say('segments leave at the head only', (after.segments[0]?.sequence ?? 0) >= first);
  say('nothing leaves at the tail', (after.segments.at(-1)?.sequence ?? 0) >= last);
  say('a list that has ended does not change', !before.ended || JSON.stringify(before) === JSON.stringify(after));
  const known = new Map(before.segments.map(segment => [segment.sequence, segment]));
  for (const segment of after.segments) {
    const same = known.get(segment.sequence);
    say(
      `segment ${segment.sequence} stays as it was: ${JSON.stringify([same, segment])}`,
      same === undefined || JSON.stringify(same) === JSON.stringify(segment),
    );
    say(`no segment is new at the head: ${segment.sequence}`, same !== undefined || segment.sequence > last);
  }
  return broken;
}

/** Of a master playlist. */
export function brokenMaster(text: string): string[] {
  const broken: string[] = [];
  const say = (sentence: string, holds: boolean) => void (holds || broken.push(sentence));
  const lines = linesOf(text);
  const isMaster = ['EXTM3U', 'EXT-X-VERSION', 'EXT-X-MEDIA', 'EXT-X-STREAM-INF', 'EXT-X-INDEPENDENT-SEGMENTS', ''];
  say('begins with EXTM3U', lines[0]?.tag === 'EXTM3U');
  for (const { tag } of lines) say(`${tag} belongs into a master playlist`, isMaster.includes(tag));
  const renditions = lines.filter(({ tag }) => tag === 'EXT-X-MEDIA').map(({ value }) => attributes(value));
  const variants = lines.flatMap(({ tag, value }, index) => (tag === 'EXT-X-STREAM-INF' ? [{ value, index }] : []));
  say('has a variant', variants.length > 0);
  for (const rendition of renditions) {
    for (const name of ['TYPE', 'GROUP-ID', 'NAME', 'URI'])
      say(`a rendition has a ${name}`, rendition[name] !== undefined);
    say('FORCED is for subtitles', rendition.TYPE === 'SUBTITLES' || rendition.FORCED === undefined);
    say('what is the default is selected by itself', rendition.DEFAULT !== 'YES' || rendition.AUTOSELECT === 'YES');
  }
  for (const { value, index } of variants) {
    const { BANDWIDTH, CODECS = '', RESOLUTION, AUDIO, 'FRAME-RATE': rate } = attributes(value);
    say(`BANDWIDTH is a whole number: ${BANDWIDTH}`, /^[1-9]\d*$/.test(BANDWIDTH ?? ''));
    say(
      `CODECS are ones Apple plays: ${CODECS}`,
      CODECS.split(',').every(codec => /^(avc1\.[0-9a-f]{6}|hvc1\.[\w.]+|mp4a\.40\.\d+)$/.test(codec)),
    );
    say('each codec is named once', new Set(CODECS.split(',')).size === CODECS.split(',').length);
    const video = /avc1|hvc1/.test(CODECS);
    say(`RESOLUTION goes with a picture: ${RESOLUTION}`, video === /^\d+x\d+$/.test(RESOLUTION ?? ''));
    say(`FRAME-RATE goes with a picture: ${rate}`, video === /^\d+\.\d{2,3}$/.test(rate ?? ''));
    say(`the group ${AUDIO} is there`, AUDIO === undefined || renditions.some(one => one['GROUP-ID'] === AUDIO));
    say('an address follows', lines[index + 1]?.tag === '' && lines[index + 1]?.value !== '');
  }
  say('every rendition is in a group that is used', renditions.length === 0 || text.includes('AUDIO="'));
  return broken;
}

/** @param text NAME=value,NAME="value" */
function attributes(text: string): Record<string, string> {
  const pairs = [...text.matchAll(/([A-Z0-9-]+)=(?:"([^"]*)"|([^",]+))(?:,|$)/g)];
  return Object.fromEntries(pairs.map(([, name = '', quoted, plain = '']) => [name, quoted ?? plain]));
}
