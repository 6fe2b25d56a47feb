// What ffmpeg and GStreamer pack into RTP comes out as it went in, unit by unit and byte by byte, for every codec.
import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { inBandSets } from '../../agent/codec/parameter-sets.ts';
import { scanFragment } from '../../agent/matroska/scan.ts';
import type { AccessUnit } from '../../agent/rtp/depacketizer.ts';
import { type RealStream, sentByFfmpeg } from '../../scripts/fuzz/rtp-from-ffmpeg.ts';
import { bytesOf, depacketize, depacketizer, movedBy, parsed } from './depacketize.ts';
import { encode, type Original, packedByGstreamer, recordedByGstreamer } from './real-packets.ts';

const picture = ['-f', 'lavfi', '-i', 'testsrc=size=640x360:rate=25:duration=1.2', '-pix_fmt', 'yuv420p'];
const tone = ['-f', 'lavfi', '-i', 'sine=sample_rate=16000:duration=1'];
const x264 = (parameters: string) => ['-c:v', 'libx264', '-x264-params', `repeat-headers=1:keyint=10:${parameters}`];
const x265 = (parameters: string) => ['-c:v', 'libx265', '-x265-params', `log-level=error:keyint=10:${parameters}`];

type Sender = (media: Uint8Array) => Promise<RealStream> | RealStream;
const ffmpeg =
  (...options: string[]): Sender =>
  media =>
    sentByFfmpeg(media, { output: options });
const gstreamer =
  (payloader: string): Sender =>
  media =>
    packedByGstreamer(media, payloader);

function clock(frames: readonly { timecodeMs: number }[]): number[] {
  return frames.map(({ timecodeMs }) => timecodeMs - (frames[0]?.timecodeMs ?? 0));
}

function unitClock(units: readonly AccessUnit[], clockRate: number): number[] {
  return units.map(({ timestamp }) => Math.round((((timestamp - (units[0]?.timestamp ?? 0)) | 0) * 1000) / clockRate));
}

const videos: [string, string[], [string, Sender][]][] = [
  [
    'H.264',
    x264('bframes=0'),
    [
      ['ffmpeg', ffmpeg()],
      ['GStreamer', gstreamer('rtph264pay mtu=1400')],
    ],
  ],
  [
    'H.264 of four slices, with delimiters and B-frames',
    x264('bframes=2:slices=4:aud=1'),
    [
      ['ffmpeg', ffmpeg()],
      ['GStreamer, aggregated', gstreamer('rtph264pay mtu=400 aggregate-mode=max-stap')],
    ],
  ],
  [
    'H.264 of slices that fit a packet',
    x264('bframes=0:slice-max-size=1200'),
    [
      ['ffmpeg, packetization mode 0', ffmpeg('-rtpflags', 'h264_mode0')],
      ['GStreamer, aggregated without delay', gstreamer('rtph264pay aggregate-mode=zero-latency')],
    ],
  ],
  [
    'H.265 with B-frames',
    x265('repeat-headers=1:bframes=2'),
    [
      ['ffmpeg', ffmpeg()],
      ['GStreamer, aggregated', gstreamer('rtph265pay mtu=700 aggregate-mode=max')],
    ],
  ],
];

describe.each(videos)('%s', (_, encoder, senders) => {
  const original = encode(...picture, ...encoder);
  describe.each(senders)('from %s', (_, send) => {
    test('comes out as it was packed: bytes, key frames, times, parameter sets', async () => {
      const { format, packets } = await send(original.media);
      const made = depacketizer(format);
      const units = depacketize(made, parsed(packets));
      expect(bytesOf(units)).toEqual(bytesOf(original.frames));
      expect(units.map(unit => unit.keyFrame)).toEqual(original.frames.map(frame => frame.keyFrame));
      expect(unitClock(units, format.clockRate)).toEqual(clock(original.frames));
      expect(made.track).toMatchObject({ type: 'video', number: 1, width: 640, height: 360 });
      expect({ units: made.lostUnits, packets: made.lostPackets }).toEqual({ units: 0, packets: 0 });
    });
  });
});

