// Order over UDP, RTCP both ways, and the figures that receiver reports tell.
import { describe, expect, test } from 'vitest';
import type { RtpPacket } from '../../agent/rtp/packet.ts';
import { Reception } from '../../agent/rtp/reception.ts';
import { Reorder } from '../../agent/rtp/reorder.ts';
import { readRtcp, type SenderReport, writeReceiverReport } from '../../agent/rtp/rtcp.ts';
import { sentByFfmpeg } from '../../scripts/fuzz/rtp-from-ffmpeg.ts';
import { encode } from './real-packets.ts';

function packet(sequence: number, ssrc = 1, timestamp = 0): RtpPacket {
  return { payloadType: 96, marker: false, sequence: sequence & 0xffff, timestamp, ssrc, payload: new Uint8Array(0) };
}

/** The sequence numbers given out after each packet; `at` counts milliseconds. */
function order(
  limits: ConstructorParameters<typeof Reorder>[0],
  arrivals: [sequence: number, atMs: number, ssrc?: number][],
) {
  const reorder = new Reorder(limits);
  const given = arrivals.map(([sequence, atMs, ssrc]) => {
    reorder.push(packet(sequence, ssrc), atMs);
    return taken(reorder, atMs);
  });
  return { reorder, given };
}

function taken(reorder: Reorder, nowMs: number): number[] {
  const sequences: number[] = [];
  for (let next = reorder.take(nowMs); next; next = reorder.take(nowMs)) sequences.push(next.sequence);
  return sequences;
}

describe('order over UDP', () => {
  test('what is in order goes through at once, over the wrap-around too', () => {
    expect(
      order({}, [
        [65_534, 0],
        [65_535, 0],
        [0, 0],
        [1, 0],
      ]).given,
    ).toEqual([[65_534], [65_535], [0], [1]]);
  });

  test('a late packet is waited for, and one that comes twice is left out', () => {
    const { given, reorder } = order({}, [
      [10, 0],
      [12, 1],
      [13, 2],
      [12, 3],
      [11, 4],
      [11, 5],
      [14, 6],
    ]);
    expect(given).toEqual([[10], [], [], [], [11, 12, 13], [], [14]]);
    expect(reorder.dropped).toBe(2);
  });

  test('not for longer than said', () => {
    const { given, reorder } = order({ mostWaitMs: 50 }, [
      [10, 0],
      [12, 10],
      [13, 59],
      [14, 60],
    ]);
    expect(given).toEqual([[10], [], [], [12, 13, 14]]);
    reorder.push(packet(16), 70);
    expect(taken(reorder, 119)).toEqual([]);
    expect(taken(reorder, 120)).toEqual([16]);
  });

  test('not for more packets than said', () => {
    const { given } = order({ mostPackets: 4, mostWaitMs: 1e9 }, [
      [10, 0],
      [12, 0],
      [13, 0],
      [14, 0],
      [15, 0],
      [16, 0],
    ]);
    expect(given).toEqual([[10], [], [], [], [12, 13, 14, 15], [16]]);
  });

  test('a burst of losses larger than the buffer', () => {
    expect(
      order({}, [
        [10, 0],
        [12, 0],
        [1000, 0],
        [1001, 0],
      ]).given,
    ).toEqual([[10], [], [12, 1000], [1001]]);
  });

  test('one stray packet changes nothing; two in a row are a camera that counts anew', () => {
    const { given, reorder } = order({}, [
      [10, 0],
      [40_000, 0],
      [11, 0],
      [30_000, 0],
      [30_001, 0],
      [30_002, 0],
    ]);
    expect(given).toEqual([[10], [], [11], [], [30_001], [30_002]]);
    expect(reorder.dropped).toBe(2);
    const other = order({}, [
      [10, 0, 1],
      [500, 0, 2],
      [501, 0, 2],
      [502, 0, 2],
    ]);
    expect(other.given).toEqual([[10], [], [501], [502]]);
  });

  test('what waits at the end is given out when asked for', () => {
    const { reorder } = order({}, [
      [10, 0],
      [12, 0],
      [14, 0],
    ]);
    expect(taken(reorder, Number.POSITIVE_INFINITY)).toEqual([12, 14]);
  });
});

