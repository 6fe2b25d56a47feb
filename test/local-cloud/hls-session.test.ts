// HLS sessions over HTTP: what is refused, what is listed, and what players that nobody here wrote make of it.
import {
  GetHLSStreamingSessionURLCommand,
  KinesisVideoArchivedMediaClient,
} from '@aws-sdk/client-kinesis-video-archived-media';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Track } from '../../agent/matroska/track.ts';
import { alaw, h264, makeMatroska } from '../matroska/ffmpeg-oracle.ts';
import { SimulatedClock } from '../simulated-clock.ts';
import {
  accessKeyId,
  call,
  countFrames,
  type Footage,
  footageOf,
  ingest,
  mediaPlaylistUrl,
  record,
  run,
  type Stage,
  saveStream,
  secretAccessKey,
  sessionUrl,
  startStage,
} from './hls-stage.ts';

const silent = footageOf(makeMatroska({ seconds: 6, video: h264 }));

/** Stands still, where clients take the time to be: what was live when it came is so, however long a client takes. */
const still = new SimulatedClock(Date.now());
let stage: Stage;
beforeAll(async () => {
  stage = await startStage(still);
});
afterAll(() => stage[Symbol.asyncDispose]());

/** As `record` does, on the stage of this file, with the request that plays it. */
async function recorded(name: string, footage: Footage, agoMs = 60_000) {
  const { startMs, selector } = await record(stage, name, footage, agoMs);
  return { startMs, onDemand: { StreamName: name, PlaybackMode: 'ON_DEMAND', HLSFragmentSelector: selector } };
}

