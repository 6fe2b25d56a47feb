// DASH sessions over HTTP: what the manifest lists, what is refused, and what ffmpeg makes of it.
import {
  GetDASHStreamingSessionURLCommand,
  type GetDASHStreamingSessionURLInput,
  KinesisVideoArchivedMediaClient,
} from '@aws-sdk/client-kinesis-video-archived-media';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { aac, alaw, h264, h264WithBFrames, makeMatroska } from '../matroska/ffmpeg-oracle.ts';
import { SimulatedClock } from '../simulated-clock.ts';
import {
  accessKeyId,
  countFrames,
  dataUrl,
  decodedPictures,
  type Footage,
  footageOf,
  ingest,
  record,
  run,
  type Stage,
  secretAccessKey,
  sessionUrl,
  startStage,
} from './hls-stage.ts';

const silent = footageOf(makeMatroska({ seconds: 6, video: h264 }));

const clock = new SimulatedClock();
/** Stands still, where clients take the time to be: what was live when it came is so, however long a client takes. */
const still = new SimulatedClock(Date.now());
let stage: Stage;
let simulated: Stage;
beforeAll(async () => {
  [stage, simulated] = await Promise.all([startStage(still), startStage(clock)]);
});
afterAll(() => Promise.all([stage[Symbol.asyncDispose](), simulated[Symbol.asyncDispose]()]));

/** The manifest's address, by the AWS SDK for JavaScript at the time of the stage's clock. */
async function manifestUrl(on: Stage, input: GetDASHStreamingSessionURLInput): Promise<string> {
  const client = new KinesisVideoArchivedMediaClient({
    ...{ region: 'us-west-2', endpoint: on.url, credentials: { accessKeyId, secretAccessKey }, maxAttempts: 1 },
    systemClockOffset: on.clock.nowMs() - Date.now(),
  });
  try {
    const { DASHStreamingSessionURL = '' } = await client.send(new GetDASHStreamingSessionURLCommand(input));
    return DASHStreamingSessionURL;
  } finally {
    client.destroy();
  }
}

/** A new stream with the footage, and the request that plays all of it. */
async function recorded(name: string, footage: Footage, agoMs?: number) {
  const { startMs, selector } = await record(stage, name, footage, agoMs);
  const { StartTimestamp, EndTimestamp } = selector.TimestampRange;
  const TimestampRange = {
    StartTimestamp: new Date(StartTimestamp * 1000),
    EndTimestamp: new Date(EndTimestamp * 1000),
  };
  const onDemand = {
    ...{ StreamName: name, PlaybackMode: 'ON_DEMAND' },
    DASHFragmentSelector: { FragmentSelectorType: 'PRODUCER_TIMESTAMP', TimestampRange },
  } satisfies GetDASHStreamingSessionURLInput;
  return { startMs, onDemand };
}

/** What the manifest says of one track: times and lengths of its segments, and where they are. */
function read(mpd: string, url: string, trackNumber = 1) {
  const [set = ''] = mpd.match(new RegExp(`<AdaptationSet id="${trackNumber}"[^]*?</AdaptationSet>`)) ?? [];
  const attribute = (name: string) => set.match(new RegExp(` ${name}="([^"]*)"`))?.[1]?.replaceAll('&amp;', '&') ?? '';
  const startNumber = Number(attribute('startNumber'));
  const segments = [...set.matchAll(/<S t="(\d+)" d="(\d+)"([^>]*)\/>/g)].map(([, t, d, more = ''], index) => ({
    t: Number(t),
    d: Number(d),
    number: startNumber + index,
    more: more.trim(),
    url: new URL(attribute('media').replace('$Number$', String(startNumber + index)), url),
  }));
  return { segments, init: new URL(attribute('initialization'), url) };
}

async function text(url: string | URL): Promise<string> {
  return (await fetch(url)).text();
}

/** Times of the packets in seconds, as ffprobe shows them. Throws when it warns of anything. */
async function packetTimes(url: string, stream: string): Promise<number[]> {
  const { stdout, stderr } = await run('ffprobe', [
    ...['-v', 'warning', '-select_streams', stream, '-show_entries', 'packet=pts_time', '-of', 'csv=p=0', url],
  ]);
  if (stderr !== '') throw new Error(`ffprobe: ${stderr}`);
  return stdout
    .trim()
    .split('\n')
    .map(Number.parseFloat)
    .sort((a, b) => a - b);
}

