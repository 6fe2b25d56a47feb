// What cameras do to RTP that no standard allows, each on a real stream that was packed by the standard.
import { beforeAll, describe, expect, test } from 'vitest';
import { nalUnits } from '../../agent/codec/nal.ts';
import type { AccessUnit } from '../../agent/rtp/depacketizer.ts';
import { type RtpPacket, readRtpPacket } from '../../agent/rtp/packet.ts';
import type { RealStream } from '../../scripts/fuzz/rtp-from-ffmpeg.ts';
import { bytesOf, depacketize, depacketizer, parsed } from './depacketize.ts';
import { encode, type Original, packedByGstreamer } from './real-packets.ts';

const picture = ['-f', 'lavfi', '-i', 'testsrc=size=640x360:rate=25:duration=2', '-pix_fmt', 'yuv420p'];
const parameters = 'repeat-headers=1:keyint=10:min-keyint=10:scenecut=0:bframes=0';
const fu = 28;

let original: Original;
let stream: RealStream;
let packets: RtpPacket[];
let sliced: { original: Original; packets: RtpPacket[] };

beforeAll(() => {
  const encoder = ['-c:v', 'libx264', '-x264-params'];
  original = encode(...picture, ...encoder, parameters);
  stream = packedByGstreamer(original.media, 'rtph264pay mtu=400');
  packets = parsed(stream.packets);
  const slices = encode(...picture, ...encoder, `${parameters}:slices=2`);
  sliced = { original: slices, packets: parsed(packedByGstreamer(slices.media, 'rtph264pay mtu=400').packets) };
});

function type({ payload }: RtpPacket): number {
  return (payload[0] ?? 0) & 0x1f;
}

function withPayload(packet: RtpPacket, change: (payload: Uint8Array) => void): RtpPacket {
  const payload = packet.payload.slice();
  change(payload);
  return { ...packet, payload };
}

/** Sequence numbers without gaps: what the camera left out, it never sent. */
function renumbered(list: readonly RtpPacket[]): RtpPacket[] {
  return list.map((packet, index) => ({ ...packet, sequence: (65_500 + index) & 0xffff }));
}

function expectAll(units: readonly AccessUnit[], frames: readonly { data: Uint8Array }[]): void {
  expect(bytesOf(units)).toEqual(bytesOf(frames));
}

describe('markers', () => {
  test('none at all: a picture ends when the timestamp changes', () => {
    const unmarked = packets.map(packet => ({ ...packet, marker: false }));
    expectAll(depacketize(depacketizer(stream.format), unmarked), original.frames);
  });

  test('none, and the same timestamp everywhere: a picture ends where the next one begins', () => {
    const flat = packets.map(packet => ({ ...packet, marker: false, timestamp: 0 }));
    expectAll(depacketize(depacketizer(stream.format), flat), original.frames);
  });

  test('the same timestamp everywhere, with markers', () => {
    const flat = packets.map(packet => ({ ...packet, timestamp: 0 }));
    const units = depacketize(depacketizer(stream.format), flat);
    expectAll(units, original.frames);
    expect(units.every(unit => unit.timestamp === 0)).toBe(true);
  });

  test('on every slice: after the first picture nobody is fooled', () => {
    const marked = sliced.packets.map(packet => ({ ...packet, marker: endsNalUnit(packet) && isSlice(packet) }));
    const units = depacketize(depacketizer(stream.format), marked);
    expectAll(units.slice(2), sliced.original.frames.slice(1));
    expect(Buffer.concat(units.slice(0, 2).map(unit => unit.data))).toEqual(
      Buffer.from(sliced.original.frames[0]?.data ?? []),
    );
  });

  test('on every packet: no picture is given out in parts', () => {
    const marked = packets.map(packet => ({ ...packet, marker: true }));
    expectAll(depacketize(depacketizer(stream.format), marked), original.frames);
  });

  test('on parameter sets too: they still travel with their picture', () => {
    const marked = packets.map(packet => ({
      ...packet,
      marker: packet.marker || type(packet) === 7 || type(packet) === 8,
    }));
    expectAll(depacketize(depacketizer(stream.format), marked), original.frames);
  });
});

test('two slices a picture are one unit', () => {
  expectAll(depacketize(depacketizer(stream.format), sliced.packets), sliced.original.frames);
});

