// Recorded files pushed to the embedded server by the command itself, and counted back by ffprobe over HLS.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CreateStreamCommand, KinesisVideoClient, ListStreamsCommand } from '@aws-sdk/client-kinesis-video';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LocalCloud, startLocalCloud } from '../../agent/local-cloud/main.ts';
import { Secret } from '../../agent/secret.ts';
import { StoredVideo } from '../demo/stored-video.ts';
import { push } from './pushing.ts';
import { createdMs, framesPerSecond, kvsEdge, type Outcome, Recordings } from './recordings.ts';

const run = promisify(execFile);
/** Of this file alone: nobody takes the port of a server that is down for a moment. */
const host = '127.0.0.35';

let recordings: Recordings;
let cloud: LocalCloud;

async function startCloud(port = 0): Promise<LocalCloud> {
  const dataDir = join(recordings.dir, 'cloud');
  return startLocalCloud({ host, port, dataDir, accessKeyId: 'local', secretAccessKey: new Secret('local-secret') });
}

beforeAll(async () => {
  recordings = await Recordings.make();
  cloud = await startCloud();
});

afterAll(async () => {
  await cloud?.close();
  await recordings?.[Symbol.asyncDispose]();
});

function environment(secret = 'local-secret'): Record<string, string> {
  return { AWS_ENDPOINT_URL: cloud.url, AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: secret };
}

function pushed(args: string[], secret?: string): Promise<Outcome> {
  return kvsEdge(['push', ...args], environment(secret));
}

function clientOptions() {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local-secret' };
  return { region: 'us-west-2', endpoint: cloud.url, credentials };
}

/** Frames that play back, and the starts of the fragments, from `fromMs` on. */
async function stored(stream: string, fromMs: number, seconds: number) {
  const video = new StoredVideo(cloud.url, stream);
  const starts = (await video.fragments()).map(fragment => fragment.producerMs);
  const frames = await video.decodedFrames(fromMs - 500, fromMs + seconds * 1000 + 500);
  return { starts, frames, twice: starts.length - new Set(starts).size };
}

test('an MP4 with sound is in the stream at the time it was created, every frame once', async () => {
  const file = await recordings.file('garden.mp4');
  const { exitCode, stdout, stderr } = await pushed([file, '--stream', 'garden', '--json']);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(JSON.parse(stdout)).toMatchObject({ stream: 'garden', startMs: createdMs, sentFragments: 6, refused: [] });
  const { starts, frames, twice } = await stored('garden', createdMs, 6);
  expect({ frames, twice }).toEqual({ frames: 6 * framesPerSecond, twice: 0 });
  // Sound begins some milliseconds before the picture: the coder's own lead-in.
  expect((starts[0] ?? 0) - createdMs).toBeLessThan(60);
  expect(starts[0]).toBeGreaterThanOrEqual(createdMs);
});

test('the same file again sends nothing', async () => {
  const file = await recordings.file('again.mp4');
  await pushed([file, '--stream', 'again']);
  const { exitCode, stdout } = await pushed([file, '--stream', 'again', '--json']);
  expect(exitCode).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ sentFragments: 0, sentBytes: 0, foundFragments: 6 });
  expect(await stored('again', createdMs, 6)).toMatchObject({ frames: 60, twice: 0 });
});

const containers = [
  { name: 'gate.mkv', output: [] },
  { name: 'gate.ts', output: [] },
  { name: 'gate.mov', output: ['-c:a', 'pcm_s16le'] },
  { name: 'silent.mp4', output: ['-an'] },
  { name: 'a name: with spaces.mp4', output: [] },
];

for (const { name, output } of containers) {
  test(`${name} goes up whole at the time that is given`, async () => {
    const file = await recordings.file(name, { output });
    const stream = name.replaceAll(/[^\w.-]/g, '_');
    const start = '2026-04-05T06:07:08.500Z';
    const { exitCode, stderr } = await pushed([file, '--stream', stream, '--start', start]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const { starts, frames, twice } = await stored(stream, Date.parse(start), 6);
    expect({ frames, twice, fragments: starts.length }).toEqual({ frames: 60, twice: 0, fragments: 6 });
    expect((starts[0] ?? 0) - Date.parse(start)).toBeLessThan(100);
  });
}

test('a push killed with SIGKILL in the middle continues: every frame is there once, and little was sent again', async () => {
  const file = await recordings.file('long.mp4', { seconds: 60, bitsPerSecond: 3_000_000 });
  const pushing = join(import.meta.dirname, 'pushing.ts');
  // Of 60 fragments these and those that wait for their confirmation, 16 MB, are not all.
  const child = spawn(process.execPath, [pushing, file, 'killed', String(createdMs), cloud.url, '10'], {
    stdio: 'inherit',
  });
  const [, signal] = await once(child, 'exit');
  expect(signal).toBe('SIGKILL');
  const { exitCode, stdout } = await pushed([file, '--stream', 'killed', '--json']);
  expect(exitCode).toBe(0);
  const { sentFragments, foundFragments } = JSON.parse(stdout);
  expect(sentFragments + foundFragments).toBe(60);
  expect(foundFragments).toBeGreaterThanOrEqual(10);
  expect(sentFragments).toBeGreaterThan(0);
  expect(await stored('killed', createdMs, 60)).toMatchObject({ frames: 600, twice: 0 });
});

test('a server that restarts in mid-push costs a wait and nothing else', async () => {
  const file = await recordings.file('restart.mp4', { seconds: 60, bitsPerSecond: 3_000_000 });
  let restarting: Promise<void> | undefined;
  const troubles: string[] = [];
  const { sentFragments } = await push({
    ...{ path: file, stream: 'restart', startMs: createdMs, endpoint: cloud.url },
    onProgress: progress => {
      if (progress.sentFragments >= 10) restarting ??= restart();
    },
    onTrouble: ({ code }) => troubles.push(code),
  });
  await restarting;
  expect(sentFragments).toBe(60);
  expect(troubles.length).toBeGreaterThan(0);
  expect(await stored('restart', createdMs, 60)).toMatchObject({ frames: 600, twice: 0 });
});

async function restart(): Promise<void> {
  const { port } = cloud;
  await cloud.close();
  cloud = await startCloud(port);
}

test('a wrong key ends at once with a sentence that names the two variables', async () => {
  const file = await recordings.file('key.mp4', { seconds: 1 });
  const { exitCode, stdout, stderr } = await pushed([file, '--stream', 'key'], 'not-the-secret');
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
  expect(stderr).toMatch(/AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.*\[service-denied\]\n$/);
  expect(stderr).not.toContain('not-the-secret');
});

test('a server that is not there ends at once', async () => {
  const file = await recordings.file('nobody.mp4', { seconds: 1 });
  const { exitCode, stderr } = await kvsEdge(['push', file, '--stream', 'nobody'], {
    ...environment(),
    AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
  });
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/\[service-unreachable\]\n$/);
});