describe('ON_DEMAND', () => {
  test('pictures that are decoded before their turn keep their times', async () => {
    const media = makeMatroska({ seconds: 2, video: h264WithBFrames });
    const { onDemand } = await recorded('b-frames', footageOf(media));
    const url = await manifestUrl(stage, onDemand);
    expect(await countFrames(url)).toEqual({ h264: 50 });
    expect(await decodedPictures(url)).toEqual(await decodedPictures(dataUrl(media)));
    const times = await packetTimes(url, 'v');
    expect(times.map(time => Math.round((time - (times[0] ?? 0)) * 1000))).toEqual(times.map((_, n) => n * 40));
  });

  test('the manifest says when each fragment was filmed and how KVS numbers it, when asked to', async () => {
    const { onDemand, startMs } = await recorded('listed', silent);
    const url = await manifestUrl(stage, {
      ...{ ...onDemand, DisplayFragmentNumber: 'ALWAYS', DisplayFragmentTimestamp: 'ALWAYS' },
    });
    const response = await fetch(url);
    expect(response.headers.get('content-type')).toBe('application/dash+xml');
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    const mpd = await response.text();
    expect(mpd).toMatch(
      /<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" .*type="static" mediaPresentationDuration="PT6\.000S"/,
    );
    expect(mpd).toMatch(
      /<Representation id="1" codecs="avc1\.42c0\w\w" width="160" height="120" frameRate="25000\/1000"/,
    );
    const fragments = stage.store.newest('listed', 10);
    expect(read(mpd, url).segments.map(({ t, d, number, more }) => ({ t, d, number, more }))).toEqual(
      fragments.map(({ number }, index) => ({
        ...{ t: 10_000 + index * 1000, d: 1000, number: index },
        more: `kvs:ts="${((startMs + index * 1000) / 1000).toFixed(3)}" kvs:fn="${number}"`,
      })),
    );
    expect(await text(await manifestUrl(stage, onDemand))).not.toContain('kvs:ts');
  });

  test.each([
    { sound: 'AAC', encoder: aac, said: /frameRate="25\d{3}\/1000"/ },
    // In packets of any length: how many of the frames are pictures is not known.
    { sound: 'A-law', encoder: alaw, said: /^(?!.*frameRate)/ },
  ])(
    'how many pictures a second there are is said where it is known, with $sound',
    async ({ sound, encoder, said }) => {
      const { onDemand } = await recorded(
        `rate-${sound}`,
        footageOf(makeMatroska({ seconds: 3, video: h264, audio: encoder })),
      );
      const mpd = await text(await manifestUrl(stage, onDemand));
      expect(mpd.match(/<Representation id="1".*/)?.[0]).toMatch(said);
    },
  );

  test('a 4 s gap is closed on the timeline, and played without one', async () => {
    const { onDemand, startMs } = await recorded('gap', { ...silent, fragments: silent.fragments.slice(0, 2) });
    const [frames = []] = silent.fragments;
    await ingest(stage, 'gap', { tracks: silent.tracks, frames, byMs: startMs + 6000 });
    const url = await manifestUrl(stage, { ...onDemand, DisplayFragmentTimestamp: 'ALWAYS' });
    const { segments } = read(await text(url), url);
    expect(segments.map(({ t, d }) => t + d)).toEqual([11_000, 12_000, 13_000]);
    expect(segments[2]?.more).toContain(((startMs + 6000) / 1000).toFixed(3));
    const times = await packetTimes(url, 'v');
    expect(times).toHaveLength(75);
    expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeCloseTo(2.96, 3);
  });

  test('a fragment that needs another decoder is listed, and refused when it is fetched', async () => {
    const smaller = footageOf(makeMatroska({ seconds: 1, video: ['-vf', 'scale=80:60', ...h264] }));
    const { onDemand, startMs } = await recorded('resized', silent);
    const [frames = []] = smaller.fragments;
    await ingest(stage, 'resized', { tracks: smaller.tracks, frames, byMs: startMs + 6000 });
    const url = await manifestUrl(stage, onDemand);
    const { segments } = read(await text(url), url);
    expect(segments).toHaveLength(7);
    const statuses = await Promise.all(segments.map(async segment => (await fetch(segment.url)).status));
    expect(statuses).toEqual([200, 200, 200, 200, 200, 200, 400]);
    expect(await (await fetch(segments.at(-1)?.url ?? '')).json()).toMatchObject({
      __type: 'InvalidCodecPrivateDataException',
      Message: 'The requested fragment does not have the same codec private data as the rest of the session.',
    });
  });

  test('no more fragments are listed than asked for, the oldest first', async () => {
    const { onDemand } = await recorded('few', silent);
    expect(await countFrames(await manifestUrl(stage, { ...onDemand, MaxManifestFragmentResults: 2 }))).toEqual({
      h264: 50,
    });
  });
});

