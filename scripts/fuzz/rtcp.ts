// RTCP: whatever comes, reading it throws nothing and gives no more than is there; what is written is read by its own
// rules; and no report moves the timeline to where no time is.
import { type ReportBlock, readRtcp, writeReceiverReport } from '../../agent/rtp/rtcp.ts';
import { Timeline } from '../../agent/rtp/timeline.ts';
import { mutateBytes } from './mutate-bytes.ts';
import { below, demand, oneOf, type Random, type Target } from './target.ts';

const edges = [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];

export function rtcpTarget(): Target {
  return {
    feed(random) {
      const timeline = new Timeline([
        { trackNumber: 1, clockRate: 90_000 },
        { trackNumber: 2, clockRate: 8000, startTimestamp: number(random) },
      ]);
      let found = 0;
      for (let round = 1 + below(4, random); round > 0; round--) {
        const bytes = mutateBytes(compound(random), random);
        const packets = readRtcp(bytes);
        demand(packets.length <= bytes.length / 4, `${packets.length} packets came from ${bytes.length} bytes`);
        found += packets.length;
        for (const packet of packets) {
          if (packet.type === 'goodbye') demand(packet.ssrcs.length * 4 <= bytes.length, 'more sources than bytes');
          else timeline.noteSenderReport(1 + below(2, random), packet);
        }
        demandTime(timeline, random);
      }
      demandWritten(random);
      return `${Math.min(found, 5)} packets`;
    },
    async [Symbol.asyncDispose]() {},
  };
}

function demandTime(timeline: Timeline, random: Random): void {
  for (const trackNumber of [1, 2, 1, 2]) {
    const timestamp = number(random);
    const timeMs = timeline.timeMs(trackNumber, timestamp, below(1e6, random));
    demand(timeMs >= 0 && Number.isFinite(timeMs), `a unit lies at ${timeMs} ms`);
    const cameraTimeMs = timeline.cameraTimeMs(trackNumber, timestamp);
    demand(cameraTimeMs === undefined || Number.isFinite(cameraTimeMs), `a camera's time of ${cameraTimeMs}`);
  }
}

function demandWritten(random: Random): void {
  const block = (): ReportBlock => ({
    ssrc: number(random),
    fractionLost: below(256, random),
    packetsLost: below(2 ** 24, random) - 2 ** 23,
    highestSequence: number(random),
    jitter: number(random),
    lastSenderReport: number(random),
    sinceSenderReport: number(random),
  });
  const blocks = Array.from({ length: below(40, random) }, block);
  const written = writeReceiverReport(number(random), oneOf(['', 'edge', 'é'.repeat(200)], random), blocks);
  demand(written.length % 4 === 0 && written.length <= 8 + 31 * 24 + 4 + 264, `a report of ${written.length} bytes`);
  demand(readRtcp(written).length === 0, 'a receiver report was taken for something else');
}

/** Sender reports, source descriptions, goodbyes and packets of other kinds. */
function compound(random: Random): Uint8Array {
  const words: number[] = [];
  for (let left = 1 + below(4, random); left > 0; left--) {
    const type = oneOf([200, 200, 200, 201, 202, 203, 204, below(256, random)], random);
    const length = type === 200 ? 6 + below(3, random) : below(8, random);
    words.push(((0x80 | below(32, random)) << 24) | (type << 16) | length);
    for (let word = 0; word < length; word++) words.push(number(random));
  }
  const bytes = new Uint8Array(words.length * 4);
  const view = new DataView(bytes.buffer);
  for (const [index, word] of words.entries()) view.setUint32(index * 4, word);
  return bytes;
}

function number(random: Random): number {
  return random() < 0.3 ? oneOf(edges, random) : below(2 ** 32, random);
}