describe('RTCP', () => {
  test('ffmpeg’s sender reports name its wall clock at a timestamp, and it says goodbye', async () => {
    const media = encode(
      '-f',
      'lavfi',
      '-i',
      'testsrc=size=320x240:duration=1',
      '-pix_fmt',
      'yuv420p',
      '-c:v',
      'libx264',
    ).media;
    const startMs = Date.now();
    const { reports } = await sentByFfmpeg(media, { output: ['-rtpflags', 'send_bye', '-ssrc', '77'] });
    const all = reports.flatMap(readRtcp);
    const [first] = all;
    expect(first).toMatchObject({ type: 'sender-report', ssrc: 77 });
    const { cameraTimeMs = 0 } = first as SenderReport;
    expect(cameraTimeMs).toBeGreaterThan(startMs - 2000);
    expect(cameraTimeMs).toBeLessThan(Date.now() + 2000);
    expect(all.at(-1)).toEqual({ type: 'goodbye', ssrcs: [77] });
  });

  test('a compound packet is read as far as it is whole', () => {
    const report = [0x80, 200, 0, 6, 0, 0, 0, 7, 0xe9, 0x70, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 99, 0, 0, 0, 1, 0, 0, 0, 2];
    const description = [0x81, 202, 0, 2, 0, 0, 0, 7, 1, 1, 65, 0];
    const goodbye = [0x82, 203, 0, 2, 0, 0, 0, 7, 0, 0, 0, 8];
    const bytes = Uint8Array.of(...report, ...description, ...goodbye);
    const cameraTimeMs = (0xe970_0000 - 2_208_988_800) * 1000 + 500;
    const read = { type: 'sender-report', ssrc: 7, cameraTimeMs, ntpMiddle: 0x0000_8000, timestamp: 99 };
    expect(readRtcp(bytes)).toEqual([read, { type: 'goodbye', ssrcs: [7, 8] }]);
    for (let length = 0; length < bytes.length; length++) {
      expect(readRtcp(bytes.subarray(0, length)).length).toBe(length >= report.length ? 1 : 0);
    }
    expect(readRtcp(bytes.subarray(1))).toEqual([]);
  });

  test('a camera without a clock says so with zeros; after 2036 the seconds begin anew', () => {
    const report = (seconds: number[]) =>
      readRtcp(
        Uint8Array.of(0x80, 200, 0, 6, 0, 0, 0, 7, ...seconds, 0, 0, 0, 0, 0, 0, 0, 99, 0, 0, 0, 1, 0, 0, 0, 2),
      )[0];
    expect(report([0, 0, 0, 0])).toMatchObject({ cameraTimeMs: undefined });
    expect(report([0, 0, 0, 1])).toMatchObject({ cameraTimeMs: Date.UTC(2036, 1, 7, 6, 28, 17) });
  });

  test('a receiver report is what the standard says, with a name behind it', () => {
    const block = {
      ssrc: 0xdead_beef,
      fractionLost: 64,
      packetsLost: -2,
      highestSequence: 0x0001_0203,
      jitter: 9,
      lastSenderReport: 0x1234_5678,
      sinceSenderReport: 65_536,
    };
    const bytes = Buffer.from(writeReceiverReport(5, 'edge', [block]));
    const report =
      '81c90007' + '00000005' + 'deadbeef' + '40fffffe' + '00010203' + '00000009' + '12345678' + '00010000';
    const description = '81ca0003' + '00000005' + '0104' + '65646765' + '0000';
    expect(bytes.toString('hex')).toBe(report + description);
    expect(readRtcp(bytes)).toEqual([]);
    expect(writeReceiverReport(5, '', []).length % 4).toBe(0);
  });
});

describe('what receiver reports tell', () => {
  test('losses since the last report and since the beginning, over the wrap-around', () => {
    const reception = new Reception(90_000);
    expect(reception.block(0)).toBeUndefined();
    const sequences = Array.from({ length: 200 }, (_, index) => 65_436 + index).filter(sequence => sequence % 10 !== 0);
    for (const sequence of sequences.slice(0, 90)) reception.note(packet(sequence), 0);
    expect(reception.block(0)).toMatchObject({ fractionLost: 25, packetsLost: 10 });
    for (const sequence of sequences.slice(90)) reception.note(packet(sequence), 0);
    const block = reception.block(0);
    expect(block).toMatchObject({ packetsLost: 20, highestSequence: 65_435 + 200 });
    expect(reception.block(0)).toMatchObject({ fractionLost: 0, packetsLost: 20 });
  });

  test('jitter is that of RFC 3550: none for steady arrivals, a sixteenth of a change at a time', () => {
    const reception = new Reception(1000);
    for (let index = 0; index < 50; index++)
      reception.note(packet(index, 1, (0xffff_fff0 + index * 40) >>> 0), index * 40);
    expect(reception.block(0)?.jitter).toBe(0);
    reception.note(packet(50, 1, (0xffff_fff0 + 50 * 40) >>> 0), 50 * 40 + 160);
    expect(reception.block(0)?.jitter).toBe(10);
  });

  test('when the last sender report came', () => {
    const reception = new Reception(90_000);
    reception.note(packet(1), 0);
    expect(reception.block(0)).toMatchObject({ lastSenderReport: 0, sinceSenderReport: 0 });
    const report: SenderReport = {
      type: 'sender-report',
      ssrc: 1,
      cameraTimeMs: 0,
      ntpMiddle: 0xabcd_0000,
      timestamp: 0,
    };
    reception.noteSenderReport(report, 1000);
    expect(reception.block(3500)).toMatchObject({ lastSenderReport: 0xabcd_0000, sinceSenderReport: 2.5 * 65_536 });
  });

  test('a camera that counts anew has lost nothing', () => {
    const reception = new Reception(90_000);
    for (let sequence = 0; sequence < 10; sequence++) reception.note(packet(sequence), 0);
    for (let sequence = 30_000; sequence < 30_010; sequence++) reception.note(packet(sequence), 0);
    expect(reception.block(0)).toMatchObject({ packetsLost: 0, highestSequence: 30_009 });
  });
});