describe('with time passing', () => {
  const add = (name: string, index: number, byMs: number) =>
    ingest(simulated, name, { tracks: silent.tracks, frames: silent.fragments[index] ?? [], byMs });

  test('LIVE: every fragment keeps its place and time while the list slides, and stays fetchable for a while', async () => {
    await simulated.addStream('sliding');
    const startMs = clock.nowMs();
    for (const index of [0, 1]) {
      await add('sliding', index, startMs);
      await clock.advance(1000);
    }
    const url = await manifestUrl(simulated, { StreamName: 'sliding', MaxManifestFragmentResults: 3 });
    const places = new Map<number, number>();
    let first: URL | undefined;
    for (const index of [2, 3, 4, 5]) {
      await add('sliding', index, startMs);
      await clock.advance(1000);
      const mpd = await text(url);
      expect(mpd).toContain('type="dynamic"');
      expect(mpd).toContain('minimumUpdatePeriod="PT1S"');
      const availableMs = Date.parse(mpd.match(/availabilityStartTime="([^"]+)"/)?.[1] ?? '');
      const { segments } = read(mpd, url);
      first ??= segments[0]?.url;
      expect(segments).toHaveLength(3);
      for (const { number, t, d } of segments) {
        expect(places.get(number) ?? t).toBe(t);
        places.set(number, t);
        // A player that goes by the clock finds that everything listed is there already.
        expect(availableMs + t + d).toBeLessThanOrEqual(clock.nowMs());
      }
    }
    expect([...places]).toEqual([0, 1, 2, 3, 4, 5].map(number => [number, 10_000 + number * 1000]));
    expect((await fetch(first ?? '')).status).toBe(200);
  });

  test('LIVE: what was said of the newest fragment stays when the next one comes late, and so do its media', async () => {
    await simulated.addStream('late');
    const startMs = clock.nowMs();
    await add('late', 0, startMs);
    const url = await manifestUrl(simulated, { StreamName: 'late' });
    const said = read(await text(url), url).segments;
    const media = await text(said[0]?.url ?? '');
    await clock.advance(1000);
    await add('late', 1, startMs + 300);
    await clock.advance(1000);
    await add('late', 2, startMs + 300);
    const { segments } = read(await text(url), url);
    expect(segments[0]).toEqual(said[0]);
    expect(await text(said[0]?.url ?? '')).toBe(media);
    // Its last picture is on show for as long as the fragment was late.
    expect(segments.map(({ t, d }) => ({ t, d }))).toEqual([
      { t: 10_000, d: 1000 },
      { t: 11_000, d: 1300 },
      { t: 12_300, d: 1000 },
    ]);
  });

  test('LIVE ends with a 404 once the stream is silent for 30 s, and a session when it was said to', async () => {
    await simulated.addStream('stalls');
    await add('stalls', 0, clock.nowMs());
    const url = await manifestUrl(simulated, { StreamName: 'stalls', Expires: 300 });
    const { segments, init } = read(await text(url), url);
    await clock.advance(32_000);
    expect((await fetch(url)).status).toBe(404);
    await expect(manifestUrl(simulated, { StreamName: 'stalls' })).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: 'No fragments found in the stream for the streaming request.',
    });
    await clock.advance(268_000);
    for (const expired of [url, init, segments[0]?.url ?? '']) {
      const answer = await fetch(expired);
      expect(answer.status).toBe(403);
      expect(await answer.json()).toMatchObject({ Message: 'Streaming session token is expired' });
    }
  });

  test('LIVE_REPLAY lists one fragment more each time the length of one has passed, and then is complete', async () => {
    await simulated.addStream('replay');
    const startMs = clock.nowMs();
    for (const index of [0, 1, 2, 3, 4, 5]) await add('replay', index, startMs);
    await clock.advance(60_000);
    const TimestampRange = { StartTimestamp: new Date(startMs), EndTimestamp: new Date(startMs + 30_000) };
    const url = await manifestUrl(simulated, {
      ...{ StreamName: 'replay', PlaybackMode: 'LIVE_REPLAY', MaxManifestFragmentResults: 2 },
      DASHFragmentSelector: { FragmentSelectorType: 'PRODUCER_TIMESTAMP', TimestampRange },
    });
    const polls: { first: number | undefined; type: string | undefined }[] = [];
    for (let poll = 0; poll < 6; poll++) {
      const mpd = await text(url);
      polls.push({ first: read(mpd, url).segments[0]?.number, type: mpd.match(/ type="(\w+)"/)?.[1] });
      await clock.advance(1000);
    }
    expect(polls.map(({ first }) => first)).toEqual([0, 1, 2, 3, 4, 4]);
    expect(polls.map(({ type }) => type)).toEqual(['dynamic', 'dynamic', 'dynamic', 'dynamic', 'static', 'static']);
  });
});

