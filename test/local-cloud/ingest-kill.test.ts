// The promise behind PERSISTED: whatever happens to the server afterwards, the fragment is there.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateStreamCommand } from '@aws-sdk/client-kinesis-video';
import { expect, test } from 'vitest';
import { systemClock } from '../../agent/clock.ts';
import { Store } from '../../agent/local-cloud/store/store.ts';
import { folderName } from '../../agent/local-cloud/store/stream-records.ts';
import { controlClient } from './control-cloud.ts';
import { clusterOf, fragments, probe, putMedia, record, startMs, type WireAck } from './ingest-producer.ts';

const rounds = 5;
const picturesPerFragment = 25;

test(`after kill -9 in the middle of ingest, ${rounds} times over, every PERSISTED fragment is there and plays`, async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'local-cloud-kill-'));
  const recording = await record(1);
  const pictures = recording.frames.filter(({ trackNumber }) => trackNumber === 1);
  const { header } = fragments({ tracks: recording.tracks.slice(0, 1), frames: [] }, 0);
  const persisted = new Set<string>();
  let sent = 0;
  const nextFragment = () => {
    const atMs = startMs + sent++ * 2000;
    return clusterOf(
      atMs + (pictures[0]?.timecodeMs ?? 0),
      pictures.map(frame => ({ ...frame, timecodeMs: frame.timecodeMs + atMs })),
    );
  };
  for (let round = 0; round < rounds; round++) {
    const child = fork(join(import.meta.dirname, 'ingest-child.ts'), [dataDir], {
      execArgv: ['--disable-warning=ExperimentalWarning'],
    });
    const [url] = await once(child, 'message');
    if (round === 0) {
      await controlClient(url).send(new CreateStreamCommand({ StreamName: 'cam', DataRetentionInHours: 24 }));
    }
    const producer = await putMedia(url, { atMs: Date.now() });
    await producer.send(header);
    // Killed at another place each time: while a fragment is written, synced, renamed or indexed.
    const fragmentsBeforeKill = 3 + round;
    for (let count = 0; count < fragmentsBeforeKill; count++) await producer.send(nextFragment());
    let seen = 0;
    for (let ack: WireAck | undefined = await producer.next(); ack; ack = await producer.next()) {
      expect(ack.EventType).not.toBe('ERROR');
      if (ack.EventType !== 'PERSISTED') continue;
      persisted.add(ack.FragmentNumber ?? '');
      if (++seen === round + 1) {
        producer.request.write(nextFragment());
        child.kill('SIGKILL');
      }
    }
    if (child.signalCode === null) await once(child, 'exit');
  }
  const store = await Store.open({ dataDir, clock: systemClock, random: Math.random, onProblem: () => undefined });
  try {
    const kept = store.newest('cam', 1000);
    const numbers = kept.map(({ number }) => number);
    expect(persisted.size).toBeGreaterThanOrEqual(rounds);
    expect([...persisted].filter(number => !numbers.includes(number))).toEqual([]);
    expect(new Set(kept.map(({ producerMs }) => producerMs)).size).toBe(kept.length);
    const folder = join(dataDir, 'streams', folderName('cam'));
    const files = await readdir(folder);
    expect(files.toSorted()).toEqual([...numbers.map(number => `${number}.mkv`), 'stream.json'].toSorted());
    for (const number of numbers) {
      expect(await probe(join(folder, `${number}.mkv`))).toEqual({
        videoFrames: picturesPerFragment,
        audioFrames: 0,
        keyFrameFirst: true,
        errors: '',
      });
    }
  } finally {
    await store.close();
    await rm(dataDir, { recursive: true, force: true });
  }
});
