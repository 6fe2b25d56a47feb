// GetMedia, GetMediaForFragmentList, GetClip and GetImages in the hands of programs that read files: all that was sent is
// there, at its time, picture for picture.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { GetImagesCommand, GetMediaForFragmentListCommand } from '@aws-sdk/client-kinesis-video-archived-media';
import { GetMediaCommand } from '@aws-sdk/client-kinesis-video-media';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { archiveClient, type TestCloud, testCloud } from '../../local-cloud/control-cloud.ts';
import { run } from '../../local-cloud/hls-stage.ts';
import { mediaClient } from '../../local-cloud/stored-media.ts';
import { cell } from '../cell.ts';
import { encode, footageFrom, framesOf, type Kind, type Recording, store, timesOf } from './media.ts';
import { archiveOf } from './sessions.ts';
import { expectSame, ffmpeg, gstreamer, md5Of, truthOf, vlc, withFile } from './tools.ts';

const startMs = Date.now() - 120_000;
const footage = join(import.meta.dirname, '../../../../shared/media/street-cars.mp4');
const recordings = new Map<string, { recording: Recording; numbers: string[] }>();
let running: TestCloud;

const kinds: Kind[] = ['H.264 + AAC', 'H.265 + AAC', 'H.264 + A-law', 'H.264 + µ-law', 'H.264', 'H.265'];

beforeAll(async () => {
  const [cloud, oneFrame, larger, cars, ...media] = await Promise.all([
    testCloud(),
    encode('H.264', { every: 1, seconds: 1 }),
    encode('H.264 + AAC', { size: '640x360', seconds: 2 }),
    existsSync(footage) ? footageFrom(footage) : undefined,
    ...kinds.map(kind => encode(kind, { seconds: 2 })),
  ]);
  running = cloud;
  const [usual] = media;
  if (!usual) throw new Error('nothing encoded');
  const all: [string, Recording][] = [
    ...media.map((one, index): [string, Recording] => [kinds[index] ?? '', [{ media: one, fromMs: 0 }]]),
    ['fragments of one frame', [{ media: oneFrame, fromMs: 0 }]],
    ['a 4 s gap', [usual, usual].map((one, index) => ({ media: one, fromMs: index * 6000 }))],
    ['another picture size', [usual, larger].map((one, index) => ({ media: one, fromMs: index * 2000 }))],
    ...(cars ? [['real footage', [{ media: cars, fromMs: 0 }]] as [string, Recording]] : []),
  ];
  await Promise.all(
    all.map(async ([name, recording]) => {
      const numbers = await store(cloud.cloud.url, streamOf(name), recording, startMs);
      recordings.set(name, { recording, numbers });
    }),
  );
});
afterAll(() => running?.[Symbol.asyncDispose]());

function streamOf(name: string): string {
  return name.replaceAll('µ', 'mu').replaceAll(/\W+/g, '-');
}

function stored(name: string): { recording: Recording; numbers: string[] } {
  return recordings.get(name) ?? { recording: [], numbers: [] };
}

async function fragmentList(name: string): Promise<Buffer> {
  const input = { StreamName: streamOf(name), Fragments: stored(name).numbers };
  const { Payload } = await archiveClient(running.cloud.url).send(new GetMediaForFragmentListCommand(input));
  return Buffer.from((await Payload?.transformToByteArray()) ?? '');
}

/** From the first fragment to the end of the last; the answer itself would go on. */
async function getMedia(name: string): Promise<Buffer> {
  const input = { StreamName: streamOf(name), StartSelector: { StartSelectorType: 'EARLIEST' } } as const;
  const { Payload } = await mediaClient(running.cloud.url).send(new GetMediaCommand(input));
  const last = Buffer.from(stored(name).numbers.at(-1) ?? '');
  let read = Buffer.alloc(0);
  for await (const chunk of Payload as AsyncIterable<Buffer>) {
    read = Buffer.concat([read, chunk]);
    // The number stands before the cluster and, as the token to go on with, behind it.
    const again = read.indexOf(last, read.indexOf(last) + last.length);
    if (read.includes(last) && again >= 0) return read.subarray(0, again + last.length);
  }
  throw new Error('the answer ended');
}

