// Transport streams byte by byte: packets, clocks, tables, and the forms in which H.264 and AAC are in them.
import { describe, expect, test } from 'vitest';
import { adtsHeader, fitsAdts } from '../../agent/mpegts/adts.ts';
import { annexB, readAvcConfiguration } from '../../agent/mpegts/annex-b.ts';
import { PacketWriter, type PayloadUnit } from '../../agent/mpegts/packets.ts';
import { pesHeader, streamIds } from '../../agent/mpegts/pes.ts';
import { transportSegment } from '../../agent/mpegts/segment.ts';
import { programTable } from '../../agent/mpegts/tables.ts';
import { seededRandom } from '../../scripts/fuzz/seeded-random.ts';

type Packet = {
  pid: number;
  start: boolean;
  counter: number;
  discontinuity: boolean;
  randomAccess: boolean;
  clock: bigint | undefined;
  payload: Buffer;
};

/** As ISO 13818-1 has it. Throws where a packet is not what it must be. */
function readPackets(bytes: Uint8Array): Packet[] {
  expect(bytes.length % 188).toBe(0);
  return Array.from({ length: bytes.length / 188 }, (_, index) => {
    const packet = Buffer.from(bytes.subarray(index * 188, (index + 1) * 188));
    expect(packet[0]).toBe(0x47);
    const control = packet.readUInt8(3);
    const fieldBytes = control & 0x20 ? packet.readUInt8(4) + 1 : 0;
    const flags = fieldBytes > 1 ? packet.readUInt8(5) : 0;
    const used = flags & 0x10 ? 8 : 2;
    if (fieldBytes > 1) expect(packet.subarray(4 + used, 4 + fieldBytes).every(byte => byte === 0xff)).toBe(true);
    return {
      pid: packet.readUInt16BE(1) & 0x1fff,
      start: (packet.readUInt8(1) & 0x40) !== 0,
      counter: control & 15,
      discontinuity: (flags & 0x80) !== 0,
      randomAccess: (flags & 0x40) !== 0,
      clock: flags & 0x10 ? BigInt(packet.readUIntBE(6, 6)) >> 15n : undefined,
      payload: packet.subarray(4 + fieldBytes),
    };
  });
}

test('units of any size, in any number of parts, come out of the packets as they went in', () => {
  const random = seededRandom(7);
  const below = (count: number) => Math.floor(random() * count);
  for (let round = 0; round < 300; round++) {
    const units = Array.from({ length: 1 + below(6) }, (): PayloadUnit => {
      // The sizes around which a packet is just full, or has room for one byte of stuffing.
      const size = below(2) ? 1 + below(1000) : 160 + below(30) + 184 * below(3);
      const bytes = Uint8Array.from({ length: size }, () => below(256));
      const cut = below(size);
      return {
        ...{
          pid: 0x100 + below(2),
          parts: [bytes.subarray(0, cut), bytes.subarray(cut)],
          randomAccess: below(2) === 1,
        },
        ...(below(2) ? { pcr: below(2 ** 40) - 2 ** 39 } : {}),
      };
    });
    const packets = readPackets(new PacketWriter(units).bytes);
    for (const pid of [0x100, 0x101]) {
      const own = packets.filter(packet => packet.pid === pid);
      expect(own.map(packet => packet.counter)).toEqual(own.map((_, index) => index % 16));
      expect(own.map(packet => packet.discontinuity)).toEqual(own.map((_, index) => index === 0));
    }
    const found: Packet[][] = [];
    for (const packet of packets) {
      if (packet.start) found.push([]);
      found.at(-1)?.push(packet);
    }
    expect(found.map(parts => Buffer.concat(parts.map(part => part.payload)))).toEqual(
      units.map(({ parts }) => Buffer.concat(parts)),
    );
    expect(found.map(([first]) => first?.randomAccess)).toEqual(units.map(unit => unit.randomAccess));
    expect(found.map(([first]) => first?.clock)).toEqual(
      units.map(({ pcr }) => (pcr === undefined ? undefined : BigInt.asUintN(33, BigInt(pcr)))),
    );
  }
});

test('the table of programmes is the one ffmpeg writes for programme 1 on PID 0x1000, checksum and all', () => {
  expect(Buffer.from(programTable()).toString('hex')).toBe('0000b00d0001c10000' + '0001f000' + '2ab104b2');
});

