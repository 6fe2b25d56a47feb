// Fragments are listed and fetched, as they are, as one clip and as pictures.
import { expect } from 'vitest';
import type { Members } from './api-client.ts';
import { type MediaPlace, recordedSeconds, selecting } from './media-place.ts';
import {
  invalidArgument,
  libraries,
  misnamed,
  noRetention,
  notFound,
  type Refusal,
  refusedWith,
  type Scenario,
} from './scenario.ts';

type MediaScenario = Scenario<MediaPlace>;

const hourMs = 3_600_000;
/** For requests that are refused before anything is looked at. */
const sometimeMs = 1_795_420_701_000;
const sometime = (member: string) => selecting(member, sometimeMs);

/** Ranges no operation takes. */
function oddRanges(member: string): Record<string, Members> {
  const now = Math.floor(Date.now() / 1000) * 1000;
  return {
    'an end before the start': selecting(member, now, { toMs: now - 1000 }),
    'an unknown selector': selecting(member, now, { by: 'OTHER_TIMESTAMP' }),
    'no range': { [member]: { FragmentSelectorType: 'PRODUCER_TIMESTAMP' } },
  };
}

/** What of the kinds of stream an operation refuses. */
function ofStreams(
  operation: string,
  rest: (place: MediaPlace) => Members,
  refusals: Record<string, Refusal>,
): MediaScenario[] {
  return Object.entries(refusals).map(([StreamName, refused]) => ({
    ...{ operation, what: `the stream ${StreamName}`, refused },
    ...(refused === noRetention ? {} : { clients: libraries }),
    input: place => ({ StreamName, ...rest(place) }),
  }));
}

const listing: MediaScenario[] = [
  {
    ...{ operation: 'ListFragments', what: 'all within the range, with sizes, lengths and times' },
    input: ({ startMs }) => ({ StreamName: 'cam', ...selecting('FragmentSelector', startMs) }),
    holds({ answer }, { startMs, numbers }) {
      expect(answer).toEqual({
        Fragments: numbers.map((FragmentNumber, index) => ({
          FragmentNumber,
          FragmentSizeInBytes: expect.any(Number),
          ProducerTimestamp: startMs + index * 1000,
          ServerTimestamp: expect.any(Number),
          FragmentLengthInMilliseconds: expect.any(Number),
        })),
      });
      for (const fragment of answer.Fragments as Members[]) {
        expect(fragment.FragmentNumber).toMatch(/^\d{47}$/);
        expect(fragment.FragmentSizeInBytes).toBeGreaterThan(1000);
        expect(Math.abs(Number(fragment.FragmentLengthInMilliseconds) - 1000)).toBeLessThan(100);
        expect(Math.abs(Date.now() - Number(fragment.ServerTimestamp))).toBeLessThan(hourMs);
      }
    },
  },
  {
    ...{ operation: 'ListFragments', what: 'both ends belong to the range', clients: libraries },
    input: ({ startMs }) => ({
      StreamName: 'cam',
      ...selecting('FragmentSelector', startMs, { fromMs: startMs + 1000, toMs: startMs + 3000 }),
    }),
    holds: ({ answer }, { numbers }) =>
      expect((answer.Fragments as Members[]).map(({ FragmentNumber }) => FragmentNumber)).toEqual(numbers.slice(1, 4)),
  },
  {
    ...{ operation: 'ListFragments', what: 'by the time they came', clients: libraries },
    input: () => ({
      StreamName: 'cam',
      ...selecting('FragmentSelector', Date.now() - hourMs, { by: 'SERVER_TIMESTAMP', toMs: Date.now() + hourMs }),
    }),
    holds: ({ answer }, { numbers }) => expect(answer.Fragments).toHaveLength(numbers.length),
  },
  {
    ...{ operation: 'ListFragments', what: 'none', clients: libraries },
    input: ({ startMs }) => ({ StreamName: 'empty', ...selecting('FragmentSelector', startMs) }),
    holds: ({ answer }) => expect(answer).toEqual({ Fragments: [] }),
  },
  ...misnamed<MediaPlace>('ListFragments', sometime('FragmentSelector')),
  ...refusedWith<MediaPlace>('ListFragments', () => ({ StreamName: 'cam', ...sometime('FragmentSelector') }), {
    ...oddRanges('FragmentSelector'),
    'neither selector nor token': { FragmentSelector: undefined },
    'pages of none': { MaxResults: 0 },
    'pages of 1,001': { MaxResults: 1001 },
    'a token from elsewhere': { NextToken: 'bm90IG91cnM=' },
  }),
];

