// HLS in transport streams: what players nobody here wrote make of them, and what is refused.
import {
  GetHLSStreamingSessionURLCommand,
  type GetHLSStreamingSessionURLInput,
  KinesisVideoArchivedMediaClient,
} from '@aws-sdk/client-kinesis-video-archived-media';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../agent/clock.ts';
import type { Frame } from '../../agent/matroska/track.ts';
import { aac, h264, h264WithBFrames, h265, makeMatroska } from '../matroska/ffmpeg-oracle.ts';
import {
  accessKeyId,
  countFrames,
  dataUrl,
  decodedPictures,
  type Footage,
  footageOf,
  mediaPlaylistUrl,
  record,
  run,
  type Stage,
  secretAccessKey,
  startStage,
} from './hls-stage.ts';

const withSound = footageOf(makeMatroska({ seconds: 4, video: h264, audio: [...aac, '-ar', '48000'] }));

let stage: Stage;
beforeAll(async () => {
  stage = await startStage(systemClock);
});
afterAll(() => stage[Symbol.asyncDispose]());

/** A new stream with the footage, and the address that plays all of it, by the AWS SDK for JavaScript. */
async function recorded(name: string, footage: Footage, more: GetHLSStreamingSessionURLInput = {}) {
  const { startMs, selector } = await record(stage, name, footage);
  const { StartTimestamp, EndTimestamp } = selector.TimestampRange;
  const client = new KinesisVideoArchivedMediaClient({
    ...{ region: 'us-west-2', endpoint: stage.url, credentials: { accessKeyId, secretAccessKey }, maxAttempts: 1 },
  });
  const input: GetHLSStreamingSessionURLInput = {
    ...{ StreamName: name, ContainerFormat: 'MPEG_TS', PlaybackMode: 'ON_DEMAND' },
    HLSFragmentSelector: {
      FragmentSelectorType: 'PRODUCER_TIMESTAMP',
      TimestampRange: { StartTimestamp: new Date(StartTimestamp * 1000), EndTimestamp: new Date(EndTimestamp * 1000) },
    },
    ...more,
  };
  const { HLSStreamingSessionURL: url = '' } = await client.send(new GetHLSStreamingSessionURLCommand(input));
  client.destroy();
  return { startMs, url };
}

function ofTrack({ fragments }: Footage, trackNumber: number): Frame[] {
  return fragments.flat().filter(frame => frame.trackNumber === trackNumber);
}

/** Of every packet of one kind, in order of appearance. Throws when ffprobe warns of anything. */
async function packets(url: string, kind: 'v' | 'a'): Promise<{ pts: number; flags: string }[]> {
  const show = ['-select_streams', kind, '-show_entries', 'packet=pts,flags', '-of', 'csv=p=0'];
  const { stdout, stderr } = await run('ffprobe', ['-v', 'warning', ...show, url]);
  if (stderr !== '') throw new Error(`ffprobe: ${stderr}`);
  return stdout
    .split('\n')
    .filter(line => line !== '')
    .map(line => line.split(','))
    .map(([pts, flags = '']) => ({ pts: Number(pts), flags }));
}

/** Ticks of 90 kHz in the 33 bits a transport stream has for them. */
function inStream(ms: number): number {
  return Number(BigInt.asUintN(33, BigInt(Math.round(ms * 90))));
}

