// The scripted camera is what tests of odd cameras and benches measure the agent with, so what it sends when its script is
// empty is judged by ffmpeg, and what its script says is looked at on the wire.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { test as sequentialTest } from 'vitest';
import { readMatroska } from '../../agent/matroska/read.ts';
import { type FootageOptions, makeFootage } from '../../scripts/scripted-camera/footage.ts';
import { ScriptedCamera, type ScriptedCameraOptions } from '../../scripts/scripted-camera/scripted-camera.ts';
import { makeSound, type SoundCodec } from '../../scripts/scripted-camera/sound.ts';
import { readPictureStamp } from '../pretend-camera/picture-stamp.ts';
import { UnhurriedClock } from '../unhurried-clock.ts';

const run = promisify(execFile);
// Nearly all of their time is waiting for pictures.
const test = sequentialTest.concurrent;

async function record(url: string, transport: string, seconds = 2): Promise<Buffer> {
  const input = ['-v', 'error', '-rtsp_transport', transport, '-i', url];
  const output = ['-t', String(seconds), '-c', 'copy', '-f', 'matroska', 'pipe:1'];
  const { stdout } = await run('ffmpeg', [...input, ...output], { encoding: 'buffer', maxBuffer: 1 << 28 });
  return stdout;
}

async function ordinalsOf(matroska: Buffer): Promise<number[]> {
  const ordinals: number[] = [];
  const chunks = (async function* () {
    yield matroska;
  })();
  for await (const event of readMatroska(chunks)) {
    if (event.type !== 'frame' || event.frame.trackNumber !== 1) continue;
    ordinals.push(readPictureStamp(event.frame.data)?.ordinal ?? Number.NaN);
  }
  return ordinals;
}

async function start(options: Partial<ScriptedCameraOptions> = {}, film: FootageOptions = {}): Promise<ScriptedCamera> {
  return await ScriptedCamera.start({ footage: await makeFootage(film), ...options });
}

test.for(['tcp', 'udp'])('ffmpeg gets every picture in order by %s, numbered from 0', async (transport, { expect }) => {
  await using camera = await start({ sound: await makeSound('aac') });
  const ordinals = await ordinalsOf(await record(camera.url, transport));
  expect(ordinals.length).toBeGreaterThan(45);
  expect(ordinals).toEqual(camera.sent.slice(0, ordinals.length));
  expect(camera.sent[0]).toBe(0);
});

const streams: [film: FootageOptions, sound: SoundCodec, aggregate: boolean, seen: string][] = [
  [{ codec: 'h264' }, 'aac', true, 'video,h264,0|audio,aac'],
  [{ codec: 'h264', size: '640x360', megabits: 2 }, 'pcma', false, 'video,h264,0|audio,pcm_alaw'],
  [{ codec: 'h264', bFrames: 2 }, 'pcmu', false, 'video,h264,2|audio,pcm_mulaw'],
  [{ codec: 'h265' }, 'aac', true, 'video,hevc,0|audio,aac'],
  [{ codec: 'h265', size: '640x360', megabits: 2 }, 'aac', false, 'video,hevc,0|audio,aac'],
];

test.for(streams)(
  'ffmpeg decodes %o with %s without a complaint',
  async ([film, sound, aggregate, seen], { expect }) => {
    await using camera = await start({ aggregate, sound: await makeSound(sound) }, film);
    const entries = ['-show_entries', 'stream=codec_type,codec_name,has_b_frames', '-of', 'compact=p=0:nk=1:s=\\,'];
    const probe = ['-v', 'error', '-rtsp_transport', 'tcp', ...entries, camera.url];
    const { stdout } = await run('ffprobe', probe);
    const byType = stdout
      .trim()
      .split('\n')
      .map(line => line.split(','));
    const named = byType.map(([name, type, ...rest]) => [type, name, ...rest].join(','));
    expect(named.join('|')).toBe(seen);
    const decode = ['-v', 'error', '-xerror', '-rtsp_transport', 'tcp', '-i', camera.url, '-t', '1', '-f', 'null', '-'];
    const { stderr } = await run('ffmpeg', decode);
    expect(stderr).toBe('');
  },
);

