// What a disk that fails, a stream that goes and a producer that is odd leave behind of a PutMedia session.
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { folderName } from '../../agent/local-cloud/store/stream-records.ts';
import { writeHeader } from '../../agent/matroska/write.ts';
import { testCloud } from './control-cloud.ts';
import { cluster, putMedia, startMs, videoTrack } from './ingest-producer.ts';
import { createStream, upload } from './stored-media.ts';

const header = writeHeader([videoTrack]);

test('a session whose leftovers cannot be removed is over all the same, and the next one is taken', async () => {
  await using running = await testCloud();
  const { url } = running.cloud;
  await createStream(url, 'cam');
  const folder = join(running.dataDir, 'streams', folderName('cam'));
  const first = await putMedia(url);
  await first.send(header, cluster(startMs));
  await first.until('BUFFERING');
  const unfinished = join(folder, (await readdir(folder)).find(name => name.endsWith('.part')) ?? '');
  // A folder in the file's place, which nothing here removes.
  await rm(unfinished);
  await mkdir(unfinished);
  first.request.destroy();
  expect(await upload(url, [header, cluster(startMs + 2000)])).toHaveLength(1);
});
