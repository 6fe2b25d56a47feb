// GetImages, as ffprobe sees its pictures. What it refuses is asked in test/conformance/api.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  GetImagesCommand,
  type GetImagesCommandInput,
  type GetImagesCommandOutput,
} from '@aws-sdk/client-kinesis-video-archived-media';
import { expect, test } from 'vitest';
import { systemClock } from '../../agent/clock.ts';
import { imagesRoute } from '../../agent/local-cloud/images/route.ts';
import { byCodec, placeSamples } from '../../agent/local-cloud/images/samples.ts';
import { Turns } from '../../agent/local-cloud/images/turns.ts';
import type { StoredFragment } from '../../agent/local-cloud/store/media-store.ts';
import { writeHeader } from '../../agent/matroska/write.ts';
import { archiveClient, manualClock, testCloud } from './control-cloud.ts';
import { cluster, startMs, videoTrack } from './ingest-producer.ts';
import { createStream, h264, recordAs, run, upload, uploadAt, uploadRecording } from './stored-media.ts';

/** No time passes for it: on a busy machine a decoder may need longer than it is given. */
const still = () => testCloud({ clock: manualClock(Date.now()) });

type Asked = Partial<GetImagesCommandInput> & { from?: number; to?: number };

function getImages(url: string, { from = 0, to = 0, ...rest }: Asked = {}): Promise<GetImagesCommandOutput> {
  return archiveClient(url).send(
    new GetImagesCommand({
      StreamName: 'cam',
      ImageSelectorType: 'PRODUCER_TIMESTAMP',
      StartTimestamp: new Date(startMs + from),
      EndTimestamp: new Date(startMs + to),
      SamplingInterval: 200,
      Format: 'JPEG',
      ...rest,
    }),
  );
}

const bytesOf = (content: string | undefined) => Buffer.from(content ?? '', 'base64');

/** Codec and size, as ffprobe sees them; the grey of one pixel, as ffmpeg decodes it. */
async function look(folder: string, content: string | undefined): Promise<{ form: string; grey: number }> {
  const file = join(folder, 'image');
  await writeFile(file, bytesOf(content));
  const entries = ['-show_entries', 'stream=codec_name,width,height', '-of', 'csv=p=0'];
  const { stdout } = await run('ffprobe', ['-v', 'error', ...entries, file]);
  const raw = ['-vf', 'scale=1:1:flags=area', '-pix_fmt', 'gray', '-f', 'rawvideo', '-'];
  const pixel = await run('ffmpeg', ['-v', 'error', '-i', file, ...raw], { encoding: 'buffer' });
  return { form: stdout.trim(), grey: pixel.stdout[0] ?? -1 };
}

test('each time gets the picture that was on show, and a time without media says so', async () => {
  await using running = await still();
  const { url } = running.cloud;
  await createStream(url, 'cam');
  // Darker every half second: a picture tells its time.
  await uploadRecording(
    url,
    await recordAs(`${h264} -an -vf geq=lum=200-40*floor(T*2):cb=128:cr=128`, 2, '64x48'),
    startMs,
  );
  const { Images, NextToken } = await getImages(url, { from: -300, to: 2400, SamplingInterval: 300 });
  expect(NextToken).toBeUndefined();
  expect(Images?.map(({ TimeStamp }) => +(TimeStamp ?? 0) - startMs)).toEqual([
    -300, 0, 300, 600, 900, 1200, 1500, 1800, 2100, 2400,
  ]);
  expect(Images?.map(image => image.Error)).toEqual([
    'NO_MEDIA',
    ...Array.from({ length: 7 }, () => undefined),
    'NO_MEDIA',
    'NO_MEDIA',
  ]);
  const seen = [];
  for (const image of (Images ?? []).slice(1, 8)) seen.push(await look(running.dataDir, image.ImageContent));
  expect(seen.every(({ form }) => form === 'mjpeg,64,48')).toBe(true);
  // 200, 160, 120 and 80 of video's range are these greys. At 1500 the picture of 1480 is still on show.
  const expected = [214, 214, 168, 168, 121, 121, 75];
  for (const [index, { grey }] of seen.entries())
    expect(Math.abs(grey - (expected[index] ?? 0)), `${index}: ${grey}`).toBeLessThan(6);
  expect(running.problems).toEqual([]);
});