describe('parameter sets', () => {
  test.each([['h264', x264('bframes=0')] as const, ['h265', x265('repeat-headers=1:bframes=0')] as const])(
    '%s: known from the description at once, or else from the first ones in band',
    async (codec, encoder) => {
      const original = encode(...picture, ...encoder);
      const { format, packets } = await sentByFfmpeg(original.media);
      const described = depacketizer(format);
      expect(described.track).toMatchObject({ codecId: original.track.codecId, width: 640, height: 360 });
      const bare = depacketizer({ ...format, parameters: new Map() });
      expect(bare.track).toBeUndefined();
      depacketize(bare, parsed(packets));
      expect(bare.track).toMatchObject({ codecId: original.track.codecId, width: 640, height: 360 });
      const [first] = original.frames;
      expect(inBandSets(codec, first?.data ?? new Uint8Array(0), 4).length).toBeGreaterThan(1);
      if (codec === 'h264')
        expect(Buffer.from(bare.track?.codecPrivate ?? [])).toEqual(Buffer.from(original.track.codecPrivate));
    },
  );

  test('another size in the middle of the stream changes the track', async () => {
    const small = encode(...picture, ...x264('bframes=0'));
    const large = encode(
      '-f',
      'lavfi',
      '-i',
      'testsrc=size=1280x720:duration=0.4',
      '-pix_fmt',
      'yuv420p',
      ...x264('bframes=0'),
    );
    const [before, after] = await Promise.all([sentByFfmpeg(small.media), sentByFfmpeg(large.media)]);
    const made = depacketizer(before.format);
    const first = parsed(before.packets);
    const [end] = first.slice(-1);
    depacketize(made, first);
    const beforeChange = made.track;
    const second = parsed(after.packets);
    const [start] = second;
    if (!end || !start) throw new Error('no packets');
    const joined = movedBy(second, end.sequence + 1 - start.sequence, end.timestamp + 3600 - start.timestamp);
    const units = depacketize(
      made,
      joined.map(packet => ({ ...packet, ssrc: end.ssrc })),
    );
    expect(bytesOf(units)).toEqual(bytesOf(large.frames));
    expect(beforeChange).toMatchObject({ width: 640, height: 360 });
    expect(made.track).toMatchObject({ width: 1280, height: 720 });
    expect(made.lostUnits).toBe(0);
  });
});

describe('AAC', () => {
  const original = encode(...tone, '-c:a', 'aac');
  const stereo = encode(...tone, '-ar', '48000', '-ac', '2', '-c:a', 'aac', '-b:a', '320k');
  test.each([
    ['several units a packet, from ffmpeg', original, ffmpeg()],
    ['a unit a packet, from GStreamer', original, gstreamer('rtpmp4gpay')],
    ['a unit over several packets, from GStreamer', stereo, gstreamer('rtpmp4gpay mtu=200')],
    ['as LATM, from ffmpeg', original, ffmpeg('-rtpflags', 'latm')],
    ['as LATM, from GStreamer', original, gstreamer('rtpmp4apay')],
    ['as LATM over several packets, from GStreamer', stereo, gstreamer('rtpmp4apay mtu=200')],
  ])('%s', async (_, { media, frames, track }: Original, send: Sender) => {
    const { format, packets } = await send(media);
    const made = depacketizer(format);
    const units = depacketize(made, parsed(packets));
    // ffmpeg leaves the units of its last packet unsent.
    expect(units.length).toBeGreaterThan(frames.length - 4);
    expect(bytesOf(units)).toEqual(bytesOf(frames).slice(0, units.length));
    const [start = 0] = units.map(unit => unit.timestamp);
    // GStreamer stamps by Matroska's times, which are whole milliseconds.
    const offTicks = units.map((unit, index) => Math.abs(((unit.timestamp - start) | 0) - index * 1024));
    expect(Math.max(...offTicks)).toBeLessThanOrEqual(format.clockRate / 1000);
    expect(made.track).toMatchObject({ codecId: 'A_AAC', sampleRate: format.clockRate });
    expect(Buffer.from(track.codecPrivate).indexOf(made.track?.codecPrivate ?? 'none')).toBe(0);
    expect(made.lostUnits).toBe(0);
  });
});

