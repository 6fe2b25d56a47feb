// Opening HLS sessions at the service: what is asked for, and what its refusals mean.
import { describe, expect, test } from 'vitest';
import { KinesisVideo } from '../../agent/aws/kinesis-video.ts';
import { CloudSessions } from '../../agent/playback/cloud-session.ts';
import { hlsOrigins } from '../../agent/playback/hls-origins.ts';
import { SimulatedClock } from '../simulated-clock.ts';
import { type Scripted, serveArchive } from './scripted-archive.ts';

const sessionUrl = 'http://127.0.0.1:4600/hls/v1/getHLSMasterPlaylist.m3u8?SessionToken=abc~';
const granted: Scripted = { body: { HLSStreamingSessionURL: sessionUrl } };
const { signal } = new AbortController();

async function openSession(answers: Scripted[], request: Parameters<CloudSessions['open']>[1]) {
  const archive = await serveArchive(answers);
  const clock = new SimulatedClock();
  const service = new KinesisVideo(archive.aws, clock);
  const sessions = new CloudSessions({ aws: archive.aws, service, clock });
  return {
    archive,
    clock,
    answer: sessions.open('yard', request, signal),
    async [Symbol.asyncDispose]() {
      service[Symbol.dispose]();
      await archive[Symbol.asyncDispose]();
    },
  };
}

test('a live session shows producer time on every fragment and lasts twelve hours', async () => {
  await using opened = await openSession([granted], { mode: 'LIVE' });
  expect(await opened.answer).toEqual({ url: sessionUrl, expiresAtMs: opened.clock.nowMs() + 43_200_000 });
  expect(opened.archive.asked.map(({ path, body }) => ({ path, body }))).toEqual([
    { path: '/getDataEndpoint', body: { StreamName: 'yard', APIName: 'GET_HLS_STREAMING_SESSION_URL' } },
    {
      path: '/getHLSStreamingSessionURL',
      body: {
        StreamName: 'yard',
        PlaybackMode: 'LIVE',
        HLSFragmentSelector: { FragmentSelectorType: 'PRODUCER_TIMESTAMP' },
        ContainerFormat: 'FRAGMENTED_MP4',
        DiscontinuityMode: 'ON_DISCONTINUITY',
        DisplayFragmentTimestamp: 'ALWAYS',
        Expires: 43_200,
      },
    },
  ]);
  expect(opened.archive.asked[1]?.authorization).toMatch(/\/us-west-2\/kinesisvideo\/aws4_request/);
});

test.each([
  ['a minute', 60_000, 61],
  ['a tenth of a second', 100, 2],
  ['a day', 86_400_000, 5_000],
])(
  'a session for %s asks for that range to the millisecond, and for no more fragments than it can hold',
  async (_range, lengthMs, fragments) => {
    const startMs = Date.UTC(2026, 10, 23, 7, 41, 12, 345);
    await using opened = await openSession([granted], { mode: 'ON_DEMAND', startMs, endMs: startMs + lengthMs });
    await opened.answer;
    expect(opened.archive.asked[1]?.body).toMatchObject({
      PlaybackMode: 'ON_DEMAND',
      HLSFragmentSelector: {
        FragmentSelectorType: 'PRODUCER_TIMESTAMP',
        TimestampRange: { StartTimestamp: startMs / 1000, EndTimestamp: (startMs + lengthMs) / 1000 },
      },
      MaxMediaPlaylistFragmentResults: fragments,
    });
  },
);

describe('a refusal is a sentence with a code', () => {
  test.each([
    [
      404,
      'ResourceNotFoundException',
      'footage-missing',
      /^AWS has received no video of yard in the last 30 seconds\./,
    ],
    [400, 'NoDataRetentionException', 'footage-missing', /^The stream yard keeps no video: set its data retention/],
    [400, 'MissingCodecPrivateDataException', 'service-failed', /set the camera to H\.264/],
    [400, 'UnsupportedStreamMediaTypeException', 'service-failed', /set the camera to H\.264/],
    [401, 'NotAuthorizedException', 'service-denied', /^AWS refused to play the video of the stream yard/],
    [400, 'ClientLimitExceededException', 'service-throttled', /./],
    [500, 'InternalFailure', 'service-unreachable', /./],
  ])('%s %s', async (status, errorType, code, sentence) => {
    await using opened = await openSession([{ status, errorType }], { mode: 'LIVE' });
    await expect(opened.answer).rejects.toMatchObject({ code, message: expect.stringMatching(sentence) });
    await expect(opened.answer).rejects.not.toMatchObject({ message: expect.stringContaining('c4nary') });
  });

  test('without footage in the chosen range', async () => {
    await using opened = await openSession([{ status: 404, errorType: 'ResourceNotFoundException' }], {
      mode: 'ON_DEMAND',
      startMs: 1,
      endMs: 2,
    });
    await expect(opened.answer).rejects.toMatchObject({ message: 'AWS has no video of yard at this time.' });
  });

  test('an answer without a session', async () => {
    await using opened = await openSession([{ body: {} }], { mode: 'LIVE' });
    await expect(opened.answer).rejects.toMatchObject({ code: 'service-failed' });
  });
});

test('a stream that moved to another endpoint is asked for again, once', async () => {
  const moved = { status: 400, errorType: 'InvalidEndpointException' };
  await using recovered = await openSession([moved, granted], { mode: 'LIVE' });
  expect(await recovered.answer).toMatchObject({ url: sessionUrl });
  expect(recovered.archive.asked.filter(({ path }) => path === '/getDataEndpoint')).toHaveLength(2);

  await using lost = await openSession([moved, moved, granted], { mode: 'LIVE' });
  await expect(lost.answer).rejects.toMatchObject({ code: 'service-endpoint-moved' });
});

test.each([
  [{ region: 'us-west-2' }, ['https://*.kinesisvideo.us-west-2.amazonaws.com']],
  [{ region: 'cn-north-1' }, ['https://*.kinesisvideo.cn-north-1.amazonaws.com.cn']],
  [
    { region: 'us-west-2', endpoint: 'https://kinesisvideo.us-west-2.amazonaws.com' },
    ['https://*.kinesisvideo.us-west-2.amazonaws.com'],
  ],
  [{ region: 'any', endpoint: 'http://localhost:4600/' }, ['http://127.0.0.1:4600', 'http://localhost:4600']],
  [{ region: 'any', endpoint: 'http://kvs.lan:4600' }, ['http://kvs.lan:4600']],
])('with %o browsers may fetch video from %o', (aws, origins) => {
  expect(hlsOrigins(aws)).toEqual(origins);
});