/** Each fragment is a file of its own. */
function segments(bytes: Buffer): Buffer[] {
  const begins: number[] = [];
  const header = Buffer.of(0x1a, 0x45, 0xdf, 0xa3);
  for (let at = bytes.indexOf(header); at >= 0; at = bytes.indexOf(header, at + 1)) begins.push(at);
  return begins.map((from, index) => bytes.subarray(from, begins[index + 1]));
}

const readers = { GetMedia: getMedia, GetMediaForFragmentList: fragmentList } as const;
/** ffmpeg mentions that a file has more than one segment, as KVS's have, and reads on. */
const moreSegments = /unknown-length element with ID 0x18538067/;

for (const [operation, read] of Object.entries(readers))
  describe.concurrent(operation, () => {
    for (const name of [...kinds, 'fragments of one frame', 'a 4 s gap'])
      cell({ operation, client: 'ffmpeg' }, name, async () => {
        const played = await withFile(await read(name), path => ffmpeg(path, { forgiven: moreSegments }));
        expectSame(played, await truthOf(stored(name).recording));
      });

    for (const name of ['H.264 + AAC', 'H.265 + AAC', 'H.264 + A-law', 'another picture size']) {
      cell({ operation, client: 'mkvinfo' }, `${name}: every fragment, and each tag of KVS in it`, async () => {
        const files = segments(await read(name));
        expect(files).toHaveLength(stored(name).numbers.length);
        for (const [index, file] of files.entries()) {
          const { stdout, stderr } = await withFile(file, path => run('mkvinfo', ['--all', path]));
          expect(`${stdout}${stderr}`).not.toMatch(/warning|error|invalid/i);
          expect(stdout).toContain(`String: ${stored(name).numbers[index]}`);
          const tags = [...stdout.matchAll(/Name: AWS_KINESISVIDEO_(\w+)/g)].map(match => match[1]);
          const around = operation === 'GetMedia' ? ['MILLIS_BEHIND_NOW', 'CONTINUATION_TOKEN'] : [];
          expect(tags).toEqual(['FRAGMENT_NUMBER', 'SERVER_TIMESTAMP', 'PRODUCER_TIMESTAMP', ...around]);
        }
      });

      cell({ operation, client: 'mkvmerge' }, `${name}: every fragment, written anew`, async () => {
        const { recording } = stored(name);
        const files = segments(await read(name));
        const sent = recording.flatMap(({ media }) => media.fragments);
        const merged = await Promise.all(files.map(file => withFile(file, mergedFrames)));
        expect(merged).toEqual(sent.map(frames => frames.length));
      });
    }

    cell({ operation, client: 'GStreamer' }, 'the first fragment, every frame', async () => {
      const [first = Buffer.of()] = segments(await read('H.264 + AAC'));
      const seen = await withFile(first, path => gstreamer(`file://${path}`));
      const [frames = []] = stored('H.264 + AAC').recording[0]?.media.fragments ?? [];
      expect((seen.video?.times.length ?? 0) + (seen.audio?.times.length ?? 0)).toBe(frames.length);
    });

    cell({ operation, client: 'VLC' }, 'the first fragment, the sound bit for bit', async () => {
      const [first = Buffer.of()] = segments(await read('H.264 + AAC'));
      const seen = await withFile(first, vlc);
      const [media] = stored('H.264 + AAC').recording.map(part => part.media);
      const sounds = (media?.fragments[0] ?? []).filter(({ trackNumber }) => trackNumber === 2);
      expect(seen).toMatchObject({
        Video: { frames: 25 },
        Audio: { frames: sounds.length, md5: md5Of(sounds.map(({ data }) => data)) },
      });
    });
  });

/** What mkvmerge takes over into a file of its own; throws when it warns. */
async function mergedFrames(path: string): Promise<number> {
  const merge = await run('mkvmerge', ['--output', `${path}.mkv`, path]);
  if (/warning|error/i.test(`${merge.stdout}${merge.stderr}`)) throw new Error(merge.stdout + merge.stderr);
  const { stdout } = await run('ffprobe', ['-v', 'error', '-show_entries', 'packet=size', '-of', 'csv', `${path}.mkv`]);
  return stdout.split('\n').filter(line => line.startsWith('packet')).length;
}

