// The depacketisers, the reorder buffer and the timeline: whatever packets come, they throw nothing, give out whole units
// only, no more bytes than came, and no time before the beginning. When packets were only lost, doubled or late, every
// unit is one that was sent.
import { execFileSync } from 'node:child_process';
import { nalType, nalUnits } from '../../agent/codec/nal.ts';
import { depacketizerFor } from '../../agent/rtp/choose-depacketizer.ts';
import type { AccessUnit } from '../../agent/rtp/depacketizer.ts';
import type { MediaFormat } from '../../agent/rtp/media-format.ts';
import { type RtpPacket, readRtpPacket } from '../../agent/rtp/packet.ts';
import { Reorder } from '../../agent/rtp/reorder.ts';
import { Timeline } from '../../agent/rtp/timeline.ts';
import { mutateBytes } from './mutate-bytes.ts';
import { sentByFfmpeg } from './rtp-from-ffmpeg.ts';
import { below, demand, oneOf, type Random, type Target } from './target.ts';

type Sample = {
  format: MediaFormat;
  packets: Uint8Array[] /** By timestamp: what came of the packets as they were. */;
  units: Map<number, Buffer[]>;
};
type Outcome = { units: AccessUnit[]; lostUnits: number };

/** Tables, sizes and all that RFC 2435 leaves out of a JPEG. */
const jpegHeaderBytes = 1000;
const packetBytes = 150;

export async function rtpTarget(): Promise<Target> {
  const samples = await rtpSamples();
  return {
    feed(random) {
      const sample = oneOf(samples, random);
      const damaged = random() < 0.7;
      const lossy = onTheWay(sample.packets, random);
      const sent = damaged ? lossy.map(bytes => (random() < 0.2 ? damagedPacket(bytes, random) : bytes)) : lossy;
      const format =
        damaged && random() < 0.2 ? { ...sample.format, parameters: oddParameters(sample, random) } : sample.format;
      const { units, lostUnits } = outcomeOf(format, sent, random() < 0.5);
      demandWhole(format, units, sent);
      // Whoever joins in the middle of the first unit cannot know what came before.
      if (!damaged) for (const unit of units.slice(1)) demandSent(sample, unit);
      const how = units.length === 0 ? 'nothing' : lostUnits > 0 ? 'some lost' : 'all';
      return `${sample.format.encoding} ${how}`;
    },
    async [Symbol.asyncDispose]() {},
  };
}