describe('ON_DEMAND', () => {
  test('is listed as KVS lists it, by producer time and without discontinuities', async () => {
    const { onDemand, startMs } = await recorded('listed', silent);
    const masterUrl = await sessionUrl(stage, { ...onDemand, DisplayFragmentTimestamp: 'ALWAYS' });
    const master = await (await fetch(masterUrl)).text();
    expect(master.replace(/SessionToken=[\w-]{100,}~/, 'SessionToken=T')).toMatch(
      /^#EXTM3U\n#EXT-X-VERSION:1\n#EXT-X-STREAM-INF:CODECS="avc1\.42c0[0-9a-f]{2}",RESOLUTION=160x120,FRAME-RATE=25\.00,BANDWIDTH=\d+\ngetHLSMediaPlaylist\.m3u8\?SessionToken=T&TrackNumber=1\n$/,
    );
    const response = await fetch(await mediaPlaylistUrl(masterUrl));
    expect(response.headers.get('content-type')).toBe('application/vnd.apple.mpegurl');
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    const lines = (await response.text()).replace(/SessionToken=[^&\s"]+/g, 'T').split('\n');
    const time = (seconds: number) => new Date(startMs + seconds * 1000).toISOString();
    expect(lines.slice(0, 10).map(line => line.replace(/FragmentNumber=\d{47}/, 'N'))).toEqual([
      '#EXTM3U',
      '#EXT-X-VERSION:7',
      '#EXT-X-PLAYLIST-TYPE:VOD',
      '#EXT-X-TARGETDURATION:1',
      '#EXT-X-MEDIA-SEQUENCE:0',
      '#EXT-X-DISCONTINUITY-SEQUENCE:0',
      '#EXT-X-INDEPENDENT-SEGMENTS',
      '#EXT-X-MAP:URI="getMP4InitFragment.mp4?T&TrackNumber=1&SequenceNumber=0"',
      `#EXT-X-PROGRAM-DATE-TIME:${time(0)}`,
      '#EXTINF:1,',
    ]);
    expect(lines.filter(line => line.startsWith('#EXT-X-PROGRAM'))).toEqual(
      [0, 1, 2, 3, 4, 5].map(seconds => `#EXT-X-PROGRAM-DATE-TIME:${time(seconds)}`),
    );
    expect(lines.at(-2)).toBe('#EXT-X-ENDLIST');
  });

  test('a change of picture size gets its own init segment, with which its fragments decode', async () => {
    const smaller = makeMatroska({ seconds: 2, video: ['-vf', 'scale=80:60', ...h264] });
    const { onDemand, startMs } = await recorded('resized', silent);
    for (const frames of footageOf(smaller).fragments)
      await ingest(stage, 'resized', { tracks: footageOf(smaller).tracks, frames, byMs: startMs + 6000 });
    const masterUrl = await sessionUrl(stage, onDemand);
    const playlist = await (await fetch(await mediaPlaylistUrl(masterUrl))).text();
    expect(playlist.match(/SequenceNumber=\d/g)).toEqual(['SequenceNumber=0', 'SequenceNumber=1']);
    expect(playlist).toMatch(/#EXT-X-DISCONTINUITY\n#EXT-X-MAP:.*SequenceNumber=1/);
    // ffmpeg's own HLS reader does not take up a second init segment, so it gets the new one by itself.
    const [, second = ''] = playlist.split('#EXT-X-DISCONTINUITY\n');
    const uris = [...second.matchAll(/getMP4\w+\.mp4[^"\s]+/g)].map(([uri]) => new URL(uri, masterUrl));
    const bodies = await Promise.all(uris.map(async uri => Buffer.from(await (await fetch(uri)).arrayBuffer())));
    expect(await countFrames(`data:video/mp4;base64,${Buffer.concat(bodies).toString('base64')}`)).toEqual({
      h264: 50,
    });
  });

  test('a recording made long before the wall clock of a fresh device is played at its producer times', async () => {
    await recorded('recent', silent);
    const url = await sessionUrl(stage, {
      ...{ StreamName: 'recent', PlaybackMode: 'ON_DEMAND', DisplayFragmentTimestamp: 'ALWAYS' },
      HLSFragmentSelector: {
        FragmentSelectorType: 'SERVER_TIMESTAMP',
        TimestampRange: { StartTimestamp: 0.001 + still.nowMs() / 1000 - 80_000, EndTimestamp: still.nowMs() / 1000 },
      },
    });
    const playlist = await (await fetch(await mediaPlaylistUrl(url))).text();
    expect(playlist.match(/#EXT-X-DISCONTINUITY\n/g)).toHaveLength(6);
    const [time = ''] = playlist.match(/(?<=PROGRAM-DATE-TIME:).*/) ?? [];
    expect(Date.parse(time)).toBe(still.nowMs());
  });
});

describe('LIVE', () => {
  test('the same fragments keep their places while the window slides', async () => {
    const { fragments, tracks } = silent;
    await saveStream(stage.store, stage.clock, 'sliding');
    const startMs = stage.clock.nowMs() - 10_000;
    const add = (index: number) => ingest(stage, 'sliding', { tracks, frames: fragments[index] ?? [], byMs: startMs });
    await add(0);
    await add(1);
    const url = await mediaPlaylistUrl(
      await sessionUrl(stage, { StreamName: 'sliding', MaxMediaPlaylistFragmentResults: 3 }),
    );
    const seen = new Map<string, number>();
    for (const index of [2, 3, 4, 5]) {
      await add(index);
      const playlist = await (await fetch(url)).text();
      const first = Number(playlist.match(/MEDIA-SEQUENCE:(\d+)/)?.[1]);
      const removed = Number(playlist.match(/DISCONTINUITY-SEQUENCE:(\d+)/)?.[1]);
      expect(removed).toBe(first);
      const numbers = [...playlist.matchAll(/FragmentNumber=(\d+)/g)].map(match => match[1] ?? '');
      expect(numbers).toHaveLength(3);
      numbers.forEach((number, place) => {
        expect(seen.get(number) ?? first + place).toBe(first + place);
        seen.set(number, first + place);
      });
    }
    expect([...seen.values()]).toEqual([0, 1, 2, 3, 4, 5]);
  });
});

describe('with time passing', () => {
  const clock = new SimulatedClock();
  let simulated: Stage;
  beforeAll(async () => {
    simulated = await startStage(clock);
  });
  afterAll(() => simulated[Symbol.asyncDispose]());

  test('a live session ends with a 404 once the stream is silent for 30 s, and goes on when it comes back', async () => {
    const { tracks, fragments } = silent;
    await saveStream(simulated.store, clock, 'stalls');
    const add = (index: number) =>
      ingest(simulated, 'stalls', { tracks, frames: fragments[index] ?? [], byMs: clock.nowMs() });
    await add(0);
    const url = await mediaPlaylistUrl(await sessionUrl(simulated, { StreamName: 'stalls' }));
    await clock.advance(30_000);
    expect((await fetch(url)).status).toBe(200);
    await clock.advance(2_000);
    const refused = await fetch(url);
    expect(refused.status).toBe(404);
    expect(refused.headers.get('access-control-allow-origin')).toBe('*');
    expect(await refused.json()).toMatchObject({
      __type: 'ResourceNotFoundException',
      Message: 'No fragments found in the stream for the streaming request.',
    });
    expect(await call(simulated, '/getHLSStreamingSessionURL', { StreamName: 'stalls' })).toMatchObject({
      status: 404,
    });
    await add(1);
    expect((await fetch(url)).status).toBe(200);
  });

  test('a session expires when it was said to, for playlists and for media', async () => {
    await saveStream(simulated.store, clock, 'expires');
    const { tracks, fragments } = silent;
    await ingest(simulated, 'expires', { tracks, frames: fragments[0] ?? [], byMs: clock.nowMs() });
    const master = await sessionUrl(simulated, { StreamName: 'expires', Expires: 300 });
    const playlist = await mediaPlaylistUrl(master);
    const media = new URL((await (await fetch(playlist)).text()).match(/getMP4MediaFragment\S+/)?.[0] ?? '', master);
    expect((await fetch(media)).status).toBe(200);
    await clock.advance(300_000);
    for (const url of [master, playlist, media]) {
      const answer = await fetch(url);
      expect(answer.status).toBe(403);
      expect(await answer.json()).toMatchObject({ Message: 'Streaming session token is expired' });
    }
    const guessed = await fetch(master.replace(/.~$/, 'A~'));
    expect(await guessed.json()).toMatchObject({ Message: expect.stringMatching(/expired|invalid/) });
    expect(guessed.status).toBe(403);
  });

  test('LIVE_REPLAY lists one fragment more each time the length of one has passed, and then ends', async () => {
    await saveStream(simulated.store, clock, 'replay');
    const startMs = clock.nowMs();
    const { tracks, fragments } = silent;
    for (const frames of fragments) await ingest(simulated, 'replay', { tracks, frames, byMs: startMs });
    await clock.advance(60_000);
    const url = await mediaPlaylistUrl(
      await sessionUrl(simulated, {
        ...{ StreamName: 'replay', PlaybackMode: 'LIVE_REPLAY', MaxMediaPlaylistFragmentResults: 2 },
        HLSFragmentSelector: {
          FragmentSelectorType: 'PRODUCER_TIMESTAMP',
          TimestampRange: { StartTimestamp: startMs / 1000, EndTimestamp: startMs / 1000 + 30 },
        },
      }),
    );
    const polls: { first: number; listed: number; ended: boolean }[] = [];
    for (let poll = 0; poll < 7; poll++) {
      const playlist = await (await fetch(url)).text();
      const first = Number(playlist.match(/MEDIA-SEQUENCE:(\d+)/)?.[1]);
      polls.push({ first, listed: playlist.match(/EXTINF/g)?.length ?? 0, ended: playlist.includes('ENDLIST') });
      await clock.advance(1_000);
    }
    expect(polls.map(poll => poll.first)).toEqual([0, 1, 2, 3, 4, 4, 4]);
    expect(polls.map(poll => poll.ended)).toEqual([false, false, false, false, true, true, true]);
    expect(polls.every(poll => poll.listed === 2)).toBe(true);
  });

  /** A stream with the first fragments of the footage, and the address of a replay of it by producer time. */
  async function replayed(name: string, { count, seconds }: { count: number; seconds?: number }) {
    await saveStream(simulated.store, clock, name);
    const startMs = clock.nowMs();
    const { tracks, fragments } = silent;
    const add = (index: number, atMs = startMs) =>
      ingest(simulated, name, {
        tracks,
        frames: fragments[index % 6] ?? [],
        byMs: atMs + 6000 * Math.floor(index / 6),
      });
    for (let index = 0; index < count; index++) await add(index);
    await clock.advance(60_000);
    const EndTimestamp = seconds === undefined ? undefined : startMs / 1000 + seconds;
    const url = await mediaPlaylistUrl(
      await sessionUrl(simulated, {
        ...{ StreamName: name, PlaybackMode: 'LIVE_REPLAY', MaxMediaPlaylistFragmentResults: 2 },
        HLSFragmentSelector: {
          FragmentSelectorType: 'PRODUCER_TIMESTAMP',
          TimestampRange: { StartTimestamp: startMs / 1000, EndTimestamp },
        },
      }),
    );
    return { url, add, list: async () => (await fetch(url)).text() };
  }

  test('LIVE_REPLAY: a list that has ended stays as it is when a fragment of its range comes late', async () => {
    const { add, list } = await replayed('late-comer', { count: 2, seconds: 30 });
    const ended = await list();
    expect(ended).toContain('#EXT-X-ENDLIST');
    await add(2);
    await clock.advance(10_000);
    expect(await list()).toBe(ended);
  });

  test('LIVE_REPLAY without an end: what an outage held back and sends at once is played at its own pace', async () => {
    const { add, list } = await replayed('outage', { count: 3 });
    const first = async () => Number((await list()).match(/MEDIA-SEQUENCE:(\d+)/)?.[1]);
    await clock.advance(5000);
    expect(await first()).toBe(1);
    await clock.advance(200_000);
    expect(await first()).toBe(1);
    for (let index = 3; index < 12; index++) await add(index);
    const polls: number[] = [];
    for (let poll = 0; poll < 10; poll++) {
      polls.push(await first());
      await clock.advance(1000);
    }
    expect(polls).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 10]);
  });

  test('a session whose tracks change is refused from there on, and not every other time', async () => {
    const { tracks, fragments } = footageOf(makeMatroska({ seconds: 1, video: h264, audio: ['-c:a', 'aac'] }));
    await saveStream(simulated.store, clock, 'unmuted');
    await ingest(simulated, 'unmuted', { ...silent, frames: silent.fragments[0] ?? [], byMs: clock.nowMs() });
    const url = await mediaPlaylistUrl(await sessionUrl(simulated, { StreamName: 'unmuted' }));
    await ingest(simulated, 'unmuted', { tracks, frames: fragments[0] ?? [], byMs: clock.nowMs() + 1000 });
    const types: string[] = [];
    for (let poll = 0; poll < 3; poll++) {
      const answer: { __type?: string } = JSON.parse(await (await fetch(url)).text());
      types.push(answer.__type ?? '');
    }
    expect(types).toEqual(new Array(3).fill('UnsupportedStreamMediaTypeException'));
  });
});

describe('refused as KVS refuses it', () => {
  const range = (start: number, end?: number) => ({
    FragmentSelectorType: 'SERVER_TIMESTAMP',
    TimestampRange: { StartTimestamp: start, ...(end === undefined ? {} : { EndTimestamp: end }) },
  });
  const now = still.nowMs() / 1000;
  beforeAll(async () => {
    await recorded('rules', silent, 5000);
    await saveStream(stage.store, stage.clock, 'empty');
    await saveStream(stage.store, stage.clock, 'keeps-nothing', 0);
    const [video] = silent.tracks;
    const frames = silent.fragments[0] ?? [];
    const bare: Track[] = video ? [{ ...video, codecPrivate: new Uint8Array() }] : [];
    await saveStream(stage.store, stage.clock, 'no-cpd');
    await ingest(stage, 'no-cpd', { tracks: bare, frames, byMs: still.nowMs() });
    await recorded('g711', footageOf(makeMatroska({ seconds: 1, video: h264, audio: alaw })), 2000);
  });

  test.each([
    { name: 'no stream named', input: {}, type: 'InvalidArgumentException' },
    { name: 'an unknown stream', input: { StreamName: 'nobody' }, type: 'ResourceNotFoundException' },
    { name: 'nothing recorded', input: { StreamName: 'empty' }, type: 'ResourceNotFoundException' },
    { name: 'a stream without retention', input: { StreamName: 'keeps-nothing' }, type: 'NoDataRetentionException' },
    { name: 'no codec private data', input: { StreamName: 'no-cpd' }, type: 'MissingCodecPrivateDataException' },
    { name: 'G.711 sound', input: { StreamName: 'g711' }, type: 'UnsupportedStreamMediaTypeException' },
    { name: 'an unknown mode', input: { PlaybackMode: 'REWIND' }, type: 'InvalidArgumentException' },
    { name: 'LIVE with a range', input: { HLSFragmentSelector: range(now - 9) }, type: 'InvalidArgumentException' },
    { name: 'ON_DEMAND without a range', input: { PlaybackMode: 'ON_DEMAND' }, type: 'InvalidArgumentException' },
    {
      name: 'ON_DEMAND without an end',
      input: { PlaybackMode: 'ON_DEMAND', HLSFragmentSelector: range(now - 9) },
      type: 'InvalidArgumentException',
    },
    { name: 'LIVE_REPLAY without a start', input: { PlaybackMode: 'LIVE_REPLAY' }, type: 'InvalidArgumentException' },
    {
      name: 'an end before the start',
      input: { PlaybackMode: 'ON_DEMAND', HLSFragmentSelector: range(now - 9, now - 10) },
      type: 'InvalidArgumentException',
    },
    {
      name: 'more than a day',
      input: { PlaybackMode: 'ON_DEMAND', HLSFragmentSelector: range(now - 90_000, now - 10) },
      type: 'InvalidArgumentException',
    },
    {
      name: 'server time that is still to come',
      input: { PlaybackMode: 'ON_DEMAND', HLSFragmentSelector: range(now - 9, now + 900) },
      type: 'InvalidArgumentException',
    },
    {
      name: 'a range with nothing in it',
      input: { PlaybackMode: 'ON_DEMAND', HLSFragmentSelector: range(now - 5000, now - 4000) },
      type: 'ResourceNotFoundException',
    },
    { name: 'too short a life', input: { Expires: 299 }, type: 'InvalidArgumentException' },
    { name: 'too long a life', input: { Expires: 43_201 }, type: 'InvalidArgumentException' },
    { name: 'too long a list', input: { MaxMediaPlaylistFragmentResults: 5001 }, type: 'InvalidArgumentException' },
  ])('$name', async ({ name, input, type }) => {
    const named = name === 'no stream named' ? {} : { StreamName: 'rules' };
    const answer = await call(stage, '/getHLSStreamingSessionURL', { ...named, ...input });
    expect(answer.type).toBe(type);
    expect(answer.body.Message?.length).toBeGreaterThan(10);
  });

  test.each([
    { name: 'no token', path: 'getHLSMasterPlaylist.m3u8', status: 403 },
    { name: 'a made-up token', path: 'getMP4MediaFragment.mp4?FragmentNumber=1&SessionToken=AAAA~', status: 403 },
    { name: 'a track that is not there', path: 'getHLSMediaPlaylist.m3u8?TrackNumber=7&SessionToken=', status: 400 },
    {
      name: 'an init that is not there',
      path: 'getMP4InitFragment.mp4?TrackNumber=1&SequenceNumber=9&SessionToken=',
      status: 400,
    },
    {
      name: 'a fragment that is not there',
      path: 'getMP4MediaFragment.mp4?TrackNumber=1&FragmentNumber=../x&SessionToken=',
      status: 404,
    },
  ])('$name', async ({ path, status }) => {
    const url = await sessionUrl(stage, { StreamName: 'rules' });
    const token = path.endsWith('SessionToken=') ? new URL(url).searchParams.get('SessionToken') : '';
    const answer = await fetch(`${stage.url}/hls/v1/${path}${token}`);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
  });
});

test('a page of another origin may ask first', async () => {
  const answer = await fetch(`${stage.url}/hls/v1/getHLSMasterPlaylist.m3u8`, { method: 'OPTIONS' });
  expect(answer.status).toBe(204);
  expect(answer.headers.get('access-control-allow-origin')).toBe('*');
});

describe('clients nobody here wrote', () => {
  beforeAll(() => recorded('clients', silent, 5000));

  test('AWS SDK for JavaScript gets a session that plays', async () => {
    const client = new KinesisVideoArchivedMediaClient({
      ...{ region: 'us-west-2', endpoint: stage.url, credentials: { accessKeyId, secretAccessKey } },
    });
    const { HLSStreamingSessionURL } = await client.send(
      new GetHLSStreamingSessionURLCommand({ StreamName: 'clients' }),
    );
    expect((await fetch(HLSStreamingSessionURL ?? '')).status).toBe(200);
    await expect(client.send(new GetHLSStreamingSessionURLCommand({ StreamName: 'nobody' }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
    client.destroy();
  });

  test('the AWS CLI gets a session that plays', async () => {
    const { stdout } = await run(
      '/usr/bin/aws',
      [
        ...['--endpoint-url', stage.url, '--region', 'us-west-2', '--output', 'text'],
        ...['kinesis-video-archived-media', 'get-hls-streaming-session-url', '--stream-name', 'clients'],
      ],
      { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey },
    );
    expect((await fetch(stdout.trim())).status).toBe(200);
  });
});
