// HLS and DASH sessions in players without a window: all that was sent arrives, at its time, picture for picture.
import type {
  ContainerFormat,
  GetDASHStreamingSessionURLInput,
  GetHLSStreamingSessionURLInput,
} from '@aws-sdk/client-kinesis-video-archived-media';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { type TestCloud, testCloud } from '../../local-cloud/control-cloud.ts';
import { SimulatedClock } from '../../simulated-clock.ts';
import { cell } from '../cell.ts';
import { encode, framesOf, type Kind, type Recording, store, timesOf } from './media.ts';
import { type Archive, archiveOf, operations } from './sessions.ts';
import { expectSame, ffmpeg, gstreamer, md5Of, type Played, truthOf, vlc, withFile } from './tools.ts';

const startMs = Date.now() - 120_000;
const recordings = new Map<string, Recording>();
let running: TestCloud;

beforeAll(async () => {
  const kinds: Kind[] = ['H.264 + AAC', 'H.265 + AAC', 'H.264 + A-law', 'H.264 + µ-law', 'H.264', 'H.265', 'AAC alone'];
  const [cloud, short, oneFrame, larger, ...media] = await Promise.all([
    testCloud(),
    encode('H.264 + AAC', { every: 5 }),
    encode('H.264', { every: 1 }),
    encode('H.264 + AAC', { size: '640x360' }),
    ...kinds.map(kind => encode(kind)),
  ]);
  running = cloud;
  media.forEach((one, index) => void recordings.set(kinds[index] ?? '', [{ media: one, fromMs: 0 }]));
  const [usual] = media;
  if (!usual) throw new Error('nothing encoded');
  recordings.set('fragments of 200 ms', [{ media: short, fromMs: 0 }]);
  recordings.set('fragments of one frame', [{ media: oneFrame, fromMs: 0 }]);
  recordings.set(
    'a 4 s gap',
    [usual, usual].map((one, index) => ({ media: one, fromMs: index * 7000 })),
  );
  recordings.set(
    'another picture size',
    [usual, larger].map((one, index) => ({ media: one, fromMs: index * 3000 })),
  );
  const streams = [...recordings];
  await Promise.all(streams.map(([name, recording]) => store(cloud.cloud.url, streamOf(name), recording, startMs)));
});
afterAll(() => running?.[Symbol.asyncDispose]());

function streamOf(name: string): string {
  return name.replaceAll('µ', 'mu').replaceAll(/\W+/g, '-');
}

function recordingOf(name: string): Recording {
  return recordings.get(name) ?? [];
}

function hls(name: string, more?: GetHLSStreamingSessionURLInput): Promise<string> {
  return archiveOf(running.cloud.url, startMs).hls(streamOf(name), more);
}

function dash(name: string, more?: GetDASHStreamingSessionURLInput): Promise<string> {
  return archiveOf(running.cloud.url, startMs).dash(streamOf(name), more);
}

const formats: readonly ContainerFormat[] = ['FRAGMENTED_MP4', 'MPEG_TS'];
const inHls: Record<string, readonly ContainerFormat[]> = {
  'H.264 + AAC': formats,
  'H.265 + AAC': ['FRAGMENTED_MP4'],
  'H.264': formats,
  'H.265': ['FRAGMENTED_MP4'],
  'AAC alone': formats,
  'fragments of 200 ms': formats,
  'fragments of one frame': formats,
  'a 4 s gap': formats,
  'another picture size': formats,
};
const inDash = ['H.264 + AAC', 'H.265 + AAC', 'H.264 + A-law', 'H.264 + µ-law', 'H.264', 'H.265', 'AAC alone'];
inDash.push('fragments of 200 ms', 'fragments of one frame', 'a 4 s gap');
/** What ffmpeg has looked at in every shape, the others look at in some. */
const forParsers = ['H.264 + AAC', 'H.265 + AAC', 'H.264 + A-law', 'AAC alone', 'fragments of one frame', 'a 4 s gap'];
// The newer readers of GStreamer wait at a gap that the timeline has: they get it closed. VLC 3 ends at another size.
const forGstreamer = [...forParsers, 'another picture size'];

