// AWS's GStreamer element sends to the embedded server, over http and https: what its encoder made is what is kept.
import { DescribeStreamCommand, ListTagsForStreamCommand } from '@aws-sdk/client-kinesis-video';
import { GetMediaForFragmentListCommand } from '@aws-sdk/client-kinesis-video-archived-media';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect } from 'vitest';
import { archiveClient, controlClient, type TestCloud, testCloud } from '../local-cloud/control-cloud.ts';
import { createStream, fragmentsOf } from '../local-cloud/stored-media.ts';
import { cell } from './cell.ts';
import { clip, frames, keptFragments, keptMedia, pictures, playlist } from './kept-media.ts';
import {
  coolDown,
  kvssink,
  kvssinkDir,
  needsKvssink,
  program,
  type Recording,
  steppedKvssink,
  warmUp,
} from './kvssink.ts';
import { type TestCertificate, testCertificate } from './test-certificate.ts';

const client = 'kvssink';

beforeAll(async () => {
  if (kvssinkDir) await warmUp();
});
afterAll(coolDown);

describe.skipIf(!kvssinkDir)(needsKvssink, () => {
  let running: TestCloud;
  let url: string;
  beforeEach(async () => {
    running = await testCloud({ faults: true });
    url = running.cloud.url;
  });
  afterEach(async () => {
    expect(running.problems).toEqual([]);
    await running[Symbol.asyncDispose]();
  });

  /** How often each operation was asked for. */
  const requests = () => running.cloud.faults?.report().requests;

  cell({ operation: 'CreateStream', client }, 'makes the stream it is to send to', async () => {
    const properties = ['retention-period=5'];
    await using run = await kvssink({ url, stream: 'new', properties }, { pictures: 10 });
    await run.done;
    const { StreamInfo } = await controlClient(url).send(new DescribeStreamCommand({ StreamName: 'new' }));
    expect(StreamInfo).toMatchObject({ DataRetentionInHours: 5, MediaType: 'video/h264', Status: 'ACTIVE' });
    expect(StreamInfo?.DeviceName).toMatch(/./);
    expect(await keptFragments(archiveClient(url), 'new')).toHaveLength(1);
  });

  cell({ operation: 'DescribeStream', client }, 'finds a stream and takes it as it is', async () => {
    await createStream(url, 'there', { retentionHours: 3 });
    await using run = await kvssink({ url, stream: 'there' }, { pictures: 10 });
    await run.done;
    expect(requests()).toMatchObject({ '/createStream': 1, '/describeStream': 1, '/putMedia': 1 });
    const { StreamInfo } = await controlClient(url).send(new DescribeStreamCommand({ StreamName: 'there' }));
    expect(StreamInfo).toMatchObject({ DataRetentionInHours: 3 });
  });

  cell({ operation: 'DescribeStream', client }, 'asks again for a stream it may not make, and makes none', async () => {
    const properties = ['allow-create-stream=false'];
    await using run = await kvssink({ url, stream: 'none', properties }, { pictures: 10 });
    await run.printed('ResourceNotFoundException');
    await expect.poll(() => requests()?.['/describeStream'] ?? 0).toBeGreaterThan(1);
    expect(requests()).not.toHaveProperty('/createStream');
  });

  cell({ operation: 'TagStream', client }, 'tags the stream', async () => {
    const properties = ['stream-tags=tags,place=hall,floor=second'];
    await using run = await kvssink({ url, stream: 'tagged', properties }, { pictures: 10 });
    await run.done;
    const { Tags } = await controlClient(url).send(new ListTagsForStreamCommand({ StreamName: 'tagged' }));
    expect(Tags).toEqual({ place: 'hall', floor: 'second' });
  });

  cell({ operation: 'GetDataEndpoint', client }, 'sends its media to the address it was given', async () => {
    running.cloud.faults?.put([{ fault: 'endpoint-moved' }]);
    await using run = await kvssink({ url, stream: 'moved' }, { pictures: 10 });
    await run.done;
    expect(requests()).toMatchObject({ '/getDataEndpoint': 1, '/putMedia': 1 });
    running.cloud.faults?.clear();
    expect(await keptFragments(archiveClient(url), 'moved')).toHaveLength(1);
  });

  cell({ operation: 'PutMedia', client }, 'what it adds to fragments is kept with them', async () => {
    const once = { name: 'gate', value: 'open', persist: false };
    const always = { name: 'door', value: 'front', persist: true };
    const steps = [{ afterMs: 1500, metadata: once }, { afterMs: 10, metadata: always }, { afterMs: 3000 }];
    await using run = await steppedKvssink({ url, stream: 'noted' }, steps);
    await run.done;
    const kept = await keptFragments(archiveClient(url), 'noted');
    const Fragments = kept.map(({ FragmentNumber = '' }) => FragmentNumber);
    const asked = new GetMediaForFragmentListCommand({ StreamName: 'noted', Fragments });
    const sent = await fragmentsOf((await archiveClient(url).send(asked)).Payload);
    const own = sent.map(({ tags: { gate, door } }) => ({ gate, door }));
    expect(own.filter(({ gate }) => gate === 'open')).toHaveLength(1);
    expect(own.filter(({ door }) => door === 'front')).toHaveLength(own.length - own.findIndex(({ door }) => door));
    expect(own.findIndex(({ door }) => door)).toBeGreaterThan(0);
  });

  cell({ operation: 'PutMedia', client }, 'a pause that ends its connection loses nothing', async () => {
    // AWS's own program for it: twenty seconds on, forty seconds off.
    const command = ['kvssink_intermittent_sample', 'pausing', 'testsrc', '75'];
    await using run = await program({ url, stream: 'pausing' }, kvssinkDir ?? '', command);
    await run.printed('Stopping stream to KVS for 40 seconds');
    await expect.poll(() => run.sent()).toHaveLength(1);
    const archive = archiveClient(url);
    const [first = ''] = await run.sent();
    // All of it, before the connection has been silent for long: the end of the last fragment was told.
    await expect.poll(async () => frames(await keptMedia(archive, 'pausing', run.folder))).toEqual(await frames(first));
    await run.printed('Starting stream to KVS for 20 seconds');
    await run.done;
    const sent = (await Promise.all((await run.sent()).map(file => frames(file)))).flat();
    expect(new Set(await frames(await keptMedia(archive, 'pausing', run.folder)))).toEqual(new Set(sent));
    const times = (await keptFragments(archive, 'pausing')).map(({ ProducerTimestamp }) => Number(ProducerTimestamp));
    const gaps = times.slice(1).map((ms, index) => ms - (times[index] ?? 0));
    expect(gaps.filter(ms => ms > 35_000)).toHaveLength(1);
    expect(requests()).toMatchObject({ '/putMedia': 2 });
  });

  cell({ operation: 'PutMedia', client }, 'timecodes from the start of the session are times', async () => {
    const beforeMs = Date.now();
    const properties = ['absolute-fragment-times=false'];
    await using run = await kvssink({ url, stream: 'relative', properties }, { pictures: 90 });
    await run.done;
    const archive = archiveClient(url);
    const kept = await keptFragments(archive, 'relative');
    const times = kept.map(({ ProducerTimestamp }) => Number(ProducerTimestamp));
    expect(Math.min(...times)).toBeGreaterThan(beforeMs - 1000);
    expect(Math.max(...times)).toBeLessThan(Date.now());
    expect(times.slice(1).map((ms, index) => Math.round((ms - (times[index] ?? 0)) / 100))).toEqual([10, 10, 10]);
    expect(await pictures(await keptMedia(archive, 'relative', run.folder))).toEqual(await pictures(run.encoded));
  });
});