describe('ON_DEMAND', () => {
  test('ffprobe plays every frame of H.264 and AAC from one playlist, at the time it was filmed', async () => {
    const { url, startMs } = await recorded('with-sound', withSound);
    const [video, audio] = [ofTrack(withSound, 1), ofTrack(withSound, 2)];
    expect(await countFrames(url)).toEqual({ h264: video.length, aac: audio.length });
    const [pictures, sounds] = await Promise.all([packets(url, 'v'), packets(url, 'a')]);
    expect(pictures.map(({ pts }) => pts)).toEqual(video.map(frame => inStream(startMs + frame.timecodeMs)));
    expect(pictures.map(({ flags }) => flags.includes('K'))).toEqual(video.map(frame => frame.keyFrame));
    sounds.forEach(({ pts }, index) => {
      const filmed = inStream(startMs + (audio[index]?.timecodeMs ?? 0));
      expect(Math.abs(pts - filmed) / 90).toBeLessThan(2);
    });
  });

  test('pictures that are decoded before their turn keep their times', async () => {
    const media = makeMatroska({ seconds: 2, video: h264WithBFrames });
    const footage = footageOf(media);
    const { url, startMs } = await recorded('b-frames', footage);
    expect(await decodedPictures(url)).toEqual(await decodedPictures(dataUrl(media)));
    const pts = (await packets(url, 'v')).map(packet => packet.pts);
    expect(pts).toEqual(ofTrack(footage, 1).map(frame => inStream(startMs + frame.timecodeMs)));
    expect(pts).not.toEqual(pts.toSorted((a, b) => a - b));
  });

  test('sound without pictures is played', async () => {
    const { tracks, fragments } = withSound;
    const frames = fragments.map(fragment => fragment.filter(frame => frame.trackNumber === 2));
    const { url } = await recorded('sound', {
      tracks: tracks.filter(track => track.type === 'audio'),
      fragments: frames,
    });
    expect(await countFrames(url)).toEqual({ aac: ofTrack(withSound, 2).length });
  });

  test('the playlists name segments of all tracks, and no init segment', async () => {
    const { url } = await recorded('listed', withSound, {
      DisplayFragmentTimestamp: 'ALWAYS',
      DiscontinuityMode: 'ALWAYS',
    });
    const master = await (await fetch(url)).text();
    expect(master).toMatch(/CODECS="avc1\.\w{6},mp4a\.40\.2",RESOLUTION=160x120,FRAME-RATE=\d+\.\d\d,BANDWIDTH=\d+\n/);
    expect(master).not.toContain('EXT-X-MEDIA');
    const playlist = await (await fetch(await mediaPlaylistUrl(url))).text();
    expect(playlist).toContain('#EXT-X-VERSION:3\n');
    expect(playlist).not.toContain('EXT-X-MAP');
    expect(playlist.match(/^#EXT-X-DISCONTINUITY$/gm)).toHaveLength(4);
    expect(playlist.match(/^#EXT-X-PROGRAM-DATE-TIME/gm)).toHaveLength(4);
    const segments = playlist.match(/^getTSFragment\.ts\?FragmentNumber=\d{47}&SessionToken=[\w-]{100,}~$/gm) ?? [];
    expect(segments).toHaveLength(4);
    const segment = await fetch(new URL(segments[0] ?? '', url));
    expect(segment.headers.get('content-type')).toBe('video/mp2t');
    expect(segment.headers.get('access-control-allow-origin')).toBe('*');
    // What this session makes available is transport streams only.
    const init = await fetch(new URL(`getMP4InitFragment.mp4?TrackNumber=1&${new URL(url).search.slice(1)}`, url));
    expect(init.status).toBe(400);
  });
});

describe('refused', () => {
  test('H.265: a transport stream carries H.264 and AAC', async () => {
    const footage = footageOf(makeMatroska({ seconds: 1, video: [...h265, '-bf', '0'] }));
    await expect(recorded('h265', footage)).rejects.toMatchObject({
      name: 'UnsupportedStreamMediaTypeException',
      message: expect.stringContaining('V_MPEGH/ISO/HEVC'),
    });
  });

  test.each([
    {
      name: 'frames whose lengths do not fit',
      data: Uint8Array.of(0, 0, 9, 9, 0x65, 1),
      type: 'InvalidMediaFrameException',
    },
    { name: 'a frame with nothing in it', data: Uint8Array.of(0, 0, 0, 0), type: 'InvalidMediaFrameException' },
  ])('$name', async ({ name, data, type }) => {
    const stream = name.replaceAll(' ', '-');
    const video = withSound.tracks.filter(track => track.type === 'video');
    const frames = [{ trackNumber: 1, timecodeMs: 0, keyFrame: true, data }];
    const { url } = await recorded(stream, { tracks: video, fragments: [frames] });
    const playlist = await (await fetch(await mediaPlaylistUrl(url))).text();
    const answer = await fetch(new URL(playlist.match(/^getTSFragment.*$/m)?.[0] ?? '', url));
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ __type: type });
  });
});