test.for(['basic', 'digest'] as const)('only who knows the password may watch, by %s', async (scheme, { expect }) => {
  await using camera = await start({ signIn: { user: 'admin', password: 'let me in', schemes: [scheme] } });
  const signedIn = (password: string) => camera.url.replace('://', `://admin:${encodeURIComponent(password)}@`);
  await expect(record(camera.url, 'tcp')).rejects.toThrow('401 Unauthorized');
  await expect(record(signedIn('wrong'), 'tcp')).rejects.toThrow('401 Unauthorized');
  expect((await record(signedIn('let me in'), 'tcp', 1)).length).toBeGreaterThan(1000);
});

test('a transport it does not offer is refused', async ({ expect }) => {
  await using camera = await start({ transports: ['udp'] });
  await expect(record(camera.url, 'tcp')).rejects.toThrow('461');
  expect((await ordinalsOf(await record(camera.url, 'udp', 1))).length).toBeGreaterThan(20);
});

test('what is to happen at a picture happens before it is taken, once', async ({ expect }) => {
  const at: number[] = [];
  const moments = [5, 10].map(atPicture => ({ atPicture, act: () => at.push(camera.sent.length) }));
  await using camera = await start({ moments });
  await record(camera.url, 'tcp', 1);
  expect(at).toEqual([5, 10]);
});

test('a reboot resets connections, refuses new ones for a while, and begins other numbers', async ({ expect }) => {
  const refused = Promise.withResolvers<unknown>();
  const act = (rebooting: ScriptedCamera) => {
    void rebooting.reboot(1_000);
    void once(connect(rebooting.port, '127.0.0.1'), 'connect').then(refused.resolve, refused.resolve);
  };
  await using camera = await start({ moments: [{ atPicture: 20, act }] });
  expect((await ordinalsOf(await record(camera.url, 'tcp', 5))).length).toBeLessThanOrEqual(20);
  expect(await refused.promise).toMatchObject({ code: 'ECONNREFUSED' });
  const again = () => record(camera.url, 'tcp', 1).catch(() => Buffer.alloc(0));
  await expect.poll(async () => (await ordinalsOf(await again()))[0], { timeout: 50_000 }).toBe(20);
});

test('a session that nobody asks for ends by itself', async ({ expect }) => {
  using time = new UnhurriedClock();
  await using camera = await start({ time, sessionTimeoutMs: 2_000 });
  const client = new RawClient(camera.port);
  await client.ask(`DESCRIBE ${camera.url}`);
  await client.ask(`SETUP ${camera.url}/trackID=0`, 'Transport: RTP/AVP/TCP;unicast;interleaved=0-1');
  const session = /Session: (\w+);timeout=2/i.exec(client.text)?.[1];
  await client.ask(`PLAY ${camera.url}`, `Session: ${session}`);
  await expect.poll(() => camera.viewers).toBe(1);
  for (let kept = 0; kept < 5; kept++) {
    await time.sleep(500);
    await client.ask(`GET_PARAMETER ${camera.url}`, `Session: ${session}`);
  }
  expect(camera.viewers).toBe(1);
  await expect.poll(() => camera.connections, { timeout: 50_000 }).toBe(0);
  client.close();
});

test('it leaves no port and no timer behind', async ({ expect }) => {
  const camera = await start();
  const watching = record(camera.url, 'udp', 20).catch(() => 'ended');
  await expect.poll(() => camera.sent.length).toBeGreaterThan(5);
  await camera[Symbol.asyncDispose]();
  const taken = camera.sent.length;
  await watching;
  expect(camera.sent.length).toBe(taken);
  await expect(record(camera.url, 'tcp')).rejects.toThrow('Connection refused');
});

/** Says what it is told and remembers what comes. */
class RawClient {
  text = '';
  readonly #socket;
  #asked = 0;

  constructor(port: number) {
    this.#socket = connect(port, '127.0.0.1');
    this.#socket.on('data', chunk => {
      this.text += chunk.toString('latin1');
    });
    this.#socket.on('error', () => undefined);
  }

  async ask(line: string, ...headers: string[]): Promise<void> {
    const cseq = ++this.#asked;
    this.#socket.write([`${line} RTSP/1.0`, `CSeq: ${cseq}`, ...headers, '', ''].join('\r\n'));
    while (!this.text.includes(`CSeq: ${cseq}\r\n`)) {
      if (this.#socket.destroyed) throw new Error(`The camera left before it answered ${line}`);
      await delay(5);
    }
  }

  close(): void {
    this.#socket.destroy();
  }
}