async function rtpSamples(): Promise<Sample[]> {
  const picture = ['-f', 'lavfi', '-i', 'testsrc=size=64x48:rate=25:duration=0.4', '-pix_fmt', 'yuv420p'];
  const tone = ['-f', 'lavfi', '-i', 'sine=sample_rate=8000:duration=0.6'];
  const x264 = [
    ...picture,
    '-c:v',
    'libx264',
    '-preset',
    'ultrafast',
    '-x264-params',
    'repeat-headers=1:keyint=4:slices=2',
    '-bf',
    '1',
  ];
  const x265 = [
    ...picture,
    '-c:v',
    'libx265',
    '-preset',
    'ultrafast',
    '-x265-params',
    'log-level=none:info=0:repeat-headers=1:keyint=4',
  ];
  const mjpeg = [...picture, '-c:v', 'mjpeg', '-huffman', 'default', '-pix_fmt', 'yuvj420p'];
  const streams: [encoder: string[], output?: string[]][] = [
    [x264],
    [x265],
    [mjpeg],
    [[...tone, '-c:a', 'aac']],
    [
      [...tone, '-c:a', 'aac'],
      ['-rtpflags', 'latm'],
    ],
    [[...tone, '-c:a', 'pcm_alaw']],
    [[...tone, '-c:a', 'libopus', '-ar', '48000', '-b:a', '16k']],
  ];
  const samples: Sample[] = [];
  for (const [encoder, output = []] of streams) {
    const args = ['-v', 'error', '-nostdin', ...encoder, '-f', 'matroska', 'pipe:1'];
    const media = execFileSync('ffmpeg', args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const { format, packets } = await sentByFfmpeg(media, { packetBytes, output });
    beginAtZero(packets);
    const units = Map.groupBy(outcomeOf(format, packets, false).units, unit => unit.timestamp);
    samples.push({
      format,
      packets,
      units: new Map([...units].map(([time, list]) => [time, list.map(unit => Buffer.from(unit.data))])),
    });
  }
  return samples;
}

/** ffmpeg begins anywhere; a finding must be the same one in every run. */
function beginAtZero(packets: readonly Uint8Array[]): void {
  const views = packets.map(({ buffer, byteOffset, length }) => new DataView(buffer, byteOffset, length));
  const sequence = views[0]?.getUint16(2) ?? 0;
  const timestamp = views[0]?.getUint32(4) ?? 0;
  for (const view of views) {
    view.setUint16(2, view.getUint16(2) - sequence);
    view.setUint32(4, view.getUint32(4) - timestamp);
    view.setUint32(8, 1);
  }
}

/** What networks do: lose, double and shuffle. */
function onTheWay(packets: readonly Uint8Array[], random: Random): Uint8Array[] {
  const share = oneOf([0, 0.05, 0.3], random);
  const arriving: Uint8Array[] = [];
  for (const packet of packets) {
    if (random() < share) continue;
    arriving.splice(random() < share ? Math.max(0, arriving.length - below(5, random)) : arriving.length, 0, packet);
    if (random() < share) arriving.push(packet);
  }
  return arriving;
}

function damagedPacket(bytes: Uint8Array, random: Random): Uint8Array {
  const noise = () => Uint8Array.from({ length: below(40, random) }, () => below(256, random));
  if (random() < 0.1) return noise();
  // Beyond the header, so that the damage reaches the payload.
  if (random() < 0.6) return Uint8Array.of(...bytes.subarray(0, 12), ...mutateBytes(bytes.subarray(12), random));
  return mutateBytes(bytes, random);
}

function oddParameters({ format }: Sample, random: Random): Map<string, string> {
  return new Map(
    [...format.parameters].flatMap(([name, value]): [string, string][] => {
      if (random() < 0.3) return [];
      return [
        [name, random() < 0.5 ? value : oneOf(['', '0', '-1', '99999999', 'AAAA', '2b', value.slice(1), 'é'], random)],
      ];
    }),
  );
}

function outcomeOf(format: MediaFormat, packets: readonly Uint8Array[], ordered: boolean): Outcome {
  const depacketizer = depacketizerFor(format, 1);
  const timeline = new Timeline([{ trackNumber: 1, clockRate: format.clockRate }]);
  const reorder = new Reorder({ mostPackets: 8, mostWaitMs: 20 });
  const outcome: Outcome = { units: [], lostUnits: 0 };
  if (!depacketizer) return outcome;
  const give = (units: readonly AccessUnit[], nowMs: number) => {
    for (const unit of units) {
      const timeMs = timeline.timeMs(1, unit.timestamp, nowMs);
      demand(timeMs >= 0 && Number.isFinite(timeMs), `a unit lies at ${timeMs} ms`);
      outcome.units.push(unit);
    }
  };
  const push = (packet: RtpPacket, nowMs: number) => {
    // The network's buffer is used again at once.
    const payload = packet.payload.slice();
    const units = depacketizer.push({ ...packet, payload });
    payload.fill(0xee);
    give(units, nowMs);
  };
  for (const [nowMs, bytes] of packets.entries()) {
    const packet = readRtpPacket(bytes);
    if (!packet) continue;
    if (!ordered) {
      push(packet, nowMs);
      continue;
    }
    reorder.push(packet, nowMs);
    for (let next = reorder.take(nowMs); next; next = reorder.take(nowMs)) push(next, nowMs);
  }
  for (let next = reorder.take(Number.POSITIVE_INFINITY); next; next = reorder.take(Number.POSITIVE_INFINITY)) {
    push(next, packets.length);
  }
  give(depacketizer.flush(), packets.length);
  return { ...outcome, lostUnits: depacketizer.lostUnits };
}

function demandWhole({ encoding }: MediaFormat, units: readonly AccessUnit[], packets: readonly Uint8Array[]): void {
  const inputBytes = packets.reduce((sum, packet) => sum + packet.length, 0);
  const outputBytes = units.reduce((sum, unit) => sum + unit.data.length, 0);
  // A NAL unit's length takes four bytes instead of two, which its headers make up for but in large aggregates.
  const mostBytes = 2 * inputBytes + (encoding === 'JPEG' ? jpegHeaderBytes * units.length : 0);
  demand(outputBytes <= mostBytes, `${outputBytes} bytes came from ${inputBytes}`);
  demand(units.length <= inputBytes, `${units.length} units came from ${inputBytes} bytes`);
  for (const { timestamp, data } of units) {
    demand(data.length > 0, 'an empty unit was given out');
    demand(timestamp >= 0 && timestamp < 2 ** 32 && Number.isInteger(timestamp), `a timestamp of ${timestamp}`);
    if (encoding === 'H264' || encoding === 'H265') demandPicture(encoding, data);
    if (encoding === 'JPEG')
      demand(data[0] === 0xff && data[1] === 0xd8 && data.at(-1) === 0xd9, 'half a JPEG was given out');
  }
}

function demandPicture(encoding: 'H264' | 'H265', data: Uint8Array): void {
  const codec = encoding === 'H264' ? 'h264' : 'h265';
  const units = [...nalUnits(data, 4)];
  const bytes = units.reduce((sum, unit) => sum + 4 + unit.length, 0);
  demand(bytes === data.length, `NAL units of ${bytes} bytes in a picture of ${data.length}`);
  const types = units.map(unit => nalType(codec, unit));
  demand(
    types.some(type => (codec === 'h264' ? type >= 1 && type <= 5 : type <= 31)),
    `a picture without a slice: ${types}`,
  );
}

function demandSent({ format, units }: Sample, { timestamp, data }: AccessUnit): void {
  // G.711 is joined anew after a loss: any stretch of it is whole.
  if (format.encoding.startsWith('PCM')) return;
  demand(
    (units.get(timestamp) ?? []).some(sent => sent.equals(data)),
    `a unit of ${format.encoding} came out at ${timestamp} that was never sent`,
  );
}
