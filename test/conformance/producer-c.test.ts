// The programs AWS's C producer comes with send to the embedded server, each with media of its own. They speak https
// wherever CONTROL_PLANE_URI leads them.

import { GetMediaForFragmentListCommand } from '@aws-sdk/client-kinesis-video-archived-media';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { type TestCloud, testCloud } from '../local-cloud/control-cloud.ts';
import { fragmentsOf } from '../local-cloud/stored-media.ts';
import { cell } from './cell.ts';
import { frames, keptFragments, keptMedia } from './kept-media.ts';
import { producerCDir as folder, needsProducerC, program } from './kvssink.ts';
import { type TestCertificate, testCertificate } from './test-certificate.ts';

const operation = 'PutMedia';
const client = 'producer-c';

describe.skipIf(!folder).concurrent(needsProducerC, () => {
  let certificate: TestCertificate;
  let running: TestCloud;
  beforeAll(async () => {
    certificate = await testCertificate('IP:127.0.0.1');
    running = await testCloud({ tls: certificate.tls });
  });
  afterAll(async () => {
    expect(running.problems).toEqual([]);
    await running[Symbol.asyncDispose]();
    await certificate[Symbol.asyncDispose]();
  });

  function start(stream: string, name: string, ...args: string[]) {
    const env = { AWS_KVS_CACERT_PATH: certificate.file, LD_LIBRARY_PATH: folder, AWS_KVS_LOG_LEVEL: '3' };
    return program({ url: running.cloud.url, stream, env }, folder ?? '', [name, stream, ...args]);
  }

  /** What it says it sent is what is kept. */
  async function checkAllKept(stream: string, kinds: ('v' | 'a')[], ...command: [string, ...string[]]): Promise<void> {
    await using run = await start(stream, ...command);
    await run.done;
    const kept = await keptMedia(certificate.trustingArchive(running.cloud.url), stream, run.folder);
    const [sent = '', ...more] = await run.sent();
    expect(more).toEqual([]);
    for (const kind of kinds) {
      expect((await frames(kept, kind)).length).toBeGreaterThan(20);
      expect(await frames(kept, kind)).toEqual(await frames(sent, kind));
    }
  }

  cell({ operation, client }, 'all of its live H.264 is kept', () =>
    checkAllKept('h264', ['v'], 'kvsVideoOnlyRealtimeStreamingSample', 'h264', '4'),
  );
  cell({ operation, client }, 'all of its live H.265 is kept', () =>
    checkAllKept('h265', ['v'], 'kvsVideoOnlyRealtimeStreamingSample', 'h265', '4'),
  );
  cell({ operation, client }, 'all of its pictures and sound is kept', () =>
    checkAllKept('both', ['v', 'a'], 'kvsAudioVideoStreamingSample', '4'),
  );
  cell({ operation, client }, 'all of its sound without pictures is kept', () =>
    checkAllKept('sound', ['a'], 'kvsAudioOnlyStreamingSample', '4'),
  );

  cell({ operation, client }, 'nine tags a fragment are kept with it', async () => {
    await using run = await start('tagged', 'kvsVideoOnlyRealtimeStreamingSample', 'h264', '6');
    await run.done;
    const archive = certificate.trustingArchive(running.cloud.url);
    const Fragments = (await keptFragments(archive, 'tagged')).map(({ FragmentNumber = '' }) => FragmentNumber);
    const asked = new GetMediaForFragmentListCommand({ StreamName: 'tagged', Fragments });
    const kept = await fragmentsOf((await archive.send(asked)).Payload);
    const own = kept.map(({ tags }) => Object.keys(tags).filter(name => name.startsWith('TEST_KEY_')).length);
    // The program adds them when a fragment has begun, for the next one.
    expect(own.slice(1)).toEqual(own.slice(1).map(() => 9));
    expect(own.length).toBeGreaterThan(1);
  });

  cell({ operation: 'CreateStream', client }, 'makes the stream it is to send to', async () => {
    await using run = await start('made', 'kvsVideoOnlyRealtimeStreamingSample', 'h264', '2');
    await run.done;
    expect(await keptFragments(certificate.trustingArchive(running.cloud.url), 'made')).not.toEqual([]);
  });
});