test('format, quality and size are as asked for', async () => {
  await using running = await still();
  const { url } = running.cloud;
  await createStream(url, 'cam');
  await uploadRecording(url, await recordAs(`${h264} -an`, 1), startMs);
  const image = async (asked: Asked) => (await getImages(url, asked)).Images?.[0]?.ImageContent;
  const form = async (asked: Asked) => (await look(running.dataDir, await image(asked))).form;
  expect(await form({ Format: 'PNG' })).toBe('png,320,180');
  expect(await form({ WidthPixels: 100, HeightPixels: 90 })).toBe('mjpeg,100,90');
  expect(await form({ HeightPixels: 90, Format: 'PNG' })).toBe('png,160,90');
  const sizes = [];
  for (const JPEGQuality of ['1', '50', '100'])
    sizes.push(bytesOf(await image({ FormatConfig: { JPEGQuality } })).length);
  expect(sizes).toEqual(sizes.toSorted((a, b) => a - b));
  expect(new Set(sizes).size).toBe(3);
});

test('pictures come in pages of 25 at most, over a change of codec too', async () => {
  await using running = await still();
  const { url } = running.cloud;
  await createStream(url, 'cam');
  await uploadRecording(url, await recordAs(`${h264} -an`, 3), startMs);
  const h265 = '-c:v libx265 -preset ultrafast -x265-params log-level=none:bframes=0:keyint=25';
  await uploadRecording(url, await recordAs(`${h265} -c:a aac`, 3), startMs + 3000);
  const times: number[] = [];
  const pages: number[] = [];
  let NextToken: string | undefined;
  do {
    const asked = { to: 5900, MaxResults: pages.length === 0 ? 100 : 3, HeightPixels: 48 };
    const page: GetImagesCommandOutput = await getImages(url, { ...asked, ...(NextToken ? { NextToken } : {}) });
    expect(page.Images?.filter(({ ImageContent }) => !ImageContent)).toEqual([]);
    times.push(...(page.Images ?? []).map(({ TimeStamp }) => +(TimeStamp ?? 0)));
    pages.push(page.Images?.length ?? 0);
    NextToken = page.NextToken;
  } while (NextToken);
  expect(pages).toEqual([25, 3, 2]);
  expect(times).toEqual(Array.from({ length: 30 }, (_, index) => startMs + index * 200));
});

test('media without a picture in it says so', async () => {
  await using running = await still();
  const { url } = running.cloud;
  await createStream(url, 'cam');
  // The first has no description of its codec, the second has one and pictures that are none.
  await uploadAt(url, [startMs]);
  const described = {
    ...videoTrack,
    codecPrivate: (await recordAs(`${h264} -an`, 1)).tracks[0]?.codecPrivate ?? videoTrack.codecPrivate,
  };
  await upload(url, [writeHeader([described]), cluster(startMs + 1000)]);
  expect((await getImages(url, { to: 1000, SamplingInterval: 1000 })).Images).toEqual([
    { TimeStamp: new Date(startMs), Error: 'MEDIA_ERROR' },
    { TimeStamp: new Date(startMs + 1000), Error: 'MEDIA_ERROR' },
  ]);
  expect(running.problems).toEqual([]);
});

test('a time belongs to the fragment that lasts until then, by either clock', () => {
  const stored = (number: string, producerMs: number, codecKey = 'a'): StoredFragment => ({
    ...{ streamName: 'cam', number, producerMs, serverMs: producerMs + 50, lengthMs: 960, frames: 25, timelineMs: 0 },
    ...{ bytes: 1000, codecKey, tracks: [videoTrack] },
  });
  const fragments = [stored('1', 0), stored('2', 1000), stored('3', 5000, 'b')];
  const places = (by: 'producer' | 'server') =>
    placeSamples(fragments, [0, 999, 1000, 1999, 2001, 5100], by).flatMap(({ fragment, samples }) =>
      samples.map(({ atMs, offsetMs }) => [fragment.number, atMs, offsetMs]),
    );
  expect(places('producer')).toEqual([
    ['1', 0, 0],
    ['1', 999, 999],
    ['2', 1000, 0],
    ['2', 1999, 999],
    ['3', 5100, 100],
  ]);
  expect(places('server')).toEqual([
    ['1', 999, 949],
    ['1', 1000, 950],
    ['2', 1999, 949],
    ['2', 2001, 951],
    ['3', 5100, 50],
  ]);
  expect(byCodec(placeSamples(fragments, [0, 1000, 5000], 'producer')).map(group => group.length)).toEqual([2, 1]);
});