/** Fragments in order of their numbers in media. */
export function numbersIn(media: Uint8Array): string[] {
  const text = Buffer.from(media).toString('latin1');
  return [...text.matchAll(/AWS_KINESISVIDEO_FRAGMENT_NUMBERD[^\d]*?(\d{47})/g)].map(([, number]) => number ?? '');
}

const fetching: MediaScenario[] = [
  {
    ...{ operation: 'GetMediaForFragmentList', what: 'what is named, in that order' },
    input: ({ numbers }) => ({ StreamName: 'cam', Fragments: [numbers[3], numbers[0]] }),
    holds({ answer, media }, { numbers }) {
      expect(answer).toEqual({ ContentType: 'video/webm' });
      expect(numbersIn(media)).toEqual([numbers[3], numbers[0]]);
    },
  },
  ...misnamed<MediaPlace>('GetMediaForFragmentList', { Fragments: ['1'] }),
  ...refusedWith<MediaPlace>('GetMediaForFragmentList', () => ({ StreamName: 'cam' }), {
    'no list': {},
    'an empty list': { Fragments: [] },
    'what is no number': { Fragments: ['first'] },
    'a number that was never given': { Fragments: ['1'] },
    '1,001 numbers': { Fragments: Array.from({ length: 1001 }, () => '1') },
  }),
  {
    ...{ operation: 'GetMediaForFragmentList', what: 'the number of another stream', refused: invalidArgument },
    input: ({ numbers, foreignNumber }) => ({ StreamName: 'cam', Fragments: [numbers[0], foreignNumber] }),
  },
];

const now = Date.now();

const clips: MediaScenario[] = [
  {
    ...{ operation: 'GetClip', what: 'one MP4, its tables in front' },
    input: ({ startMs }) => ({ StreamName: 'cam', ...selecting('ClipFragmentSelector', startMs) }),
    holds({ answer, media }) {
      expect(answer).toEqual({ ContentType: 'video/mp4' });
      const bytes = Buffer.from(media);
      expect(bytes.toString('latin1', 4, 8)).toBe('ftyp');
      expect(bytes.indexOf('moov')).toBeLessThan(bytes.indexOf('mdat'));
      expect(bytes.length).toBeGreaterThan(10_000);
    },
  },
  {
    ...{ operation: 'GetClip', what: 'no fragment within the range', refused: notFound },
    input: ({ startMs }) => ({ StreamName: 'cam', ...selecting('ClipFragmentSelector', startMs - 2 * hourMs) }),
  },
  ...misnamed<MediaPlace>('GetClip', sometime('ClipFragmentSelector')),
  ...ofStreams('GetClip', ({ startMs }) => selecting('ClipFragmentSelector', startMs), {
    unkept: noRetention,
    empty: notFound,
    sound: ['UnsupportedStreamMediaTypeException', 400],
    vp9: ['UnsupportedStreamMediaTypeException', 400],
    undescribed: ['MissingCodecPrivateDataException', 400],
    misdescribed: ['InvalidCodecPrivateDataException', 400],
    'two-sizes': ['InvalidCodecPrivateDataException', 400],
    broken: ['InvalidMediaFrameException', 400],
  }),
  ...refusedWith<MediaPlace>('GetClip', () => ({ StreamName: 'cam', ...sometime('ClipFragmentSelector') }), {
    ...oddRanges('ClipFragmentSelector'),
    'no selector': { ClipFragmentSelector: undefined },
    'more than a day': selecting('ClipFragmentSelector', now - 30 * hourMs, { toMs: now - 5 * hourMs }),
    'an arrival still to come': selecting('ClipFragmentSelector', now, { by: 'SERVER_TIMESTAMP', toMs: now + hourMs }),
  }),
];

