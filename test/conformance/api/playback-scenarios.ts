// HLS and DASH sessions are opened: the address that comes back plays.
import { expect } from 'vitest';
import type { Members } from './api-client.ts';
import { type MediaPlace, selecting } from './media-place.ts';
import { libraries, misnamed, noRetention, notFound, type Refusal, refusedWith, type Scenario } from './scenario.ts';

type MediaScenario = Scenario<MediaPlace>;

/** One protocol: how its operation names things, and what its addresses lead to. */
type Protocol = {
  operation: string;
  member: string;
  selector: string;
  limit: string;
  content: string;
  /** How many fragments a player finds there. */
  fragments(url: string): Promise<number>;
};

const hls: Protocol = {
  operation: 'GetHLSStreamingSessionURL',
  member: 'HLSStreamingSessionURL',
  selector: 'HLSFragmentSelector',
  limit: 'MaxMediaPlaylistFragmentResults',
  content: 'application/vnd.apple.mpegurl',
  async fragments(url) {
    const master = await (await fetch(url)).text();
    const [media] = master.split('\n').filter(line => line !== '' && !line.startsWith('#'));
    return [...(await (await fetch(new URL(media ?? '', url))).text()).matchAll(/^#EXTINF:/gm)].length;
  },
};

const dash: Protocol = {
  operation: 'GetDASHStreamingSessionURL',
  member: 'DASHStreamingSessionURL',
  selector: 'DASHFragmentSelector',
  limit: 'MaxManifestFragmentResults',
  content: 'application/dash+xml',
  async fragments(url) {
    const manifest = await (await fetch(url)).text();
    const [timeline] = /<SegmentTimeline>.*?<\/SegmentTimeline>/s.exec(manifest) ?? [''];
    return [...timeline.matchAll(/<S .*?>/g)].reduce((sum, [s]) => sum + 1 + Number(/ r="(\d+)"/.exec(s)?.[1] ?? 0), 0);
  },
};

const hourMs = 3_600_000;

function sessions({ operation, member, selector, limit, content, fragments }: Protocol): MediaScenario[] {
  const onDemand = (StreamName: string, startMs: number): Members => ({
    ...{ StreamName, PlaybackMode: 'ON_DEMAND' },
    ...selecting(selector, startMs),
  });
  const plays = (what: string, count: number, input: MediaScenario['input'], all = false): MediaScenario => ({
    ...{ operation, what, input },
    ...(all ? {} : { clients: libraries }),
    async holds({ answer }) {
      const url = String(answer[member]);
      expect(Object.keys(answer)).toEqual([member]);
      expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/(hls|dash)\/v1\/\w+\.(m3u8|mpd)\?SessionToken=\S{128,}$/);
      expect((await fetch(url)).headers.get('content-type')).toBe(content);
      expect(await fragments(url)).toBe(count);
    },
  });
  const unplayable = (StreamName: string, refused: Refusal): MediaScenario => ({
    ...{ operation, what: `the stream ${StreamName}`, refused },
    ...(refused === noRetention ? {} : { clients: libraries }),
    input: ({ startMs }) => onDemand(StreamName, startMs),
  });
  const now = Math.floor(Date.now() / 1000) * 1000;
  const range = (members: Members) => ({ [selector]: { FragmentSelectorType: 'PRODUCER_TIMESTAMP', ...members } });
  return [
    plays('ON_DEMAND, all that is recorded', 5, ({ startMs }) => onDemand('cam', startMs), true),
    plays('ON_DEMAND, no more than asked for', 2, ({ startMs }) => ({ ...onDemand('cam', startMs), [limit]: 2 })),
    plays('LIVE', 5, async ({ liveStream }) => ({ StreamName: await liveStream(), Expires: 43_200 })),
    plays('LIVE_REPLAY', 5, ({ startMs }) => ({ ...onDemand('cam', startMs), PlaybackMode: 'LIVE_REPLAY' })),
    ...misnamed<MediaPlace>(operation),
    unplayable('unkept', noRetention),
    unplayable('empty', notFound),
    unplayable('vp9', ['UnsupportedStreamMediaTypeException', 400]),
    unplayable('undescribed', ['MissingCodecPrivateDataException', 400]),
    unplayable('misdescribed', ['InvalidCodecPrivateDataException', 400]),
    {
      ...{ operation, what: 'LIVE of what has not come for half a minute', refused: notFound, clients: libraries },
      input: () => ({ StreamName: 'empty' }),
    },
    ...refusedWith<MediaPlace>(operation, () => ({ StreamName: 'cam' }), {
      'ON_DEMAND without a range': { PlaybackMode: 'ON_DEMAND' },
      'LIVE with a range': selecting(selector, now - hourMs),
      'an end before the start': { PlaybackMode: 'ON_DEMAND', ...selecting(selector, now, { toMs: now - 1000 }) },
      'more than a day': { PlaybackMode: 'ON_DEMAND', ...selecting(selector, now - 30 * hourMs, { toMs: now }) },
      'an unknown mode': { PlaybackMode: 'REWIND' },
      'an unknown selector': range({ FragmentSelectorType: 'OTHER_TIMESTAMP' }),
      'a life of 299 s': { Expires: 299 },
      'a life of 43,201 s': { Expires: 43_201 },
      'lists of none': { [limit]: 0 },
      'lists of 5,001': { [limit]: 5001 },
      'an unknown display of times': { DisplayFragmentTimestamp: 'SOMETIMES' },
      ...(operation === hls.operation
        ? { 'an unknown container': { ContainerFormat: 'AVI' }, 'odd discontinuities': { DiscontinuityMode: 'MAYBE' } }
        : { 'an unknown display of numbers': { DisplayFragmentNumber: 'SOMETIMES' } }),
    }),
  ];
}

export const playbackScenarios: MediaScenario[] = [
  ...sessions(hls),
  {
    ...{ operation: hls.operation, what: 'MPEG_TS', clients: libraries },
    input: ({ startMs }) => ({
      ...{ StreamName: 'cam', PlaybackMode: 'ON_DEMAND', ContainerFormat: 'MPEG_TS', DiscontinuityMode: 'ALWAYS' },
      ...selecting(hls.selector, startMs),
    }),
    holds: async ({ answer }) => expect(await hls.fragments(String(answer[hls.member]))).toBe(5),
  },
  ...sessions(dash),
];
