// Packets lost, doubled and out of order by a seeded generator: what comes out is whole and right, and what is missing is
// counted.
import { describe, expect, test } from 'vitest';
import type { RtpPacket } from '../../agent/rtp/packet.ts';
import { Reorder } from '../../agent/rtp/reorder.ts';
import type { RealStream } from '../../scripts/fuzz/rtp-from-ffmpeg.ts';
import { seededRandom } from '../../scripts/fuzz/seeded-random.ts';
import { bytesOf, depacketize, depacketizer, movedBy, parsed } from './depacketize.ts';
import { encode, packedByGstreamer } from './real-packets.ts';

const picture = ['-f', 'lavfi', '-i', 'testsrc=size=640x360:rate=25:duration=4', '-pix_fmt', 'yuv420p'];
const tone = ['-f', 'lavfi', '-i', 'sine=sample_rate=48000:duration=4'];
const aac = ['-ac', '2', '-c:a', 'aac', '-b:a', '320k'];
const x264 = (parameters: string) => ['-c:v', 'libx264', '-x264-params', `repeat-headers=1:keyint=25:${parameters}`];
const x265 = ['-c:v', 'libx265', '-x265-params', 'log-level=error:keyint=25:repeat-headers=1:bframes=2'];
const mjpeg = ['-c:v', 'mjpeg', '-huffman', 'default', '-pix_fmt', 'yuvj420p', '-q:v', '9'];

const streams: [string, string[], string][] = [
  ['H.264', [...picture, ...x264('bframes=0')], 'rtph264pay mtu=300'],
  ['H.264 of four slices', [...picture, ...x264('bframes=2:slices=4')], 'rtph264pay mtu=200 aggregate-mode=max-stap'],
  ['H.264 with delimiters', [...picture, ...x264('bframes=0:aud=1')], 'rtph264pay mtu=300'],
  ['H.265', [...picture, ...x265], 'rtph265pay mtu=300 aggregate-mode=max'],
  ['AAC', [...tone, ...aac], 'rtpmp4gpay mtu=200'],
  ['AAC as LATM', [...tone, ...aac], 'rtpmp4apay mtu=200'],
  ['JPEG', [...picture, ...mjpeg], 'rtpjpegpay mtu=600'],
];

/** Packets of the first pictures, which show how this camera begins them. */
const learning = 80;

describe.each(streams)('%s', (_, encoder, payloader) => {
  const { format, packets: bytes }: RealStream = packedByGstreamer(encode(...encoder).media, payloader);
  // Sequence numbers and timestamps begin anew in the middle of it.
  const all = parsed(bytes);
  const [first] = all;
  if (!first) throw new Error('no packets');
  const packets = movedBy(all, 0xff80 - first.sequence, 0xffff_0000 - first.timestamp);
  const whole = new Map(depacketize(depacketizer(format), packets).map(unit => [unit.timestamp, bytesOf([unit])[0]]));

  test.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'one packet of fifty lost: no unit is damaged, none that was not hit is missing (seed %i)',
    seed => {
      const random = seededRandom(seed);
      // Neighbours could be the end of one unit and the whole of the next, of which nobody would know.
      const mayBeLost = (index: number) => index >= learning && index % 2 === 1 && index < packets.length - 1;
      const kept = packets.filter((_, index) => !mayBeLost(index) || random() > 0.04);
      const hit = new Set(packets.filter(packet => !kept.includes(packet)).map(packet => packet.timestamp));
      const made = depacketizer(format);
      const units = depacketize(made, kept);
      for (const unit of units) expect(bytesOf([unit])[0]).toBe(whole.get(unit.timestamp));
      expect(units.map(unit => unit.timestamp)).toEqual([...whole.keys()].filter(timestamp => !hit.has(timestamp)));
      expect(made.lostPackets).toBe(packets.length - kept.length);
      expect(made.lostUnits).toBe(hit.size);
    },
  );

  test.each([1, 2, 3])('whole stretches lost: what comes after them is right again (seed %i)', seed => {
    const random = seededRandom(seed);
    const kept = withoutStretches(packets, random);
    const made = depacketizer(format);
    const units = depacketize(made, kept);
    for (const unit of units) expect(bytesOf([unit])[0]).toBe(whole.get(unit.timestamp));
    expect(units.length).toBeGreaterThan(whole.size * 0.3);
    expect(made.lostUnits).toBeGreaterThan(0);
    expect(units.length + made.lostUnits).toBeLessThanOrEqual(whole.size);
  });

  test.each([1, 2, 3])('late, doubled and out of order: nothing is missing (seed %i)', seed => {
    const random = seededRandom(seed);
    const doubled = packets.flatMap(packet => (random() < 0.1 ? [packet, packet] : [packet]));
    const places = doubled.map((_, index) => index + random() * 12);
    const mixed = doubled.map((_, index) => index).sort((a, b) => (places[a] ?? 0) - (places[b] ?? 0));
    const arriving = mixed.flatMap(index => doubled[index] ?? []);
    const reorder = new Reorder({ mostPackets: 32, mostWaitMs: 100 });
    const ordered: RtpPacket[] = [];
    // The first one says where the count begins.
    for (const [index, packet] of [...packets.slice(0, 1), ...arriving].entries()) {
      reorder.push(packet, index);
      for (let next = reorder.take(index); next; next = reorder.take(index)) ordered.push(next);
    }
    for (let next = reorder.take(Infinity); next; next = reorder.take(Infinity)) ordered.push(next);
    expect(ordered.map(packet => packet.sequence)).toEqual(packets.map(packet => packet.sequence));
    expect(reorder.dropped).toBe(doubled.length - packets.length + 1);
    const made = depacketizer(format);
    expect(depacketize(made, ordered)).toHaveLength(whole.size);
    expect(made.lostUnits).toBe(0);
  });
});

function withoutStretches(packets: readonly RtpPacket[], random: () => number): RtpPacket[] {
  let lostUpTo = 0;
  return packets.filter((_, index) => {
    if (index > learning && index >= lostUpTo && random() < 0.02) lostUpTo = index + 1 + Math.floor(random() * 40);
    return index >= lostUpTo;
  });
}