test('parameter sets with a timestamp of their own go to the picture after them', () => {
  const early = packets.map(packet => {
    const isSet = [6, 7, 8].includes(type(packet));
    return isSet ? { ...packet, timestamp: (packet.timestamp - 1000) >>> 0 } : packet;
  });
  const units = depacketize(depacketizer(stream.format), early);
  expectAll(units, original.frames);
  expect(units.map(unit => unit.timestamp)).toEqual(
    depacketize(depacketizer(stream.format), packets).map(unit => unit.timestamp),
  );
});

test('two key frames in a row are two units', () => {
  const [first] = packets;
  const idr = packets.filter(packet => packet.timestamp === first?.timestamp);
  const again = idr.map(packet => ({ ...packet, timestamp: (packet.timestamp + 3600) >>> 0 }));
  const rest = packets.slice(idr.length).map(packet => ({ ...packet, timestamp: (packet.timestamp + 3600) >>> 0 }));
  const units = depacketize(depacketizer(stream.format), renumbered([...idr, ...again, ...rest]));
  expectAll(units, [...original.frames.slice(0, 1), ...original.frames]);
  expect(units.slice(0, 3).map(unit => unit.keyFrame)).toEqual([true, true, false]);
});

test('empty payloads change nothing', () => {
  const empty = packets.flatMap(packet => [packet, { ...packet, marker: false, payload: new Uint8Array(0) }]);
  expectAll(depacketize(depacketizer(stream.format), renumbered(empty)), original.frames);
});

describe('fragments', () => {
  const setBit = (bit: number, on: boolean) => (payload: Uint8Array) => {
    payload[1] = on ? (payload[1] ?? 0) | bit : (payload[1] ?? 0) & ~bit;
  };

  test('never marked as the last one: as good as others', () => {
    const endless = packets.map(packet => (type(packet) === fu ? withPayload(packet, setBit(0x40, false)) : packet));
    const made = depacketizer(stream.format);
    expectAll(depacketize(made, endless), original.frames);
    expect(made.lostUnits).toBe(0);
  });

  test('cut short though others are marked: that picture alone is lost', () => {
    const end = packets.findIndex((packet, index) => index > 60 && type(packet) === fu && packet.marker);
    const made = depacketizer(stream.format);
    const units = depacketize(made, renumbered(packets.filter((_, index) => index !== end)));
    const hit = packets[end]?.timestamp;
    const kept = depacketize(depacketizer(stream.format), packets).filter(unit => unit.timestamp !== hit);
    expectAll(units, kept);
    expect(made.lostUnits).toBe(1);
  });

  test('without a first one: that picture alone is lost', () => {
    const start = packets.findIndex(
      (packet, index) => index > 60 && type(packet) === fu && ((packet.payload[1] ?? 0) & 0x80) !== 0,
    );
    const made = depacketizer(stream.format);
    const units = depacketize(made, renumbered(packets.filter((_, index) => index !== start)));
    const kept = depacketize(depacketizer(stream.format), packets).filter(
      unit => unit.timestamp !== packets[start]?.timestamp,
    );
    expectAll(units, kept);
    expect(made.lostUnits).toBe(1);
  });
});

describe('start codes between NAL units', () => {
  test('in one packet, or in fragments: they come apart', () => {
    const joined = (longStartCode: boolean) =>
      original.frames.map(({ data }) => {
        const code = longStartCode ? [0, 0, 0, 1] : [0, 0, 1];
        return Buffer.concat(
          [...nalUnits(data, 4)].flatMap((unit, index) => (index === 0 ? [unit] : [Buffer.from(code), unit])),
        );
      });
    for (const longStartCode of [true, false]) {
      const whole = joined(longStartCode).map((payload, index) => packet(payload, index));
      expectAll(depacketize(depacketizer(stream.format), renumbered(whole)), original.frames);
      const fragments = joined(longStartCode).flatMap((bytes, index) => {
        const [header = 0] = bytes;
        const part = (bit: number, ...data: number[]) =>
          packet(Uint8Array.of(fu | (header & 0xe0), bit | (header & 0x1f), ...data), index, bit === 0x40);
        return [part(0x80, ...bytes.subarray(1, 40)), part(0x40, ...bytes.subarray(40))];
      });
      expectAll(depacketize(depacketizer(stream.format), renumbered(fragments)), original.frames);
    }
  });
});

test('filler is left out, delimiters and SEI stay', () => {
  const filler = Uint8Array.of(12, 0xff, 0xff, 0x80);
  const sei = Uint8Array.of(6, 5, 1, 0xaa, 0x80);
  const frame = [Uint8Array.of(9, 0x30), sei, Uint8Array.of(0x65, 0x88, 0x84), filler];
  const units = depacketize(
    depacketizer(stream.format),
    renumbered(frame.map((payload, index) => packet(payload, 1, index === 3))),
  );
  expect(units).toHaveLength(1);
  expect([...nalUnits(units[0]?.data ?? filler, 4)].map(unit => (unit[0] ?? 0) & 0x1f)).toEqual([9, 6, 5]);
});