describe.skipIf(!kvssinkDir)(needsKvssink, () => {
  describe.concurrent.each(['http', 'https'] as const)('over %s', scheme => {
    let certificate: TestCertificate;
    let running: TestCloud;
    beforeAll(async () => {
      certificate = await testCertificate('IP:127.0.0.1');
      running = await testCloud(scheme === 'https' ? { tls: certificate.tls } : {});
    });
    afterAll(async () => {
      expect(running.problems).toEqual([]);
      await running[Symbol.asyncDispose]();
      await certificate[Symbol.asyncDispose]();
    });

    /** What is kept has to be what was encoded, and playable. */
    async function checkAllKept(stream: string, recording: Recording): Promise<void> {
      const { url } = running.cloud;
      const env = { KVSSINK_CA_CERT_PATH: certificate.file };
      const archive = certificate.trustingArchive(url);
      await using run = await kvssink({ url, stream, env }, recording);
      await run.done;
      const kept = await keptMedia(archive, stream, run.folder);
      const [sent = '', ...more] = await run.sent();
      expect(more).toEqual([]);
      expect(await frames(kept)).toEqual(await frames(sent));
      expect(await frames(kept, 'a')).toEqual(await frames(sent, 'a'));
      const encoded = await pictures(run.encoded);
      expect(encoded).toHaveLength(recording.pictures);
      expect(await pictures(kept)).toEqual(encoded);
      if (recording.audio) expect((await frames(kept, 'a')).length).toBeGreaterThan(recording.pictures * 0.9);
      expect(await pictures(await clip(archive, stream, run.folder))).toEqual(encoded);
      // HLS has no G.711.
      if (recording.audio !== 'alawenc') expect(await pictures(await playlist(archive, stream))).toEqual(encoded);
    }

    const media: Record<string, Recording> = {
      'live H.264': { pictures: 90 },
      'live H.265': { pictures: 60, codec: 'h265' },
      'live H.264 with AAC': { pictures: 90, audio: 'avenc_aac' },
      'live H.264 with G.711': { pictures: 90, audio: 'alawenc' },
    };
    for (const [index, [name, recording]] of Object.entries(media).entries())
      cell({ operation: 'PutMedia', client: 'kvssink' }, `all of ${name} is kept, over ${scheme}`, () =>
        checkAllKept(`live-${index}`, recording),
      );
  });
});