test('Ctrl-C ends a push with a sentence that says how it goes on', async () => {
  const file = await recordings.file('stopped.mp4', { seconds: 1 });
  // Takes connections and says nothing.
  const mute = createServer().listen(0, '127.0.0.1');
  const connected = once(mute, 'connection');
  await once(mute, 'listening');
  const address = mute.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const stop = connected.then(() => 'SIGINT' as const);
  const surroundings = { ...environment(), AWS_ENDPOINT_URL: `http://127.0.0.1:${port}` };
  const { exitCode, stderr } = await kvsEdge(['push', file, '--stream', 'stopped'], surroundings, stop);
  mute.close();
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/run the same command again.*\[push-interrupted\]\n$/);
});

test('files that cannot be pushed are refused with what to do, before anything is sent', async () => {
  const text = join(recordings.dir, 'notes.mp4');
  await writeFile(text, 'These are notes.');
  const sound = await recordings.file('sound.m4a', { seconds: 1, output: ['-vn'] });
  const undated = await recordings.file('undated.mkv', {
    seconds: 1,
    output: ['-map_metadata', '-1', '-metadata', 'creation_time='],
  });
  const other = await recordings.file('other.mov', { seconds: 1, output: ['-c:v', 'mjpeg', '-pix_fmt', 'yuvj420p'] });
  const cases = [
    [join(recordings.dir, 'absent.mp4'), /cannot be read.*\[file-unreadable\]/],
    [text, /no video that ffmpeg can read.*\[file-not-video\]/],
    [sound, /no video that ffmpeg can read.*\[file-not-video\]/],
    [undated, /--start 2026-03-01T10:00:00Z.*\[file-start-unknown\]/],
    [other, /does not take video as mjpeg.*ffmpeg -i .*\[file-codec\]/],
  ] as const;
  for (const [file, sentence] of cases) {
    const { exitCode, stderr } = await pushed([file, '--stream', 'refused']);
    expect(exitCode, file).toBe(1);
    expect(stderr).toMatch(sentence);
  }
  const client = new KinesisVideoClient(clientOptions());
  const { StreamInfoList } = await client.send(new ListStreamsCommand({}));
  client.destroy();
  expect(StreamInfoList?.map(({ StreamName }) => StreamName)).not.toContain('refused');
});

test('B-frames are refused with a command, and what that command makes goes up', async () => {
  const file = await recordings.file("it's reordered.mp4", { output: ['-preset', 'medium', '-bf', '2'] });
  const { exitCode, stderr } = await pushed([file, '--stream', 'reordered']);
  expect(exitCode).toBe(1);
  const command = /ffmpeg -i .*(?= \[file-b-frames\])/.exec(stderr)?.[0] ?? '';
  await run('sh', ['-c', `${command.replace('ffmpeg', 'ffmpeg -v error')}`]);
  const made = join(recordings.dir, "it's reordered-for-kvs.mp4");
  expect(await pushed([made, '--stream', 'reordered'])).toMatchObject({ exitCode: 0, stderr: '' });
  expect(await stored('reordered', createdMs, 6)).toMatchObject({ frames: 60, twice: 0 });
});

test('a stream that keeps nothing is refused: what is pushed there would be gone', async () => {
  const file = await recordings.file('kept.mp4', { seconds: 1 });
  const client = new KinesisVideoClient(clientOptions());
  await client.send(new CreateStreamCommand({ StreamName: 'nothing-kept', DataRetentionInHours: 0 }));
  client.destroy();
  const { exitCode, stderr } = await pushed([file, '--stream', 'nothing-kept']);
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/retention of 0 hours.*\[stream-keeps-nothing\]/);
});
