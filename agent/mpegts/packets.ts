// Transport stream packets (ISO 13818-1, 2.4.3): 188 bytes each, a payload cut into as many as it takes.
// Each segment is made by itself, so the first packet of every PID says that its counter does not continue another's.

const packetBytes = 188;
const syncByte = 0x47;
const headerBytes = 4;
const flags = { discontinuity: 0x80, randomAccess: 0x40, pcr: 0x10 } as const;
const pcrBytes = 6;

export type PayloadUnit = {
  pid: number;
  /** Written one after the other. */
  parts: readonly Uint8Array[];
  /** Decoding can begin here. */
  randomAccess?: boolean;
  /** Clock of the stream when this unit arrives, in ticks of 90 kHz; kept in 33 bits. */
  pcr?: number;
};

/** Writes payload units into one buffer, which is made as long as they are known to need. */
export class PacketWriter {
  readonly bytes: Uint8Array;
  readonly #counters = new Map<number, number>();
  #position = 0;

  constructor(units: readonly PayloadUnit[]) {
    const begun = new Set<number>();
    let packets = 0;
    for (const unit of units) {
      packets += packetsOf(unit, !begun.has(unit.pid));
      begun.add(unit.pid);
    }
    this.bytes = new Uint8Array(packets * packetBytes);
    for (const unit of units) this.#write(unit);
  }

  #write(unit: PayloadUnit): void {
    const reader = new PartsReader(unit.parts);
    for (let first = true; first || reader.leftBytes > 0; first = false) {
      const counter = this.#counters.get(unit.pid);
      const fieldBytes = first ? adaptationBytes(unit, counter === undefined) : 0;
      const payloadBytes = Math.min(reader.leftBytes, packetBytes - headerBytes - fieldBytes);
      this.#header(unit.pid, first, payloadBytes, counter ?? 0);
      const stuffed = packetBytes - headerBytes - payloadBytes;
      if (stuffed > 0) this.#adaptationField(unit, stuffed, first ? { begins: counter === undefined } : undefined);
      reader.read(this.bytes, this.#position + packetBytes - payloadBytes, payloadBytes);
      this.#counters.set(unit.pid, ((counter ?? 0) + 1) & 15);
      this.#position += packetBytes;
    }
  }

  #header(pid: number, first: boolean, payloadBytes: number, counter: number): void {
    const withField = payloadBytes < packetBytes - headerBytes;
    this.bytes.set(
      [syncByte, (first ? 0x40 : 0) | (pid >> 8), pid & 0xff, (withField ? 0x30 : 0x10) | counter],
      this.#position,
    );
  }

  /** `sizeBytes` with the length byte; what is not needed is stuffing. */
  #adaptationField(unit: PayloadUnit, sizeBytes: number, start: { begins: boolean } | undefined): void {
    const at = this.#position + headerBytes;
    this.bytes[at] = sizeBytes - 1;
    if (sizeBytes === 1) return;
    this.bytes.fill(0xff, at + 2, at + sizeBytes);
    this.bytes[at + 1] = start
      ? (start.begins ? flags.discontinuity : 0) |
        (unit.randomAccess ? flags.randomAccess : 0) |
        (unit.pcr === undefined ? 0 : flags.pcr)
      : 0;
    if (start && unit.pcr !== undefined) this.bytes.set(clockReference(unit.pcr), at + 2);
  }
}

/** What the adaptation field of the first packet needs, with its length byte; 0 without one. */
function adaptationBytes({ randomAccess, pcr }: PayloadUnit, begins: boolean): number {
  if (pcr !== undefined) return 2 + pcrBytes;
  return begins || randomAccess ? 2 : 0;
}

function packetsOf(unit: PayloadUnit, begins: boolean): number {
  const payloadBytes = unit.parts.reduce((sum, part) => sum + part.length, 0);
  const room = packetBytes - headerBytes;
  return Math.max(1, Math.ceil((payloadBytes + adaptationBytes(unit, begins)) / room));
}

/** 33 bits of 90 kHz, six reserved ones, 9 bits of 27 MHz that stay 0. */
function clockReference(ticks: number): Uint8Array {
  const base = wrapped(ticks);
  return Uint8Array.of(
    Math.floor(base / 2 ** 25) & 0xff,
    Math.floor(base / 2 ** 17) & 0xff,
    Math.floor(base / 2 ** 9) & 0xff,
    Math.floor(base / 2) & 0xff,
    ((base % 2) << 7) | 0x7e,
    0,
  );
}

/** Times in a transport stream begin again after 26.5 hours. */
export function wrapped(ticks: number): number {
  const range = 2 ** 33;
  return ((ticks % range) + range) % range;
}

/** Reads through parts as if they were one. */
class PartsReader {
  leftBytes: number;
  readonly #parts: readonly Uint8Array[];
  #index = 0;
  #offset = 0;

  constructor(parts: readonly Uint8Array[]) {
    this.#parts = parts;
    this.leftBytes = parts.reduce((sum, part) => sum + part.length, 0);
  }

  /** Copies the next `count` bytes; there must be as many. */
  read(target: Uint8Array, position: number, count: number): void {
    this.leftBytes -= count;
    for (let copied = 0; copied < count; ) {
      const part = this.#parts[this.#index];
      if (!part) throw new RangeError('the parts have fewer bytes');
      const slice = part.subarray(this.#offset, this.#offset + count - copied);
      target.set(slice, position + copied);
      copied += slice.length;
      this.#offset += slice.length;
      if (this.#offset < part.length) continue;
      this.#index++;
      this.#offset = 0;
    }
  }
}