test('fragments of one picture each are all looked at, for as long as a request may reach', async () => {
  const apartMs = 1000 / 30;
  const stored = Array.from({ length: 300 * 30 }, (_, index): StoredFragment => {
    const producerMs = startMs + Math.round(index * apartMs);
    return {
      ...{ streamName: 'cam', number: String(index), producerMs, serverMs: producerMs, lengthMs: 0, bytes: 1000 },
      ...{ frames: 1, timelineMs: 0, codecKey: 'a', tracks: [{ ...videoTrack, codecId: 'V_NOBODY/KNOWS' }] },
    };
  });
  const unused = () => {
    throw new Error('not asked by GetImages');
  };
  const route = imagesRoute({
    clock: systemClock,
    store: {
      ...{ newest: unused, fragment: unused, arrivedAfter: unused, watch: unused, readFragment: unused },
      findStream: name => ({ name, arn: 'arn', createdMs: 0, version: 'v', retentionHours: 1, tags: {} }),
      fragments: ({ fromMs, toMs, limit }) =>
        stored.filter(({ producerMs }) => producerMs >= fromMs && producerMs <= toMs).slice(0, limit),
    },
  });
  if (route.signed !== true) throw new Error('GetImages is signed');
  const input = {
    ...{ StreamName: 'cam', ImageSelectorType: 'PRODUCER_TIMESTAMP', Format: 'JPEG', SamplingInterval: 12_000 },
    ...{ StartTimestamp: startMs / 1000, EndTimestamp: startMs / 1000 + 299 },
  };
  const { body } = await route.handle({
    ...{ method: 'POST', path: '/getImages', query: new URLSearchParams(), headers: {}, origin: '' },
    ...{ body: Buffer.from(JSON.stringify(input)), gone: new AbortController().signal },
    caller: { accessKeyId: 'a', region: 'r', service: 'kinesisvideo' },
  });
  const { Images }: { Images: { Error?: string }[] } = JSON.parse(String(body));
  // There are media at every time, though no picture can be made of them.
  expect(Images.map(image => image.Error)).toEqual(new Array(25).fill('MEDIA_ERROR'));
});

test('a decoder that is busy makes a few wait and sends the rest away', async () => {
  const turns = new Turns({ maxRunning: 1, maxWaiting: 1 });
  const first = Promise.withResolvers<void>();
  const order: string[] = [];
  const present = new AbortController().signal;
  const running = turns.run(() => first.promise, present);
  const waiting = turns.run(async () => void order.push('second'), present);
  await expect(turns.run(async () => undefined, present)).rejects.toThrow(
    expect.objectContaining({ type: 'ClientLimitExceededException' }),
  );
  expect(order).toEqual([]);
  first.resolve();
  await Promise.all([running, waiting]);
  expect(order).toEqual(['second']);
  expect(await turns.run(async () => 'free again', present)).toBe('free again');
});

test('a client that goes while it waits for the decoder makes room for another', async () => {
  const turns = new Turns({ maxRunning: 1, maxWaiting: 1 });
  const first = Promise.withResolvers<void>();
  const order: string[] = [];
  const [present, leaving] = [new AbortController(), new AbortController()];
  const running = turns.run(() => first.promise, present.signal);
  const left = turns.run(async () => void order.push('gone'), leaving.signal);
  leaving.abort();
  expect(await left).toBeUndefined();
  const waiting = turns.run(async () => void order.push('next'), present.signal);
  // Nobody waits for one that comes and has gone already.
  expect(await turns.run(async () => 'late', leaving.signal)).toBeUndefined();
  first.resolve();
  await Promise.all([running, waiting]);
  expect(order).toEqual(['next']);
  leaving.abort();
  expect(await turns.run(async () => 'free again', present.signal)).toBe('free again');
});