const clip = (name: string) => archiveOf(running.cloud.url, startMs).clip(streamOf(name));

describe.concurrent('GetClip', () => {
  const operation = 'GetClip';
  for (const name of [...kinds, 'fragments of one frame', 'a 4 s gap']) {
    cell({ operation, client: 'ffmpeg' }, name, async () => {
      const bytes = Buffer.from(await clip(name));
      // A player need not wait for the end of the file.
      expect(bytes.indexOf('moov')).toBeLessThan(bytes.indexOf('mdat'));
      expectSame(await withFile(bytes, path => ffmpeg(path)), await truthOf(stored(name).recording));
    });
    cell({ operation, client: 'GStreamer' }, name, async () => {
      const seen = await withFile(await clip(name), path => gstreamer(`file://${path}`));
      for (const type of ['video', 'audio'] as const)
        expect(seen[type]?.times ?? [], type).toHaveLength(timesOf(stored(name).recording, type).length);
    });
  }

  for (const name of ['H.264 + AAC', 'H.265 + AAC', 'a 4 s gap'])
    cell({ operation, client: 'VLC' }, `${name}: the sound bit for bit`, async () => {
      const { recording } = stored(name);
      const sounds = recording.flatMap(({ media }) => framesOf(media, 'audio'));
      expect(await withFile(await clip(name), vlc)).toMatchObject({
        Video: { frames: timesOf(recording, 'video').length },
        Audio: { frames: sounds.length, md5: md5Of(sounds.map(({ data }) => data)) },
      });
    });

  cell({ operation, client: 'SDK for JavaScript' }, 'no other picture size in the middle', async () => {
    const name = 'InvalidCodecPrivateDataException';
    await expect(clip('another picture size')).rejects.toThrow(expect.objectContaining({ name }));
  });

  cell(
    { operation, client: 'ffmpeg' },
    'real footage (../shared/media, which is no part of the project)',
    async () => {
      const played = await withFile(await clip('real footage'), path => ffmpeg(path));
      expectSame(played, await truthOf(stored('real footage').recording));
    },
    !existsSync(footage),
  );
});

describe.concurrent('GetImages', () => {
  const raw = ['-f', 'rawvideo', '-pix_fmt', 'rgb24'];
  for (const name of ['H.264 + AAC', 'H.265', 'H.264 + A-law'])
    cell(
      { operation: 'GetImages', client: 'ffmpeg' },
      `${name}: a PNG has the pixels of the picture on show`,
      async () => {
        const at = new Date(startMs + 1200);
        const input = {
          ...({ StreamName: streamOf(name), ImageSelectorType: 'PRODUCER_TIMESTAMP', Format: 'PNG' } as const),
          ...{ StartTimestamp: at, EndTimestamp: at, SamplingInterval: 3000 },
        } as const;
        const { Images } = await archiveClient(running.cloud.url).send(new GetImagesCommand(input));
        const image = Buffer.from(Images?.[0]?.ImageContent ?? '', 'base64');
        const [{ media } = { media: undefined }] = stored(name).recording;
        const times = timesOf(stored(name).recording, 'video');
        const shown = times.findLastIndex(ms => ms <= 1200);
        const pixels = (path: string, select: string[]) =>
          run('ffmpeg', ['-v', 'error', '-i', path, ...select, '-map', '0:v', ...raw, '-f', 'framemd5', '-']);
        const [got, wanted] = await Promise.all([
          withFile(image, path => pixels(path, [])),
          withFile(media?.file ?? Buffer.of(), path => pixels(path, ['-vf', `select=eq(n\\,${shown})`])),
        ]);
        const md5 = (text: string) => text.match(/\w{32}$/m)?.[0];
        expect(md5(got.stdout)).toBeDefined();
        expect(md5(got.stdout)).toBe(md5(wanted.stdout));
      },
    );
});