test('NAL units with order numbers and offsets of their own (STAP-B, MTAP, FU-B) are taken as they come', () => {
  const idr = Uint8Array.of(0x65, 0x88, 0x84, 1, 2, 3);
  const pps = Uint8Array.of(0x68, 0xce, 0x38, 0x80);
  const two = (value: number) => [value >> 8, value & 255];
  const payloads = [
    Uint8Array.of(25, 0, 7, ...two(pps.length), ...pps, ...two(idr.length), ...idr),
    Uint8Array.of(26, 0, 7, ...two(pps.length), 0, 0, 0, ...pps, ...two(idr.length), 1, 0, 0, ...idr),
    Uint8Array.of(27, 0, 7, ...two(pps.length), 0, 0, 0, 0, ...pps, ...two(idr.length), 1, 0, 0, 0, ...idr),
  ];
  const made = depacketizer(stream.format);
  const units = depacketize(made, renumbered(payloads.map((payload, index) => packet(payload, index))));
  for (const unit of units)
    expect([...nalUnits(unit.data, 4)].map(nalUnit => Buffer.from(nalUnit))).toEqual(
      [pps, idr].map(bytes => Buffer.from(bytes)),
    );
  expect(units).toHaveLength(3);
});

test('H.265 with order numbers (DONL)', () => {
  const format = { ...stream.format, encoding: 'H265', parameters: new Map([['sprop-max-don-diff', '1']]) };
  const idr = [0x26, 0x01, 0xaf, 9, 8, 7];
  const vps = [0x40, 0x01, 0x0c];
  const payloads = [
    Uint8Array.of(0x26, 0x01, 0, 5, ...idr.slice(2)),
    Uint8Array.of(0x60, 0x01, 0, 5, 0, 3, ...vps, 0, 0, 6, ...idr),
    Uint8Array.of(0x62, 0x01, 0x80 | 19, 0, 5, ...idr.slice(2, 4)),
    Uint8Array.of(0x62, 0x01, 0x40 | 19, ...idr.slice(4)),
  ];
  const marked = payloads.map((payload, index) => packet(payload, Math.min(index, 2), index !== 2));
  const units = depacketize(depacketizer(format), renumbered(marked));
  expect(units.map(unit => [...nalUnits(unit.data, 4)].map(nalUnit => [...nalUnit]))).toEqual([
    [idr],
    [vps, idr],
    [idr],
  ]);
});

test('a picture that never ends is dropped at 50 MB, and its memory with it', () => {
  const made = depacketizer(stream.format);
  const payload = new Uint8Array(60_000);
  payload[0] = fu;
  const push = (sequence: number, header: number) => {
    payload[1] = header;
    return made.push({ payloadType: 96, marker: false, sequence: sequence & 0xffff, timestamp: 1, ssrc: 1, payload });
  };
  push(0, 0x85);
  for (let sequence = 1; sequence < 2000; sequence++) expect(push(sequence, 0x05)).toEqual([]);
  expect(made.flush()).toEqual([]);
  const idr = { ...packet(Uint8Array.of(0x65, 0x88, 0x84), 2), sequence: 2000 };
  expect(made.push(idr)).toHaveLength(1);
});

describe('AAC', () => {
  const format = { type: 'audio', payloadType: 97, encoding: 'MPEG4-GENERIC', clockRate: 16_000, channels: 1 } as const;
  const headers = (...sizes: number[]) => [
    0,
    sizes.length * 16,
    ...sizes.flatMap(size => [size >> 5, (size & 31) << 3]),
  ];

  test('a description without config is made up for: AAC-LC at the rate of the clock', () => {
    const { track } = depacketizer({ ...format, parameters: new Map() });
    expect(track).toMatchObject({ codecId: 'A_AAC', sampleRate: 16_000, channels: 1 });
    expect([...(track?.codecPrivate ?? [])]).toEqual([0x14, 0x08]);
  });

  test('ADTS headers before the units are taken off', () => {
    const adts = (...data: number[]) => [
      0xff,
      0xf1,
      0x60,
      0x40,
      (data.length + 7) >> 3,
      ((data.length + 7) & 7) << 5,
      0xfc,
      ...data,
    ];
    const payload = Uint8Array.of(...headers(10, 9), ...adts(1, 2, 3), ...adts(4, 5));
    const units = depacketizer({ ...format, parameters: new Map() }).push(packet(payload, 0));
    expect(units.map(unit => [...unit.data])).toEqual([
      [1, 2, 3],
      [4, 5],
    ]);
    expect((units[1]?.timestamp ?? 0) - (units[0]?.timestamp ?? 0)).toBe(1024);
  });

  test('a clock that is not the sampling rate, and HE-AAC’s doubled one, give the right times', () => {
    // AAC-LC at 24 kHz with band replication to 48 kHz, on a clock of 48 kHz.
    const parameters = new Map([['config', '2b118800']]);
    const units = depacketizer({ ...format, clockRate: 48_000, parameters }).push(
      packet(Uint8Array.of(...headers(1, 1), 1, 2), 0),
    );
    expect((units[1]?.timestamp ?? 0) - (units[0]?.timestamp ?? 0)).toBe(2048);
  });
});

