// GetClip, as AWS's clients, ffprobe and ffmpeg see it.
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { type ClipFragmentSelectorType, GetClipCommand } from '@aws-sdk/client-kinesis-video-archived-media';
import { expect, test } from 'vitest';
import { systemClock } from '../../agent/clock.ts';
import { clipRoute } from '../../agent/local-cloud/clip/route.ts';
import { selectFragments } from '../../agent/local-cloud/clip/selection.ts';
import { createListener } from '../../agent/local-cloud/http.ts';
import type { StoredFragment } from '../../agent/local-cloud/store/media-store.ts';
import { writeHeader } from '../../agent/matroska/write.ts';
import { Secret } from '../../agent/secret.ts';
import { signedHeaders } from '../../scripts/fuzz/cloud/signed-request.ts';
import { archiveClient, keys, manualClock, testCloud } from './control-cloud.ts';
import { portOf } from './hls-stage.ts';
import { audioTrack, clusterOf, picture, startMs, videoTrack } from './ingest-producer.ts';
import { createStream, h264, recordAs, run, upload, uploadAt, uploadRecording } from './stored-media.ts';

/** As much as it takes to be described in an MP4. */
const described = { ...videoTrack, codecPrivate: Uint8Array.of(1, 0x42, 0xc0, 0x1e, 0xff, 0xe1, 0) };

const refusal = (name: string) => expect.objectContaining({ name });

type Range = { from: number; to: number; by?: ClipFragmentSelectorType };

async function clip(url: string, { from, to, by = 'PRODUCER_TIMESTAMP' }: Range): Promise<Uint8Array> {
  const TimestampRange = { StartTimestamp: new Date(from), EndTimestamp: new Date(to) };
  const { Payload, ContentType } = await archiveClient(url).send(
    new GetClipCommand({ StreamName: 'cam', ClipFragmentSelector: { FragmentSelectorType: by, TimestampRange } }),
  );
  expect(ContentType).toBe('video/mp4');
  return (await Payload?.transformToByteArray()) ?? new Uint8Array();
}

type Seen = { codec: string; frames: number; times: number[]; seconds: number };

/** What ffprobe decodes of each track; fails when ffmpeg has anything to say. */
async function seenIn(file: string): Promise<Record<string, Seen>> {
  const { stdout, stderr } = await run(
    'ffprobe',
    [
      ...['-v', 'warning', '-of', 'json', file],
      ...['-show_entries', 'stream=index,codec_type,codec_name,duration:frame=stream_index,best_effort_timestamp_time'],
    ],
    { maxBuffer: 2 ** 26 },
  );
  expect(stderr).toBe('');
  const probed: {
    streams: { index: number; codec_type: string; codec_name: string; duration: string }[];
    frames: { stream_index: number; best_effort_timestamp_time: string }[];
  } = JSON.parse(stdout);
  return Object.fromEntries(
    probed.streams.map(({ index, codec_type, codec_name, duration }) => {
      const frames = probed.frames.filter(frame => frame.stream_index === index);
      const times = frames.map(frame => Number(frame.best_effort_timestamp_time));
      return [codec_type, { codec: codec_name, frames: frames.length, times, seconds: Number(duration) }];
    }),
  );
}

test('a clip has the fragments that start within the range, and the hole between them stays', async () => {
  await using running = await testCloud();
  const { url } = running.cloud;
  await createStream(url, 'cam');
  const recording = await recordAs(`${h264} -c:a aac`, 3);
  await uploadRecording(url, recording, startMs);
  await uploadRecording(url, recording, startMs + 7000);
  const file = join(running.dataDir, 'clip.mp4');
  // The second and third second, then four without a picture, then one.
  await writeFile(file, await clip(url, { from: startMs + 500, to: startMs + 7500 }));
  const { video, audio } = await seenIn(file);
  expect(video?.frames).toBe(75);
  expect((video?.times[50] ?? 0) - (video?.times[49] ?? 0)).toBeCloseTo(4.04, 2);
  const soundAgain = audio?.times.find((time, index) => time - (audio.times[index - 1] ?? time) > 1);
  expect(Math.abs((soundAgain ?? 0) - (video?.times[50] ?? 0))).toBeLessThan(0.3);
});

test('by server time, what came in one burst lies end to end', async () => {
  // Near the machine's, for the clients' signatures; so little of it passes that it is one burst.
  const clock = manualClock(Date.now());
  await using running = await testCloud({ clock });
  const { url } = running.cloud;
  await createStream(url, 'cam');
  const recording = await recordAs(`${h264} -an`, 2);
  const from = clock.nowMs();
  await uploadRecording(url, recording, startMs);
  clock.advance(200);
  await uploadRecording(url, recording, startMs - 3_600_000);
  const file = join(running.dataDir, 'clip.mp4');
  await writeFile(file, await clip(url, { from, to: clock.nowMs(), by: 'SERVER_TIMESTAMP' }));
  const { video } = await seenIn(file);
  expect(video?.frames).toBe(100);
  expect(video?.seconds).toBeCloseTo(4, 1);
});