test('a segment begins with both tables, and the clock runs half a second before the pictures are decoded', () => {
  const picture = { type: 'video', parts: [Uint8Array.of(1)], keyFrame: true, pts: 93_600, dts: 90_000 } as const;
  const sound = { type: 'audio', parts: [Uint8Array.of(2)], keyFrame: true, pts: 89_000, dts: 89_000 } as const;
  const packets = readPackets(transportSegment({ kinds: new Set(['video', 'audio']), units: [picture, sound] }));
  expect(packets.map(packet => packet.pid)).toEqual([0, 0x1000, 0x101, 0x100]);
  expect(packets.map(packet => packet.clock)).toEqual([undefined, undefined, undefined, 45_000n]);
});

describe('PES headers', () => {
  test('have decode times only where these differ, and a length where there is room for one', () => {
    const hex = (header: Uint8Array) => Buffer.from(header).toString('hex');
    expect(hex(pesHeader(streamIds.audio, { pts: 0, dts: 0 }, 100))).toBe('000001c0006c8480052100010001');
    expect(hex(pesHeader(streamIds.video, { pts: 2 ** 33 + 1, dts: -1 }, 70_000))).toBe(
      '000001e0000084c00a' + '3100010003' + '1fffffffff',
    );
  });
});

describe('H.264 behind start codes', () => {
  const sps = Uint8Array.of(0x67, 1, 2);
  const pps = Uint8Array.of(0x68, 3);
  const avcc = Uint8Array.of(1, 0x42, 0, 30, 0xff, 0xe1, 0, 3, ...sps, 1, 0, 2, ...pps);
  const withLengths = (...units: number[][]) => Uint8Array.from(units.flatMap(unit => [0, 0, 0, unit.length, ...unit]));
  const behindCodes = (...units: (readonly number[] | Uint8Array)[]) =>
    Buffer.from([[9, 0xf0], ...units].flatMap(unit => [0, 0, 0, 1, ...unit]));

  test.each([
    { name: 'a key frame gets the parameter sets', units: [[0x65, 9]], key: true, out: [sps, pps, [0x65, 9]] },
    { name: 'another one does not', units: [[0x41, 9]], key: false, out: [[0x41, 9]] },
    {
      name: 'sets that come in band are not given twice',
      ...{
        units: [
          [0x67, 7],
          [0x68, 8],
          [0x65, 9],
        ],
        key: true,
        out: [
          [0x67, 7],
          [0x68, 8],
          [0x65, 9],
        ],
      },
    },
    {
      name: 'nor is a delimiter',
      units: [
        [9, 0x10],
        [0x41, 9],
      ],
      key: false,
      out: [[0x41, 9]],
    },
  ])('$name', ({ units, key, out }) => {
    const configuration = readAvcConfiguration(avcc);
    const parts = configuration && annexB(withLengths(...units), configuration, key);
    expect(Buffer.concat(parts ?? [])).toEqual(behindCodes(...out));
  });

  test('a configuration that ends too early, and lengths that do not fit, are said to be so', () => {
    for (let end = 5; end < avcc.length; end++) {
      const read = readAvcConfiguration(avcc.subarray(0, end));
      expect(read?.parameterSets.length ?? 0).toBeLessThan(2);
    }
    const configuration = { lengthBytes: 4, parameterSets: [] };
    for (const data of [[], [0, 0, 0], [0, 0, 0, 2, 1], [0xff, 0xff, 0xff, 0xff, 1]])
      expect(annexB(Uint8Array.from(data), configuration, false)).toBeUndefined();
  });
});

describe('ADTS', () => {
  test('says what the configuration says, and HE-AAC is sent as its core', () => {
    const hex = (header: Uint8Array | undefined) => Buffer.from(header ?? []).toString('hex');
    expect(hex(adtsHeader({ objectType: 2, sampleRate: 48_000, channels: 2 }, 200))).toBe('fff14c8019fffc');
    expect(hex(adtsHeader({ objectType: 5, sampleRate: 24_000, channels: 1 }, 200))).toBe('fff1584019fffc');
    expect(adtsHeader({ objectType: 2, sampleRate: 48_000, channels: 2 }, 8185)).toBeUndefined();
  });

  test('has no form for a rate or a number of channels without a number', () => {
    expect(fitsAdts({ objectType: 2, sampleRate: 8000, channels: 1 })).toBe(true);
    expect(fitsAdts({ objectType: 2, sampleRate: 7000, channels: 1 })).toBe(false);
    expect(fitsAdts({ objectType: 2, sampleRate: 8000, channels: 0 })).toBe(false);
  });
});