describe.concurrent('everything is there', () => {
  for (const [name, containers] of Object.entries(inHls))
    for (const ContainerFormat of containers) {
      const transport = ContainerFormat === 'MPEG_TS';
      const what = `${name}, ${ContainerFormat}`;
      // ffmpeg's reader of fragmented MP4 does not take up a second init segment.
      if (transport || name !== 'another picture size')
        cell({ operation: operations.HLS, client: 'ffmpeg' }, what, async () => {
          const played = await ffmpeg(await hls(name, { ContainerFormat }), { transport });
          expectSame(played, await truthOf(recordingOf(name)));
        });
      if (forGstreamer.includes(name))
        cell({ operation: operations.HLS, client: 'GStreamer' }, what, async () => {
          const DiscontinuityMode = name === 'a 4 s gap' ? 'ON_DISCONTINUITY' : 'NEVER';
          const seen = await gstreamer(await hls(name, { ContainerFormat, DiscontinuityMode }));
          expectParsed(seen, name, name === 'a 4 s gap' ? undefined : 1);
          if (name === 'another picture size') expect(seen.video?.shapes).toEqual([320, 640]);
        });
      if (forParsers.includes(name))
        cell({ operation: operations.HLS, client: 'VLC' }, what, async () => {
          await expectDemuxed(await vlc(await hls(name, { ContainerFormat })), name, transport);
        });
    }

  for (const name of inDash) {
    cell({ operation: operations.DASH, client: 'ffmpeg' }, name, async () => {
      const [played, truth] = [await ffmpeg(await dash(name)), await truthOf(recordingOf(name))];
      // Of two tracks together ffmpeg's reader leaves the last packet of one, also in what ffmpeg wrote.
      for (const kind of ['pictures', 'sounds'] as const)
        if (truth[kind].length - played[kind].length === 1) truth[kind].pop();
      expectSame(played, name === 'a 4 s gap' ? closed(truth) : truth);
    });
    if (!forParsers.includes(name)) continue;
    cell({ operation: operations.DASH, client: 'GStreamer' }, name, async () => {
      expectParsed(await gstreamer(await dash(name)), name, name === 'a 4 s gap' ? undefined : 1);
    });
    cell({ operation: operations.DASH, client: 'VLC' }, name, async () => {
      await expectDemuxed(await vlc(await dash(name)), name);
    });
  }

  for (const DiscontinuityMode of ['ALWAYS', 'ON_DISCONTINUITY'] as const)
    for (const ContainerFormat of formats)
      cell(
        { operation: operations.HLS, client: 'ffmpeg' },
        `${DiscontinuityMode} at a gap, ${ContainerFormat}`,
        async () => {
          const url = await hls('a 4 s gap', { ContainerFormat, DiscontinuityMode });
          const played = await ffmpeg(url, { transport: ContainerFormat === 'MPEG_TS' });
          expectSame(played, await truthOf(recordingOf('a 4 s gap')));
        },
      );
});

/** The second half of the recording begins where the first ends: KVS leaves no gap on a DASH timeline. */
function closed({ pictures, sounds }: Played): Played {
  const gapMs = 7000 - 3008;
  const moved = (seen: Played['pictures']) => seen.map(({ ms, md5 }) => ({ md5, ms: ms > 5000 ? ms - gapMs : ms }));
  return { pictures: moved(pictures), sounds: moved(sounds) };
}

