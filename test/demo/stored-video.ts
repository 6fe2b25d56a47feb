// What the demo's cloud has stored, read back by clients: ListFragments through the SDK, playback through ffprobe.
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  type Fragment,
  GetHLSStreamingSessionURLCommand,
  KinesisVideoArchivedMediaClient,
  paginateListFragments,
} from '@aws-sdk/client-kinesis-video-archived-media';
import { readMatroska } from '../../agent/matroska/read.ts';
import { readPictureStamp } from '../pretend-camera/picture-stamp.ts';

const run = promisify(execFile);

export type StoredFragment = { number: string; producerMs: number };

export class StoredVideo {
  readonly #client: KinesisVideoArchivedMediaClient;
  readonly #stream: string;

  constructor(endpoint: string, stream: string) {
    const credentials = { accessKeyId: 'local', secretAccessKey: 'local-secret' };
    this.#client = new KinesisVideoArchivedMediaClient({ region: 'us-west-2', endpoint, credentials });
    this.#stream = stream;
  }

  /** In the order of their producer timestamps. */
  async fragments(): Promise<StoredFragment[]> {
    const found: Fragment[] = [];
    const range = { StartTimestamp: new Date(0), EndTimestamp: new Date(Date.now() + 3_600_000) };
    const input = {
      StreamName: this.#stream,
      FragmentSelector: { FragmentSelectorType: 'PRODUCER_TIMESTAMP', TimestampRange: range } as const,
    };
    for await (const page of paginateListFragments({ client: this.#client }, input))
      found.push(...(page.Fragments ?? []));
    return found
      .map(({ FragmentNumber, ProducerTimestamp }) => ({
        number: FragmentNumber ?? '',
        producerMs: ProducerTimestamp?.getTime() ?? Number.NaN,
      }))
      .sort((a, b) => a.producerMs - b.producerMs);
  }

  /** Frames ffprobe decodes of a range of producer time, through HLS. */
  async decodedFrames(fromMs: number, toMs: number): Promise<number> {
    const { HLSStreamingSessionURL: url = '' } = await this.#client.send(
      new GetHLSStreamingSessionURLCommand({
        StreamName: this.#stream,
        PlaybackMode: 'ON_DEMAND',
        HLSFragmentSelector: {
          FragmentSelectorType: 'PRODUCER_TIMESTAMP',
          TimestampRange: { StartTimestamp: new Date(fromMs), EndTimestamp: new Date(toMs) },
        },
      }),
    );
    const args = ['-v', 'error', '-count_frames', '-select_streams', 'v:0', '-show_entries', 'stream=nb_read_frames'];
    const { stdout, stderr } = await run('ffprobe', [...args, '-of', 'csv=p=0', url]);
    if (stderr.trim() !== '') throw new Error(`ffprobe complained: ${stderr}`);
    return Number.parseInt(stdout, 10);
  }
}

/** Every fragment file below a folder, whole MKV files each. */
export async function fragmentFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter(entry => entry.isFile() && entry.name.endsWith('.mkv'))
    .map(entry => join(entry.parentPath, entry.name));
}

export type StoredPicture = { ordinal: number; timecodeMs: number; keyFrame: boolean };

/** The video frames of one fragment file. */
export async function picturesOf(file: string): Promise<StoredPicture[]> {
  const pictures: StoredPicture[] = [];
  let video: number | undefined;
  const bytes = (async function* () {
    yield await readFile(file);
  })();
  for await (const event of readMatroska(bytes)) {
    if (event.type === 'tracks') video = event.tracks.find(track => track.type === 'video')?.number;
    if (event.type !== 'frame' || event.frame.trackNumber !== video) continue;
    const { timecodeMs, keyFrame, data } = event.frame;
    pictures.push({ ordinal: readPictureStamp(data)?.ordinal ?? Number.NaN, timecodeMs, keyFrame });
  }
  return pictures;
}