test('LIVE: the AWS CLI gets a session, with everything shown that it can ask for', async () => {
  await recorded('cli', silent, 5000);
  const { stdout, stderr } = await run(
    '/usr/bin/aws',
    [
      ...['--endpoint-url', stage.url, '--region', 'us-west-2', '--output', 'text', 'kinesis-video-archived-media'],
      ...['get-dash-streaming-session-url', '--stream-name', 'cli', '--playback-mode', 'LIVE', '--expires', '600'],
      ...['--display-fragment-number', 'ALWAYS', '--display-fragment-timestamp', 'ALWAYS'],
      ...[
        '--max-manifest-fragment-results',
        '3',
        '--dash-fragment-selector',
        'FragmentSelectorType=PRODUCER_TIMESTAMP',
      ],
    ],
    { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey },
  );
  expect(stderr).toBe('');
  const { segments } = read(await text(stdout.trim()), stdout.trim());
  expect(segments.map(({ more }) => /kvs:ts="\d+\.\d{3}" kvs:fn="\d{47}"/.test(more))).toEqual([true, true, true]);
});

describe('refused as KVS refuses it', () => {
  beforeAll(async () => {
    await recorded('rules', silent, 5000);
    await stage.addStream('empty');
    await recorded('opus', footageOf(makeMatroska({ seconds: 1, video: h264, audio: ['-c:a', 'libopus'] })), 2000);
  });
  const ago = (seconds: number) => new Date(still.nowMs() - seconds * 1000);

  test.each<{ name: string; input: GetDASHStreamingSessionURLInput; type: string }>([
    { name: 'no stream named', input: { StreamName: undefined }, type: 'InvalidArgumentException' },
    { name: 'an unknown stream', input: { StreamName: 'nobody' }, type: 'ResourceNotFoundException' },
    { name: 'nothing recorded', input: { StreamName: 'empty' }, type: 'ResourceNotFoundException' },
    { name: 'Opus sound', input: { StreamName: 'opus' }, type: 'UnsupportedStreamMediaTypeException' },
    { name: 'ON_DEMAND without a range', input: { PlaybackMode: 'ON_DEMAND' }, type: 'InvalidArgumentException' },
    {
      name: 'LIVE with a range',
      input: { DASHFragmentSelector: { TimestampRange: { StartTimestamp: ago(9), EndTimestamp: ago(1) } } },
      type: 'InvalidArgumentException',
    },
    {
      name: 'a range with nothing in it',
      input: {
        PlaybackMode: 'ON_DEMAND',
        DASHFragmentSelector: { TimestampRange: { StartTimestamp: ago(5000), EndTimestamp: ago(4000) } },
      },
      type: 'ResourceNotFoundException',
    },
    { name: 'too short a life', input: { Expires: 299 }, type: 'InvalidArgumentException' },
    { name: 'too long a list', input: { MaxManifestFragmentResults: 5001 }, type: 'InvalidArgumentException' },
  ])('$name', async ({ input, type }) => {
    await expect(manifestUrl(stage, { StreamName: 'rules', ...input })).rejects.toMatchObject({ name: type });
  });

  test.each([
    { name: 'a track that is not there', file: 'getMP4MediaFragment.mp4?TrackNumber=7&FragmentNumber=0', status: 400 },
    { name: 'a place that is not there', file: 'getMP4MediaFragment.mp4?TrackNumber=1&FragmentNumber=99', status: 404 },
    { name: 'a place before the first', file: 'getMP4MediaFragment.mp4?TrackNumber=1&FragmentNumber=-1', status: 404 },
    { name: 'no track named', file: 'getMP4InitFragment.mp4?', status: 400 },
  ])('$name', async ({ file, status }) => {
    const token = new URL(await manifestUrl(stage, { StreamName: 'rules' })).searchParams.get('SessionToken');
    const answer = await fetch(`${stage.url}/dash/v1/${file}&SessionToken=${token}`);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
  });

  test('the token of an HLS session', async () => {
    const hls = await sessionUrl(stage, { StreamName: 'rules' });
    const answer = await fetch(hls.replace('/hls/v1/getHLSMasterPlaylist.m3u8', '/dash/v1/getDASHManifest.mpd'));
    expect(answer.status).toBe(403);
  });
});
