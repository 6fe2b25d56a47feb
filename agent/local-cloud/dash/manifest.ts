// The manifest (MPD, ISO 23009-1): one period in which every fragment begins where the one before ends. Pure.
// KVS adjusts the timeline so that players meet no gaps, and adds the real number and time of a fragment when asked to.
// Its own output is not published: the namespace of these two, and seconds with three decimals as in its Matroska tags,
// are this server's choice.
import type { PlayableTrack } from '../../mp4/playable.ts';
import { bitsPerSecond, framesPerSecond } from '../hls/rates.ts';
import type { SessionTracks } from '../hls/session-tracks.ts';
import { type Entry, mediaEndMs } from '../hls/timeline.ts';

export type Manifest = {
  tracks: SessionTracks;
  /** What is listed; at least one. */
  entries: readonly Entry[];
  /** Place in the session of the first of them. */
  startNumber: number;
  token: string;
  showTimestamps: boolean;
  showNumbers: boolean;
  /** The length of the longest fragment so far. */
  longestMs: number;
  /** When the session's own time was 0, milliseconds since 1970. */
  availabilityStartMs: number;
  nowMs: number;
  /** Complete from the start, as ON_DEMAND is: begins at 0 for the player. */
  onDemand: boolean;
  /** Nothing will be added any more. */
  ended: boolean;
};

const timescale = 1000;

export function manifest(input: Manifest): string {
  const { tracks, entries, ended, onDemand, longestMs } = input;
  const [first, last] = [entries[0], entries.at(-1)];
  const beginMs = onDemand && first ? first.mediaMs : 0;
  const lengthMs = last ? mediaEndMs(last) - beginMs : 0;
  const mpd = attributes({
    xmlns: 'urn:mpeg:dash:schema:mpd:2011',
    'xmlns:kvs': 'urn:amazon:kinesisvideo',
    profiles: 'urn:mpeg:dash:profile:isoff-live:2011',
    ...(ended ? finished(lengthMs) : growing(input)),
    minBufferTime: duration(longestMs),
  });
  const sets = [tracks.video, tracks.audio].flatMap(track => (track ? adaptationSet(track, beginMs, input) : []));
  const lines = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<MPD ${mpd}>`,
    '  <Period id="0" start="PT0S">',
    ...sets.map(line => `    ${line}`),
    '  </Period>',
    ...(ended ? [] : [`  <UTCTiming schemeIdUri="urn:mpeg:dash:utc:direct:2014" value="${isoTime(input.nowMs)}"/>`]),
    '</MPD>',
  ];
  return `${lines.join('\n')}\n`;
}

function finished(lengthMs: number): Attributes {
  return { type: 'static', mediaPresentationDuration: duration(lengthMs) };
}

/** No timeShiftBufferDepth: what is listed is there, also when the media stood still and lag behind the clock. */
function growing({ availabilityStartMs, nowMs }: Manifest): Attributes {
  return {
    type: 'dynamic',
    availabilityStartTime: isoTime(availabilityStartMs),
    publishTime: isoTime(nowMs),
    minimumUpdatePeriod: 'PT1S',
  };
}

function adaptationSet(playable: PlayableTrack, beginMs: number, input: Manifest): string[] {
  const { track } = playable;
  const query = `SessionToken=${input.token}&TrackNumber=${track.number}`;
  const set = attributes({
    ...{ id: track.number, contentType: track.type, mimeType: `${track.type}/mp4` },
    ...{ segmentAlignment: 'true', startWithSAP: 1 },
  });
  const template = attributes({
    ...{ timescale, presentationTimeOffset: beginMs, startNumber: input.startNumber },
    initialization: `getMP4InitFragment.mp4?${query}`,
    media: `getMP4MediaFragment.mp4?FragmentNumber=$Number$&${query}`,
  });
  return [
    `<AdaptationSet ${set}>`,
    `  <SegmentTemplate ${template}>`,
    '    <SegmentTimeline>',
    ...input.entries.map(entry => `      ${segment(entry, input)}`),
    '    </SegmentTimeline>',
    '  </SegmentTemplate>',
    ...representation(playable, input).map(line => `  ${line}`),
    '</AdaptationSet>',
  ];
}

function segment(entry: Entry, { showTimestamps, showNumbers }: Manifest): string {
  const values = attributes({
    ...{ t: entry.mediaMs, d: entry.listedMs },
    ...(showTimestamps ? { 'kvs:ts': (entry.startMs / 1000).toFixed(3) } : {}),
    ...(showNumbers ? { 'kvs:fn': entry.fragment.number } : {}),
  });
  return `<S ${values}/>`;
}

function representation({ track, codec, sampleEntry }: PlayableTrack, { tracks, entries }: Manifest): string[] {
  const fragments = entries.map(entry => entry.fragment);
  const id = track.number;
  if (track.type === 'video') {
    const { width, height } = track;
    const rate = framesPerSecond(fragments);
    const frameRate = rate === undefined ? {} : { frameRate: `${Math.round(rate * 1000)}/1000` };
    const bandwidth = bitsPerSecond(fragments);
    return [`<Representation ${attributes({ id, codecs: codec, width, height, ...frameRate, bandwidth })}/>`];
  }
  const { sampleRate, channels } = track;
  // How much of a fragment is sound is not in the index. AAC has at most 6144 bits for 1024 samples, G.711 eight for one.
  const most = sampleRate * channels * (sampleEntry === 'mp4a' ? 6 : 8);
  const bandwidth = tracks.video ? Math.min(bitsPerSecond(fragments), most) : bitsPerSecond(fragments);
  const channelScheme = 'urn:mpeg:dash:23003:3:audio_channel_configuration:2011';
  return [
    `<Representation ${attributes({ id, codecs: codec, audioSamplingRate: sampleRate, bandwidth })}>`,
    `  <AudioChannelConfiguration ${attributes({ schemeIdUri: channelScheme, value: channels })}/>`,
    '</Representation>',
  ];
}

type Attributes = Record<string, string | number>;

function attributes(values: Attributes): string {
  const escaped = (value: string | number) => String(value).replaceAll('&', '&amp;').replaceAll('"', '&quot;');
  return Object.entries(values)
    .map(([name, value]) => `${name}="${escaped(value)}"`)
    .join(' ');
}

function duration(ms: number): string {
  return `PT${(Math.round(ms) / 1000).toFixed(3)}S`;
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
