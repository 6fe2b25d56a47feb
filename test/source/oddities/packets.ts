// Cameras, and ways to cameras, on which packets go astray.
import { expect } from 'vitest';
import type { Oddity } from './oddity.ts';

const markerBit = 0x80;
const overUdp = { agentCamera: { transport: 'udp' as const } };
/** Losses are told when the session ends, or ten seconds after the first one. */
const toldAtTheEnd = { codesAtTheEnd: 1 };
/** Large enough that a picture has several packets. */
const detailed = { size: '320x240', megabits: 1 } as const;

function withoutMarker(packet: Buffer): Buffer {
  const copy = Buffer.from(packet);
  copy[1] = (copy[1] ?? 0) & ~markerBit;
  return copy;
}

/** With an extension of one word and four bytes of padding (RFC 3550, 5.1 and 5.3.1). */
function withExtras(packet: Buffer): Buffer {
  const header = Buffer.from(packet.subarray(0, 12));
  header[0] = (header[0] ?? 0) | 0x30;
  return Buffer.concat([header, Buffer.of(0xbe, 0xde, 0, 1, 1, 2, 3, 4), packet.subarray(12), Buffer.of(0, 0, 0, 4)]);
}

export const packetOddities: Oddity[] = [
  {
    camera: 'loses one packet of a picture (UDP)',
    agent: 'leaves that picture out and tells it',
    reads: ['camera-packets-lost'],
    ...overUdp,
    ...toldAtTheEnd,
    film: detailed,
    notRecorded: [30],
    does: () => ({ packets: (usual, ordinal) => (ordinal === 30 ? usual.slice(0, -1) : usual) }),
  },
  {
    camera: 'loses all packets of three pictures (UDP)',
    agent: 'records what came and tells the loss',
    reads: ['camera-packets-lost'],
    ...overUdp,
    ...toldAtTheEnd,
    film: detailed,
    notRecorded: [30, 31, 32],
    does: () => ({ packets: (usual, ordinal) => (ordinal >= 30 && ordinal <= 32 ? [] : usual) }),
  },
  {
    camera: 'sends packets in the wrong order (UDP)',
    agent: 'puts them in order',
    reads: [],
    ...overUdp,
    film: detailed,
    does: () => ({ packets: (usual, ordinal) => (ordinal % 5 === 2 ? usual.toReversed() : usual) }),
  },
  {
    camera: 'sends every packet twice (UDP)',
    agent: 'takes each once',
    reads: [],
    ...overUdp,
    film: detailed,
    does: () => ({ packets: usual => usual.flatMap(packet => [packet, packet]) }),
  },
  {
    camera: 'never sets the marker that ends a picture',
    agent: 'sees the end when the next picture begins',
    reads: [],
    pictureAfterwards: true,
    does: () => ({ packets: usual => usual.map(withoutMarker) }),
  },
  {
    camera: 'sends small units several in one packet (STAP-A)',
    agent: 'takes them apart',
    reads: [],
    does: () => ({ aggregate: true }),
  },
  {
    camera: 'adds header extensions and padding to its packets',
    agent: 'passes over them',
    reads: [],
    does: () => ({ packets: usual => usual.map(withExtras) }),
  },
  {
    camera: 'puts rubbish between interleaved frames',
    agent: 'finds the next frame',
    reads: [],
    does: () => ({ before: ordinal => (ordinal % 10 === 5 ? Buffer.alloc(300, 0xaa) : undefined) }),
  },
  {
    camera: 'sends frames on an interleaved channel that nobody asked for',
    agent: 'passes over them',
    reads: [],
    does: () => ({ before: () => Buffer.concat([Buffer.of(0x24, 6, 0, 200), Buffer.alloc(200, 0x80)]) }),
  },
  {
    camera: 'sends interleaved frames of length 0',
    agent: 'passes over them',
    reads: [],
    does: () => ({ before: () => Buffer.of(0x24, 0, 0, 0, 0x24, 1, 0, 0) }),
  },
  {
    camera: 'answers a question that nobody asked, between pictures',
    agent: 'passes over the answer',
    reads: [],
    does: () => ({
      before: ordinal => (ordinal === 20 ? Buffer.from('RTSP/1.0 200 OK\r\nCSeq: 999\r\n\r\n') : undefined),
    }),
  },
  {
    camera: 'asks questions of its own, between pictures',
    agent: 'answers them',
    reads: [],
    does: () => ({
      before: ordinal => (ordinal === 20 ? Buffer.from('OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n') : undefined),
    }),
    check: ({ camera }) => expect(camera.answers).toEqual(['RTSP/1.0 200 OK']),
  },
];
