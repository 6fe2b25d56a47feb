// RTCP (RFC 3550 6.4 to 6.6): what a camera says of its clock and when it leaves, read; and how its packets arrive, told
// back, which also keeps some cameras from taking the session for dead.

export type SenderReport = {
  type: 'sender-report';
  ssrc: number;
  /** The camera's wall clock, milliseconds since 1970, in fractions; undefined when it has none. */
  cameraTimeMs: number | undefined;
  /** The middle 32 bits of it, to be told back. */
  ntpMiddle: number;
  /** RTP ticks of the same moment, 32 bits. */
  timestamp: number;
};

export type RtcpPacket = SenderReport | { type: 'goodbye'; ssrcs: number[] };

/** What a receiver report says of one source. */
export type ReportBlock = {
  ssrc: number;
  /** Of the packets since the last report, in 256ths. */
  fractionLost: number;
  /** Since the beginning; negative with duplicates. */
  packetsLost: number;
  /** The highest sequence number, with how often it began anew in the upper 16 bits. */
  highestSequence: number;
  /** In RTP ticks. */
  jitter: number;
  /** `ntpMiddle` of the last sender report; 0: there was none. */
  lastSenderReport: number;
  /** Since then, in 65536ths of a second. */
  sinceSenderReport: number;
};

const types = { senderReport: 200, receiverReport: 201, sourceDescription: 202, goodbye: 203 } as const;
/** Seconds from 1900 to 1970. */
const unixEpochSeconds = 2_208_988_800;

/** The packets of a compound one, as far as they are whole; kinds that nobody needs are left out. Never throws. */
export function readRtcp(bytes: Uint8Array): RtcpPacket[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const packets: RtcpPacket[] = [];
  for (let at = 0; at + 4 <= bytes.length; ) {
    const end = at + 4 + 4 * view.getUint16(at + 2);
    if (view.getUint8(at) >> 6 !== 2 || end > bytes.length) break;
    const type = view.getUint8(at + 1);
    if (type === types.senderReport && end - at >= 28) packets.push(readSenderReport(view, at));
    if (type === types.goodbye) packets.push(readGoodbye(view, at, end));
    at = end;
  }
  return packets;
}

function readSenderReport(view: DataView, at: number): SenderReport {
  const seconds = view.getUint32(at + 8);
  const fraction = view.getUint32(at + 12);
  return {
    type: 'sender-report',
    ssrc: view.getUint32(at + 4),
    cameraTimeMs: seconds === 0 && fraction === 0 ? undefined : ntpMs(seconds, fraction),
    ntpMiddle: (((seconds & 0xffff) << 16) | (fraction >>> 16)) >>> 0,
    timestamp: view.getUint32(at + 16),
  };
}

/** RFC 4330 3: without the highest bit the seconds count from 2036. */
function ntpMs(seconds: number, fraction: number): number {
  const since1900 = seconds >= 2 ** 31 ? seconds : seconds + 2 ** 32;
  return (since1900 - unixEpochSeconds) * 1000 + (fraction * 1000) / 2 ** 32;
}

function readGoodbye(view: DataView, at: number, end: number): RtcpPacket {
  const count = Math.min(view.getUint8(at) & 0x1f, (end - at - 4) / 4);
  return { type: 'goodbye', ssrcs: Array.from({ length: count }, (_, index) => view.getUint32(at + 4 + 4 * index)) };
}

/** A receiver report with our name behind it (RFC 3550 6.1), at most 31 blocks. */
export function writeReceiverReport(ssrc: number, name: string, blocks: readonly ReportBlock[]): Uint8Array {
  const told = blocks.slice(0, 31);
  const text = Buffer.from(name).subarray(0, 255);
  // A source description ends with a zero and is filled up to 32 bits.
  const textBytes = 4 * Math.ceil((4 + 2 + text.length + 1) / 4);
  const reportBytes = 8 + 24 * told.length;
  const bytes = new Uint8Array(reportBytes + 4 + textBytes);
  const view = new DataView(bytes.buffer);
  writeHeader(view, { at: 0, count: told.length, type: types.receiverReport, bytes: reportBytes });
  view.setUint32(4, ssrc);
  for (const [index, block] of told.entries()) writeBlock(view, 8 + 24 * index, block);
  writeHeader(view, { at: reportBytes, count: 1, type: types.sourceDescription, bytes: 4 + textBytes });
  view.setUint32(reportBytes + 4, ssrc);
  view.setUint8(reportBytes + 8, 1);
  view.setUint8(reportBytes + 9, text.length);
  bytes.set(text, reportBytes + 10);
  return bytes;
}

function writeHeader(view: DataView, header: { at: number; count: number; type: number; bytes: number }): void {
  view.setUint8(header.at, 0x80 | header.count);
  view.setUint8(header.at + 1, header.type);
  view.setUint16(header.at + 2, header.bytes / 4 - 1);
}

function writeBlock(view: DataView, at: number, block: ReportBlock): void {
  view.setUint32(at, block.ssrc);
  view.setUint32(at + 4, ((block.fractionLost & 0xff) << 24) | (block.packetsLost & 0xffffff));
  view.setUint32(at + 8, block.highestSequence);
  view.setUint32(at + 12, block.jitter);
  view.setUint32(at + 16, block.lastSenderReport);
  view.setUint32(at + 20, block.sinceSenderReport);
}