test('JPEG without any table, of no size or a strange kind, is no JPEG', () => {
  const format = { ...stream.format, encoding: 'JPEG', parameters: new Map() };
  const made = depacketizer(format);
  const payloads = [
    [0, 0, 0, 0, 1, 255, 10, 10, 0, 0, 0, 0, 1, 2, 3],
    [0, 0, 0, 0, 1, 200, 10, 10, 0, 0, 0, 0, 1, 2, 3],
    [0, 0, 0, 0, 1, 50, 0, 10, 1, 2, 3],
    [0, 0, 0, 0, 2, 50, 10, 10, 1, 2, 3],
    [0, 0, 0, 0, 1, 0, 10, 10, 1, 2, 3],
  ];
  expect(
    depacketize(made, renumbered(payloads.map((payload, index) => packet(Uint8Array.from(payload), index)))),
  ).toEqual([]);
  expect(made.lostUnits).toBe(payloads.length - 1);
});

describe('packets', () => {
  const header = (first: number, ...rest: number[]) =>
    Uint8Array.of(first, 0xe0, 0xff, 0xfe, 0xff, 0, 0, 1, 0x80, 0, 0, 2, ...rest);

  test.each([
    ['plain', header(0x80, 1, 2), [1, 2]],
    ['with contributing sources', header(0x82, 0, 0, 0, 1, 0, 0, 0, 2, 7), [7]],
    ['with an extension', header(0x90, 0xbe, 0xde, 0, 1, 9, 9, 9, 9, 7), [7]],
    ['with padding', header(0xa0, 7, 0, 0, 3), [7]],
    ['with everything', header(0xb1, 0, 0, 0, 1, 0, 0, 0, 1, 9, 9, 9, 9, 7, 0, 2), [7]],
    ['with nothing', header(0x80), []],
  ])('%s', (_, bytes, payload) => {
    const read = readRtpPacket(bytes);
    expect(read).toMatchObject({
      payloadType: 96,
      marker: true,
      sequence: 0xfffe,
      timestamp: 0xff00_0001,
      ssrc: 0x8000_0002,
    });
    expect([...(read?.payload ?? [-1])]).toEqual(payload);
    const framed = Uint8Array.of(0x24, 0, 0, bytes.length, ...bytes, 5, 5);
    expect(readRtpPacket(framed, 4, 4 + bytes.length)).toEqual(read);
  });

  test.each([
    ['of another version', header(0x40, 1)],
    ['shorter than a header', header(0x80).subarray(0, 11)],
    ['whose sources do not fit', header(0x8f, 1, 2, 3)],
    ['whose extension does not fit', header(0x90, 0, 0, 0xff, 0xff, 1)],
    ['whose padding does not fit', header(0xa0, 7, 9)],
    ['whose padding is zero', header(0xa0, 7, 0)],
    ['without any byte', new Uint8Array(0)],
  ])('none %s', (_, bytes) => {
    expect(readRtpPacket(bytes)).toBeUndefined();
  });
});

function packet(payload: Uint8Array, index: number, marker = true): RtpPacket {
  return { payloadType: 96, marker, sequence: 0, timestamp: index * 3600, ssrc: 1, payload };
}

function isSlice({ payload }: RtpPacket): boolean {
  const [indicator = 0, header = 0] = payload;
  const nalType = (indicator & 0x1f) === fu ? header & 0x1f : indicator & 0x1f;
  return nalType === 1 || nalType === 5;
}

function endsNalUnit({ payload }: RtpPacket): boolean {
  return ((payload[0] ?? 0) & 0x1f) !== fu || ((payload[1] ?? 0) & 0x40) !== 0;
}