test('AAC as LATM that says in band how it is coded, and is shifted by some bits', () => {
  const original = encode(...tone, '-c:a', 'aac');
  const args = ['-v', 'error', '-f', 'matroska', '-i', 'pipe:0', '-c', 'copy', '-f', 'latm', 'pipe:1'];
  const stream = execFileSync('ffmpeg', args, { input: original.media });
  // LOAS: eleven bits of 0x2b7, thirteen of length, then what RTP has in its packets.
  const elements: Uint8Array[] = [];
  for (let at = 0; at + 3 <= stream.length; ) {
    const end = at + 3 + (stream.readUInt16BE(at + 1) & 0x1fff);
    elements.push(stream.subarray(at + 3, end));
    at = end;
  }
  const format = { type: 'audio', payloadType: 96, encoding: 'MP4A-LATM', clockRate: 16_000, channels: 1 } as const;
  const made = depacketizer({ ...format, parameters: new Map() });
  expect(made.track).toBeUndefined();
  const packets = elements.map((payload, sequence) => {
    return { payloadType: 96, marker: true, sequence, timestamp: sequence * 1024, ssrc: 1, payload };
  });
  const units = depacketize(made, packets);
  expect(bytesOf(units)).toEqual(bytesOf(original.frames));
  expect(made.track).toMatchObject({ codecId: 'A_AAC', sampleRate: 16_000, channels: 1 });
});

describe('G.711', () => {
  test.each([
    ['pcm_alaw', 'rtppcmapay'],
    ['pcm_mulaw', 'rtppcmupay'],
  ])('%s: every sample, in tenths of a second', async (encoder, payloader) => {
    const original = encode(...tone, '-ar', '8000', '-c:a', encoder);
    for (const stream of [await sentByFfmpeg(original.media), packedByGstreamer(original.media, payloader)]) {
      const made = depacketizer(stream.format);
      const units = depacketize(made, parsed(stream.packets));
      const all = (list: readonly { data: Uint8Array }[]) => Buffer.concat(list.map(({ data }) => data));
      expect(all(units)).toEqual(all(original.frames));
      for (const unit of units.slice(0, -1)) expect(unit.data.length).toBeGreaterThanOrEqual(800);
      expect(units.length).toBeLessThanOrEqual(10);
      const [start = 0] = units.map(unit => unit.timestamp);
      let samples = 0;
      for (const unit of units) {
        expect((unit.timestamp - start) >>> 0).toBe(samples);
        samples += unit.data.length;
      }
      expect(made.track).toEqual(original.track);
    }
  });
});

test('Opus: one packet is one unit', async () => {
  const original = encode(...tone, '-c:a', 'libopus', '-ar', '48000', '-ac', '2');
  for (const stream of [await sentByFfmpeg(original.media), packedByGstreamer(original.media, 'rtpopuspay')]) {
    const made = depacketizer(stream.format);
    expect(bytesOf(depacketize(made, parsed(stream.packets)))).toEqual(bytesOf(original.frames));
    expect(made.track).toEqual(original.track);
  }
});

describe('JPEG', () => {
  // No more than waits in a socket that nobody reads for a while.
  const few = ['-f', 'lavfi', '-i', 'testsrc=size=640x360:rate=25:duration=0.4'];
  const encoder = ['-c:v', 'mjpeg', '-huffman', 'default', '-pix_fmt', 'yuvj420p'];
  /** A checksum of each picture as ffmpeg decodes it. */
  const pictures = (jpegs: readonly { data: Uint8Array }[]) =>
    execFileSync('ffmpeg', ['-v', 'error', '-f', 'mjpeg', '-i', 'pipe:0', '-f', 'framemd5', 'pipe:1'], {
      input: Buffer.concat(jpegs.map(({ data }) => data)),
      encoding: 'utf8',
    }).match(/[0-9a-f]{32}/g);

  test.each([
    ['ffmpeg, quality in steps', ['-q:v', '5'], ffmpeg()],
    ['ffmpeg, at its best', ['-q:v', '2'], ffmpeg()],
    ['GStreamer, tables in the first packet', ['-q:v', '9'], gstreamer('rtpjpegpay')],
  ])('from %s: the same pictures', async (_, quality, send: Sender) => {
    const original = encode(...few, ...encoder, ...quality);
    const { format, packets } = await send(original.media);
    const made = depacketizer(format);
    const units = depacketize(made, parsed(packets));
    expect(units).toHaveLength(original.frames.length);
    expect(pictures(units)).toEqual(pictures(original.frames));
    expect(made.track).toEqual(original.track);
    expect(made.lostUnits).toBe(0);
  });

  test('with colours sampled 4:2:2, from GStreamer', () => {
    const source = 'videotestsrc num-buffers=5 ! video/x-raw,format=Y42B,width=320,height=240 ! jpegenc';
    const media = recordedByGstreamer(source);
    const { format, packets } = packedByGstreamer(media, 'rtpjpegpay');
    const units = depacketize(depacketizer(format), parsed(packets));
    expect(packets[0]?.[16]).toBe(0);
    expect(pictures(units)).toEqual(pictures(scanFragment(media).frames));
  });
});