const asked = ({ startMs }: Pick<MediaPlace, 'startMs'>): Members => ({
  ...{ StreamName: 'cam', ImageSelectorType: 'PRODUCER_TIMESTAMP', Format: 'JPEG', SamplingInterval: 3000 },
  ...{ StartTimestamp: new Date(startMs), EndTimestamp: new Date(startMs + 3000) },
});
const { StreamName: _, ...anyPicture } = asked({ startMs: sometimeMs });

const pictures: MediaScenario[] = [
  ...(
    [
      ['JPEG', [0xff, 0xd8, 0xff]],
      ['PNG', [0x89, 0x50, 0x4e, 0x47]],
    ] as const
  ).map(
    ([Format, signature]): MediaScenario => ({
      ...{ operation: 'GetImages', what: `${Format} of each time, and none where there is no media` },
      ...(Format === 'PNG' ? { clients: libraries } : {}),
      input: place => ({
        ...{ ...asked(place), Format, HeightPixels: 90 },
        EndTimestamp: new Date(place.startMs + recordedSeconds * 1000 + 2000),
      }),
      holds({ answer }, { startMs }) {
        expect(answer).toEqual({
          Images: [0, 3, 6].map(second => ({
            TimeStamp: startMs + second * 1000,
            ...(second > recordedSeconds ? { Error: 'NO_MEDIA' } : { ImageContent: expect.any(String) }),
          })),
        });
        for (const { ImageContent } of (answer.Images as { ImageContent: string }[]).slice(0, 2))
          expect([...Buffer.from(ImageContent, 'base64').subarray(0, signature.length)]).toEqual(signature);
      },
    }),
  ),
  {
    ...{ operation: 'GetImages', what: 'MEDIA_ERROR of what cannot be decoded', clients: libraries },
    input: place => ({ ...asked(place), StreamName: 'sound', EndTimestamp: new Date(place.startMs) }),
    holds: ({ answer }, { startMs }) =>
      expect(answer).toEqual({ Images: [{ TimeStamp: startMs, Error: 'MEDIA_ERROR' }] }),
  },
  ...misnamed<MediaPlace>('GetImages', anyPicture),
  ...ofStreams('GetImages', () => anyPicture, { unkept: noRetention }),
  ...refusedWith<MediaPlace>('GetImages', asked, {
    'more than 300 s': { EndTimestamp: new Date(sometimeMs + 10 * hourMs), StartTimestamp: new Date(sometimeMs) },
    'an end before the start': { EndTimestamp: new Date(sometimeMs - hourMs), StartTimestamp: new Date(sometimeMs) },
    'a width alone': { WidthPixels: 100 },
    'more than 3,840 wide': { WidthPixels: 3841, HeightPixels: 100 },
    'more than 2,160 high': { HeightPixels: 2161 },
    'an interval below 200 ms': { SamplingInterval: 199 },
    'pages of none': { MaxResults: 0 },
    'pages of 101': { MaxResults: 101 },
    'a quality of 101': { FormatConfig: { JPEGQuality: '101' } },
    'an unknown format': { Format: 'GIF' },
    'no format': { Format: undefined },
    'a token from elsewhere': { NextToken: 'bm90IG91cnM=' },
  }),
];

export const archiveScenarios: MediaScenario[] = [...listing, ...fetching, ...clips, ...pictures];