/** @param toleranceMs left out: the times are not those that were sent */
function expectParsed(seen: Awaited<ReturnType<typeof gstreamer>>, name: string, toleranceMs?: number): void {
  for (const type of ['video', 'audio'] as const) {
    const sent = timesOf(recordingOf(name), type);
    const times = seen[type]?.times ?? [];
    expect(times, type).toHaveLength(sent.length);
    if (toleranceMs === undefined) continue;
    const firstMs = (seen.video ?? seen.audio)?.times[0] ?? 0;
    const sentFirstMs = timesOf(recordingOf(name), seen.video ? 'video' : 'audio')[0] ?? 0;
    const late = times.filter(
      (ms, index) => Math.abs(ms - firstMs - (sent[index] ?? 0) + sentFirstMs) > 1 + toleranceMs,
    );
    expect(late, type).toEqual([]);
  }
}

/** @param transport VLC keeps the last picture of a transport stream back */
async function expectDemuxed(seen: Awaited<ReturnType<typeof vlc>>, name: string, transport = false): Promise<void> {
  const parts = recordingOf(name).map(({ media }) => media);
  const pictures = parts.flatMap(media => framesOf(media, 'video')).length;
  expect(seen.Video?.frames ?? 0).toBe(pictures - (transport && pictures > 0 ? 1 : 0));
  const [only, ...others] = parts;
  if (only && others.length === 0 && !transport && pictures > 0)
    expect(seen.Video).toEqual((await withFile(only.file, vlc)).Video);
  const sounds = parts.flatMap(media => framesOf(media, 'audio'));
  // The last packet of G.711 it leaves out, from the encoder's own file too.
  if (name.includes('law')) sounds.pop();
  if (sounds.length === 0) expect(seen.Audio).toBeUndefined();
  else expect(seen.Audio).toEqual({ frames: sounds.length, md5: md5Of(sounds.map(({ data }) => data)) });
}

/**
 * When ffmpeg has read a list anew it reads the init segment of fragmented MP4 again, and says so; of its own segmenter's
 * unchanging list too. How often depends on how busy the machine is. What a list said stays: see playlist-rules.test.ts.
 */
const rereadInit = /^\[mov,\S+ @ \w+\] Found duplicated MOOV Atom\. Skipped it$/;

describe.concurrent('LIVE', () => {
  const fromFirst = ['-live_start_index', '0', '-t', '2'];
  let live: TestCloud;
  let archive: Archive;
  beforeAll(async () => {
    // It stands still: the stream is live however long the players take to begin.
    const clock = new SimulatedClock(Date.now());
    live = await testCloud({ clock });
    archive = archiveOf(live.cloud.url, startMs);
    await store(live.cloud.url, 'live', recordingOf('H.264 + AAC'), clock.nowMs() - 3000);
  });
  afterAll(() => live?.[Symbol.asyncDispose]());

  for (const ContainerFormat of formats)
    cell({ operation: operations.HLS, client: 'ffmpeg' }, `LIVE, ${ContainerFormat}`, async () => {
      const HLSFragmentSelector = { FragmentSelectorType: 'PRODUCER_TIMESTAMP' } as const;
      const url = await archive.hls('live', { PlaybackMode: 'LIVE', ContainerFormat, HLSFragmentSelector });
      const transport = ContainerFormat === 'MPEG_TS';
      const played = await ffmpeg(url, { input: fromFirst, transport, forgiven: rereadInit });
      expect(played.pictures).toHaveLength(50);
      const { pictures, sounds } = await truthOf(recordingOf('H.264 + AAC'));
      const count = played.sounds.length;
      expect(count).toBeGreaterThan(90);
      expectSame(played, { pictures: pictures.slice(0, 50), sounds: sounds.slice(0, count) });
    });

  cell({ operation: operations.DASH, client: 'ffmpeg' }, 'LIVE', async () => {
    const url = await archive.dash('live', { PlaybackMode: 'LIVE', DASHFragmentSelector: {} });
    const shown = (await ffmpeg(url, { input: ['-t', '1'] })).pictures.map(({ md5 }) => md5);
    const all = (await truthOf(recordingOf('H.264 + AAC'))).pictures.map(({ md5 }) => md5);
    const first = all.indexOf(shown[0] ?? '');
    expect(first % 25, 'begins with a key frame').toBe(0);
    expect(shown.length).toBeGreaterThan(20);
    expect(shown).toEqual(all.slice(first, first + shown.length));
  });
});