test('what KVS makes no clip of is refused by its name', async () => {
  await using running = await testCloud();
  const { url } = running.cloud;
  for (const name of ['cam', 'other']) await createStream(url, name);
  const whole = { from: startMs, to: startMs + 60_000 };
  const get = (range: Partial<Range> = {}) => clip(url, { ...whole, ...range });
  await expect(get()).rejects.toThrow(refusal('ResourceNotFoundException'));
  await expect(get({ to: startMs })).rejects.toThrow(refusal('InvalidArgumentException'));
  await expect(get({ to: startMs + 86_400_001 })).rejects.toThrow(refusal('InvalidArgumentException'));
  await expect(get({ to: Date.now() + 60_000, from: Date.now(), by: 'SERVER_TIMESTAMP' })).rejects.toThrow(
    refusal('InvalidArgumentException'),
  );
  await uploadRecording(url, await recordAs(`${h264} -an`, 1), startMs);
  await uploadRecording(url, await recordAs(`${h264} -an`, 1, '640x360'), startMs + 2000);
  await expect(get()).rejects.toThrow(refusal('InvalidCodecPrivateDataException'));
  expect((await get({ to: startMs + 1500 })).length).toBeGreaterThan(1000);
  await uploadRecording(url, await recordAs(`${h264} -c:a aac`, 1), startMs + 4000);
  await expect(get({ from: startMs + 1500 })).rejects.toThrow(refusal('UnsupportedStreamMediaTypeException'));
  // Pictures that are no NAL units.
  await uploadAt(url, [startMs + 10_000]);
  await expect(get({ from: startMs + 10_000 })).rejects.toThrow(refusal('MissingCodecPrivateDataException'));
  await upload(url, [writeHeader([described]), clusterOf(startMs + 20_000, [picture(startMs + 20_000)])]);
  await expect(get({ from: startMs + 20_000 })).rejects.toThrow(refusal('InvalidMediaFrameException'));
  const sound = picture(startMs + 30_000, { trackNumber: audioTrack.number });
  await upload(url, [writeHeader([audioTrack]), clusterOf(startMs + 30_000, [sound])]);
  await expect(get({ from: startMs + 30_000 })).rejects.toThrow(refusal('UnsupportedStreamMediaTypeException'));
  expect(running.problems).toEqual([]);
});

const stored = (index: number, { bytes = 1000, producerMs = index * 1000 } = {}): StoredFragment => ({
  ...{ streamName: 'cam', number: String(index), serverMs: producerMs, lengthMs: 900, frames: 10, timelineMs: 0 },
  ...{ producerMs, bytes, codecKey: 'key', tracks: [described] },
});

test('a clip ends after 200 fragments or 100 MB, and of what has one time the last counts', () => {
  const many = Array.from({ length: 300 }, (_, index) => stored(index));
  expect(selectFragments(many, 'producer')).toHaveLength(200);
  const large = many.map((_, index) => stored(index, { bytes: 30_000_000 }));
  expect(selectFragments(large, 'producer').map(({ fragment }) => fragment.number)).toEqual(['0', '1', '2']);
  const twice = [stored(0), stored(7, { producerMs: 0 }), stored(8, { producerMs: 500 }), stored(1)];
  for (const by of ['producer', 'server'] as const) {
    const kept = selectFragments(twice, by).map(({ fragment }) => fragment.number);
    expect(kept, by).toEqual(by === 'producer' ? ['7', '1'] : ['7', '8', '1']);
  }
});

test('of a clip nothing more is read once its client has gone', async () => {
  const problems: unknown[] = [];
  const read: string[] = [];
  const [left, answered] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const unused = () => {
    throw new Error('not asked by GetClip');
  };
  const slice = Uint8Array.of(0, 0, 0, 2, 0x65, 0);
  const route = clipRoute({
    clock: systemClock,
    store: {
      ...{ newest: unused, fragment: unused, arrivedAfter: unused, watch: unused },
      findStream: name => ({ name, arn: 'arn', createdMs: 0, version: 'v', retentionHours: 24, tags: {} }),
      fragments: () => Array.from({ length: 100 }, (_, index) => stored(index)),
      async readFragment({ number, producerMs }) {
        read.push(number);
        if (read.length === 3) {
          client.destroy();
          await left.promise;
        }
        return Buffer.concat([writeHeader([described]), clusterOf(producerMs, [picture(producerMs, { data: slice })])]);
      },
    },
  });
  if (route.signed !== true) throw new Error('GetClip is signed');
  const { handle, ...address } = route;
  const watched = async (asked: Parameters<typeof handle>[0]) => {
    try {
      return await handle(asked);
    } finally {
      answered.resolve();
    }
  };
  const server = createListener([{ ...address, handle: watched }], {
    ...{ accessKeyId: keys.accessKeyId, secretAccessKey: new Secret(keys.secretAccessKey), clock: systemClock },
    onProblem: problem => problems.push(problem),
  });
  server.on('request', (_, response) => response.once('close', left.resolve));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const TimestampRange = { StartTimestamp: 0, EndTimestamp: 3600 };
  const ClipFragmentSelector = { FragmentSelectorType: 'PRODUCER_TIMESTAMP', TimestampRange };
  const body = JSON.stringify({ StreamName: 'cam', ClipFragmentSelector });
  const host = `127.0.0.1:${portOf(server)}`;
  const headers = signedHeaders({ target: '/getClip', host, body, nowMs: Date.now() });
  const client = request(`http://${host}/getClip`, { method: 'POST', headers });
  client.on('error', () => undefined).end(body);
  await answered.promise;
  await once(server.close(), 'close');
  expect(read).toEqual(['0', '1', '2']);
  expect(problems).toEqual([]);
});
