// What the embedded server has kept of a producer's media, read back by AWS's SDK and taken apart by ffmpeg and ffprobe.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import {
  type Fragment,
  GetClipCommand,
  GetHLSStreamingSessionURLCommand,
  GetMediaForFragmentListCommand,
  type KinesisVideoArchivedMediaClient,
  ListFragmentsCommand,
} from '@aws-sdk/client-kinesis-video-archived-media';
import { run } from '../local-cloud/stored-media.ts';

type Archive = KinesisVideoArchivedMediaClient;

/** Around now: what a producer that just ran has sent. */
const lately = () => ({
  FragmentSelectorType: 'PRODUCER_TIMESTAMP' as const,
  TimestampRange: {
    StartTimestamp: new Date(Date.now() - 600_000),
    EndTimestamp: new Date(Date.now() + 600_000),
  },
});

/** In the order of their producer timestamps. */
export async function keptFragments(archive: Archive, StreamName: string): Promise<Fragment[]> {
  const asked = { StreamName, FragmentSelector: lately(), MaxResults: 1000 };
  const { Fragments = [] } = await archive.send(new ListFragmentsCommand(asked));
  return Fragments;
}

/** Writes all that is kept to a file in the folder, as one clip. */
export async function clip(archive: Archive, StreamName: string, folder: string): Promise<string> {
  const asked = new GetClipCommand({ StreamName, ClipFragmentSelector: lately() });
  const file = join(folder, `${StreamName}.mp4`);
  await save((await archive.send(asked)).Payload, file);
  return file;
}

async function save(payload: unknown, file: string): Promise<void> {
  if (!(payload instanceof Readable)) throw new TypeError('a payload must be a stream');
  await writeFile(file, payload);
}

/** The address of all of it for a player. */
export async function playlist(archive: Archive, StreamName: string): Promise<string> {
  const asked = { StreamName, PlaybackMode: 'ON_DEMAND', HLSFragmentSelector: lately() } as const;
  const { HLSStreamingSessionURL = '' } = await archive.send(new GetHLSStreamingSessionURLCommand(asked));
  return HLSStreamingSessionURL;
}

/** Writes all that is kept to a file in the folder. */
export async function keptMedia(archive: Archive, StreamName: string, folder: string): Promise<string> {
  const Fragments = (await keptFragments(archive, StreamName)).map(({ FragmentNumber = '' }) => FragmentNumber);
  const { Payload } = await archive.send(new GetMediaForFragmentListCommand({ StreamName, Fragments }));
  const file = join(folder, `${StreamName}.mkv`);
  await save(Payload, file);
  return file;
}

/** A hash for each frame of one kind in a file, as it stands there. */
export async function frames(file: string, kind: 'v' | 'a' = 'v'): Promise<string[]> {
  const shown = ['-show_entries', 'packet=data_hash', '-show_data_hash', 'md5', '-of', 'csv=p=0'];
  const { stdout } = await run('ffprobe', ['-v', 'error', '-select_streams', kind, ...shown, file]);
  return stdout.split('\n').filter(Boolean);
}

/** A hash for each picture that ffmpeg decodes from a file or an address. */
export async function pictures(source: string): Promise<string[]> {
  const made = ['-map', '0:v:0', '-fps_mode', 'passthrough', '-f', 'framemd5', '-'];
  const { stdout } = await run('ffmpeg', ['-v', 'error', '-i', source, ...made]);
  return stdout.split('\n').flatMap(line => /([0-9a-f]{32})$/.exec(line)?.[1] ?? []);
}
