// Both sources against a real RTSP server: the agent's own reader, and a real ffmpeg between them.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, test } from 'vitest';
import { ownAddress } from '../discovery/own-addresses.ts';
import { noisyClip, shortClip, startCamera } from '../pretend-camera/running-camera.ts';
import { Following, shortTimings } from './following.ts';

const clip = await shortClip();
const waiting = { timeout: 50_000, interval: 50 };

describe.concurrent.each(['native', 'ffmpeg'] as const)('by %s', reader => {
  test('ten seconds of a camera arrive whole: no picture is missing and none comes twice', async ({ expect }) => {
    const folder = await mkdtemp(join(tmpdir(), 'rtsp-source-'));
    const log = join(folder, 'sent.jsonl');
    await using camera = await startCamera(['--video', clip, '--gop', '1', '--sent-log', log]);
    await using following = new Following({ reader, url: camera.url });
    await expect.poll(() => following.ordinals.length, waiting).toBeGreaterThanOrEqual(100);
    await following.stop();
    // Its log is whole when it has ended.
    await camera.stop();
    const sent = (await readFile(log, 'utf8'))
      .trim()
      .split('\n')
      .map(line => Number(JSON.parse(line).ordinal));
    await rm(folder, { recursive: true });
    expect(following.ordinals).toEqual(sent.slice(0, following.ordinals.length));
    expect(following.stateNames).toEqual(['starting', 'live']);
    const [first] = following.items;
    expect(first?.type === 'tracks' && first.tracks.map(track => track.codecId)).toEqual(['V_MPEG4/ISO/AVC', 'A_AAC']);
    const pictures = following.items.flatMap(item =>
      item.type === 'frame' && item.frame.trackNumber === 1 ? [item.frame] : [],
    );
    expect(pictures[0]?.keyFrame).toBe(true);
    expect(pictures.filter(picture => picture.keyFrame).length).toBeGreaterThanOrEqual(10);
  });

  test('sound that is not AAC becomes AAC, and is left out when the setting says so', async ({ expect }) => {
    await using camera = await startCamera(['--video', clip, '--gop', '1', '--g711']);
    await using encoding = new Following({ reader, url: camera.url, audio: 'aac' });
    await using silent = new Following({ reader, url: camera.url, audio: 'off' });
    await expect.poll(() => Math.min(encoding.ordinals.length, silent.ordinals.length), waiting).toBeGreaterThan(5);
    const [[picture, sound] = []] = encoding.tracks;
    expect(picture?.codecId).toBe('V_MPEG4/ISO/AVC');
    expect(sound).toMatchObject({ type: 'audio', codecId: 'A_AAC', sampleRate: 8000, channels: 1 });
    expect(encoding.tracks.length).toBe(1);
    expect(silent.tracks.flat().map(track => track.type)).toEqual(['video']);
    expect([...encoding.stateNames, ...silent.stateNames]).toEqual(['starting', 'live', 'starting', 'live']);
  });

  test('a camera that says nothing of its picture before the next key frame is understood all the same', async ({
    expect,
  }) => {
    // Its first key frame is over when ffmpeg comes, and more than a short look goes by before the next one.
    await using camera = await startCamera(['--video', await noisyClip(), '--gop', '3', '--join-anywhere']);
    await using following = new Following({ reader, url: camera.url });
    await expect.poll(() => following.ordinals.length, waiting).toBeGreaterThan(20);
    const { ordinals } = following;
    expect(ordinals).toEqual(ordinals.map((_, index) => (ordinals[0] ?? Number.NaN) + index));
    expect(following.problems).toEqual([]);
  });

  test('a camera that is switched off and on again is followed again within seconds, as a new session', async ({
    expect,
  }) => {
    // Nobody else takes its port while it is away.
    const options = ['--video', clip, '--gop', '1', '--listen', ownAddress(reader === 'native' ? 1 : 2)];
    const camera = await startCamera(options);
    await using following = new Following({ reader, url: camera.url });
    await expect.poll(() => following.ordinals.length, waiting).toBeGreaterThan(5);
    await camera.stop('SIGKILL');
    await expect.poll(() => following.problems.map(error => error.code), waiting).toContain('camera-unreachable');
    expect(following.problems[0]?.code).toBe('camera-ended');
    await using again = await startCamera([...options, '--port', String(camera.port)]);
    const ended = following.items.findIndex(({ type }) => type === 'end');
    await expect.poll(() => following.items.length, waiting).toBeGreaterThan(ended + 6);
    expect(Math.max(...following.waitsMs)).toBeLessThanOrEqual(15_000);
    expect(following.items[ended + 1]?.type).toBe('tracks');
    expect(following.stateNames.lastIndexOf('live')).toBeGreaterThan(following.stateNames.indexOf('offline'));
    await expect.poll(() => again.events.length, waiting).toBeGreaterThan(1);
  });

  test('a camera that hangs is noticed, and followed again when it goes on', async ({ expect }) => {
    await using camera = await startCamera(['--video', clip, '--gop', '1']);
    await using following = new Following({ reader, url: camera.url }, shortTimings[reader]);
    await expect.poll(() => following.ordinals.length, waiting).toBeGreaterThan(5);
    camera.signal('SIGSTOP');
    await expect.poll(() => following.problems.at(-1)?.code, waiting).toBe('camera-stalled');
    expect(following.stateNames.at(-1)).toBe('offline');
    await delay(2_000);
    camera.signal('SIGCONT');
    await expect.poll(() => following.stateNames.at(-1), waiting).toBe('live');
    const { ordinals } = following;
    expect(new Set(ordinals).size).toBe(ordinals.length);
  });
});
