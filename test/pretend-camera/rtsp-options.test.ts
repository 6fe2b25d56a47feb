// What the pretend camera can be told of its streams, seen by ffmpeg and by a bare socket: nothing of the agent reads here.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import { test as sequentialTest, vi } from 'vitest';
import { readMatroska } from '../../agent/matroska/read.ts';
import { readPictureStamp } from './picture-stamp.ts';
import { shortClip, startCamera } from './running-camera.ts';

const run = promisify(execFile);
const test = sequentialTest.concurrent;
// Each starts cameras and ffmpeg: on a busy machine that alone can take half a minute.
vi.setConfig({ testTimeout: 60_000 });
/** A client's stream begins at the next key frame. */
const quick = ['--gop', '0.5'];

/** One line a stream: codec, and size or sample rate. Rejects with what ffprobe says. */
async function streams(
  url: string,
  transport = 'tcp',
  entries = 'codec_name,width,height,sample_rate',
): Promise<string[]> {
  // It looks until it knows what each stream is, and no longer to find out how fast pictures come.
  const input = ['-v', 'error', '-rtsp_transport', transport, '-analyzeduration', '20000000', '-fpsprobesize', '0'];
  const { stdout } = await run('ffprobe', [...input, '-show_entries', `stream=${entries}`, '-of', 'csv=p=0', url]);
  return stdout
    .trim()
    .split('\n')
    .map(line => line.replace(/,$/, ''));
}

function withPassword(url: string, password: string): string {
  return url.replace('://', `://admin:${encodeURIComponent(password)}@`);
}

async function describeAnonymously(url: string, port: number): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(`DESCRIBE ${url} RTSP/1.0\r\nCSeq: 1\r\n\r\n`);
  const answer = String(await once(socket, 'data'));
  socket.destroy();
  return answer;
}

test('--basic asks for the password by basic authentication and nothing else', async ({ expect }) => {
  await using camera = await startCamera(
    ['--video', await shortClip(), ...quick, '--user', 'admin', '--basic'],
    'p@ss:w/rd',
  );
  const answer = await describeAnonymously(camera.url, camera.port);
  expect(answer).toMatch(/^RTSP\/1\.0 401 Unauthorized/);
  expect(answer).toMatch(/WWW-Authenticate: Basic/);
  expect(answer).not.toMatch(/Digest/);
  expect(await streams(withPassword(camera.url, 'p@ss:w/rd'))).toEqual(['h264,160,120', 'aac,48000']);
  await expect(streams(withPassword(camera.url, 'wrong'))).rejects.toThrow('401 Unauthorized');
});

test('--tls serves rtsps and no rtsp', async ({ expect }) => {
  await using camera = await startCamera(['--video', await shortClip(), ...quick, '--tls']);
  expect(camera.url).toMatch(/^rtsps:/);
  expect(await streams(camera.url)).toEqual(['h264,160,120', 'aac,48000']);
  await expect(streams(camera.url.replace('rtsps', 'rtsp'))).rejects.toThrow();
});

test('--tls and --user ask by digest within TLS', async ({ expect }) => {
  await using camera = await startCamera(
    ['--video', await shortClip(), ...quick, '--tls', '--user', 'admin'],
    'letmein',
  );
  await expect(streams(camera.url)).rejects.toThrow('401 Unauthorized');
  expect(await streams(withPassword(camera.url, 'letmein'))).toEqual(['h264,160,120', 'aac,48000']);
});

test.for([
  ['--tcp-only', 'tcp', 'udp'],
  ['--udp-only', 'udp', 'tcp'],
] as const)('%s serves %s and refuses %s', async ([option, served, refused], { expect }) => {
  await using camera = await startCamera(['--video', await shortClip(), ...quick, option]);
  expect(await streams(camera.url, served)).toContain('h264,160,120');
  await expect(streams(camera.url, refused)).rejects.toThrow('461 Unsupported transport');
});

test.for([
  ['--g711', ['pcm_alaw,8000']],
  ['--mulaw', ['pcm_mulaw,8000']],
  ['--opus', ['opus,48000']],
  ['--no-audio', []],
] as const)('%s sends this sound beside the pictures: %s', async ([option, expected], { expect }) => {
  await using camera = await startCamera(['--video', await shortClip(), ...quick, option]);
  expect(await streams(camera.url)).toEqual(['h264,160,120', ...expected]);
});

test('--sub-stream shows the same at half the size and half the rate', async ({ expect }) => {
  await using camera = await startCamera(['--video', await shortClip(), ...quick, '--sub-stream']);
  expect(camera.subUrl).toMatch(/\/stream2$/);
  expect((await streams(camera.subUrl, 'tcp', 'width,height,r_frame_rate'))[0]).toBe('80,60,5/1');
  expect(await streams(camera.url)).toEqual(['h264,160,120', 'aac,48000']);
});

test('--h265 sends H.265, and every picture carries its number', async ({ expect }) => {
  await using camera = await startCamera(['--video', await shortClip(), ...quick, '--h265']);
  expect(await streams(camera.url)).toEqual(['hevc,160,120', 'aac,48000']);
  const output = ['-t', '4', '-c', 'copy', '-f', 'matroska', 'pipe:1'];
  const input = ['-v', 'error', '-rtsp_transport', 'tcp', '-i', camera.url];
  const { stdout } = await run('ffmpeg', [...input, ...output], { encoding: 'buffer', maxBuffer: 1 << 28 });
  async function* chunks() {
    yield stdout;
  }
  const ordinals: (number | undefined)[] = [];
  for await (const event of readMatroska(chunks())) {
    if (event.type === 'frame' && event.frame.trackNumber === 1)
      ordinals.push(readPictureStamp(event.frame.data)?.ordinal);
  }
  expect(ordinals.length).toBeGreaterThan(35);
  expect(ordinals).toEqual(ordinals.map((_, index) => (ordinals[0] ?? Number.NaN) + index));
});

test('--b-frames sends pictures in another order than they are shown', async ({ expect }) => {
  await using camera = await startCamera(['--video', await shortClip(), ...quick, '--b-frames']);
  expect(Number((await streams(camera.url, 'tcp', 'has_b_frames'))[0])).toBeGreaterThan(0);
});