describe.concurrent('LIVE_REPLAY goes on until everything has been played', () => {
  const replay = { PlaybackMode: 'LIVE_REPLAY' } as const;

  for (const ContainerFormat of formats)
    cell({ operation: operations.HLS, client: 'ffmpeg' }, `LIVE_REPLAY, ${ContainerFormat}`, async () => {
      const url = await hls('H.264 + AAC', { ...replay, ContainerFormat, MaxMediaPlaylistFragmentResults: 2 });
      const transport = ContainerFormat === 'MPEG_TS';
      const options = { input: ['-live_start_index', '0'], transport, forgiven: rereadInit };
      const { pictures } = await ffmpeg(url, options);
      const all = (await truthOf(recordingOf('H.264 + AAC'))).pictures;
      // A busy machine may come when the first fragment has left the list. From there on it plays to the end.
      expect([50, 75]).toContain(pictures.length);
      expect(pictures.map(({ md5 }) => md5)).toEqual(all.slice(-pictures.length).map(({ md5 }) => md5));
    });
});

describe.concurrent('refused as KVS refuses it', () => {
  const refusal = (name: string, message: RegExp) =>
    expect.objectContaining({ name, message: expect.stringMatching(message) });
  const sdk = { operation: operations.HLS, client: 'SDK for JavaScript' };

  for (const name of ['H.264 + A-law', 'H.264 + µ-law'])
    for (const ContainerFormat of formats)
      cell(sdk, `no ${name} in ${ContainerFormat}`, async () => {
        const expected = refusal('UnsupportedStreamMediaTypeException', /^Track 2 is A_MS\/ACM/);
        await expect(hls(name, { ContainerFormat })).rejects.toThrow(expected);
      });

  for (const name of ['H.265', 'H.265 + AAC'])
    cell(sdk, `no ${name} in MPEG_TS`, async () => {
      const expected = refusal('UnsupportedStreamMediaTypeException', /^Track 1 is V_MPEGH\/ISO\/HEVC/);
      await expect(hls(name, { ContainerFormat: 'MPEG_TS' })).rejects.toThrow(expected);
    });

  cell({ operation: operations.HLS, client: 'ffmpeg' }, 'no other tracks in the middle', async () => {
    const recording = ['H.264 + AAC', 'H.264'].flatMap((name, index) =>
      recordingOf(name).map(({ media }) => ({ media, fromMs: index * 3000 })),
    );
    await store(running.cloud.url, 'other-tracks', recording, startMs);
    const expected = refusal('UnsupportedStreamMediaTypeException', /number of tracks or a codec changed/);
    await expect(hls('other-tracks')).rejects.toThrow(expected);
    // A session that began before meets it on the way.
    const url = await hls('other-tracks', { PlaybackMode: 'LIVE_REPLAY', MaxMediaPlaylistFragmentResults: 3 });
    await expect(ffmpeg(url, { input: ['-live_start_index', '0'] })).rejects.toThrow(/400/);
  });

  cell({ operation: operations.DASH, client: 'ffmpeg' }, 'no other picture size in the middle', async () => {
    const forgiven = /HTTP error 400|Failed to open fragment|Error when loading first|Invalid data found/;
    const url = await dash('another picture size');
    await expect(ffmpeg(url)).rejects.toThrow(/HTTP error 400 Bad Request/);
    const { pictures } = await ffmpeg(url, { forgiven });
    const all = (await truthOf(recordingOf('another picture size'))).pictures;
    expect(pictures.length).toBeGreaterThan(70);
    expect(pictures).toEqual(all.slice(0, Math.min(75, pictures.length)));
  });
});
