// Where packets that arrive and the frames somebody reads meet: packets are put together as they come, inside the socket's
// own call, and what is whole waits here. It is bounded: over TCP the camera is made to wait, over UDP what is too much is
// left out and counted. It also notices a camera that has fallen silent.
import type { Clock } from '../clock.ts';
import type { AgentError } from '../errors.ts';
import type { Track } from '../matroska/track.ts';
import { depacketizerFor } from '../rtp/choose-depacketizer.ts';
import type { AccessUnit, Depacketizer } from '../rtp/depacketizer.ts';
import type { MediaFormat } from '../rtp/media-format.ts';
import { readRtpPacket } from '../rtp/packet.ts';
import { Reception } from '../rtp/reception.ts';
import { Reorder } from '../rtp/reorder.ts';
import { type RtcpPacket, readRtcp, writeReceiverReport } from '../rtp/rtcp.ts';
import { Timeline } from '../rtp/timeline.ts';
import type { RtspSession } from '../rtsp/session.ts';

export type PacketFeedOptions = {
  clock: Clock;
  /** Longest silence of the camera. */
  silenceMs: number;
  /** 32 bits: who we are in receiver reports. */
  ssrc: number;
  /** So many units were just found missing. */
  onLost: (units: number) => void;
};

type SenderReport = Extract<RtcpPacket, { type: 'sender-report' }>;

type Stream = {
  format: MediaFormat;
  depacketizer: Depacketizer;
  reception: Reception;
  /** UDP only. */
  reorder: Reorder | undefined;
  lostUnits: number;
};

/** How the packets of one track arrive; jitter as RFC 3550 6.4.1 smooths it. */
export type Arrival = { receivedPackets: number; lostPackets: number; jitterMs: number };

export type FeedEntry =
  /** `arrivalMs`: monotonic; of its last packet. */
  | { type: 'unit'; trackNumber: number; timeMs: number; arrivalMs: number; unit: AccessUnit }
  | { type: 'report'; trackNumber: number; report: SenderReport };

type Waiting =
  | { trackNumber: number; arrivalMs: number; unit: AccessUnit }
  | { trackNumber: number; report: SenderReport };

const pauseAtBytes = 8_000_000;
const resumeAtBytes = 2_000_000;
const dropAtBytes = 32_000_000;
const reportEveryMs = 5_000;
const reorderLookMs = 50;

export class PacketFeed {
  /** For RtspSession. */
  readonly receivers = {
    onRtp: (track: number, data: Uint8Array) => this.#takeRtp(track, data),
    onRtcp: (track: number, data: Uint8Array) => this.#takeRtcp(track, data),
  };
  readonly #options: PacketFeedOptions;
  readonly #streams: Stream[] = [];
  readonly #timers = new Set<() => void>();
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #session: RtspSession | undefined;
  #timeline: Timeline | undefined;
  #paused = false;
  #heardMs = 0;
  #ended: AgentError | undefined;
  #wake: (() => void) | undefined;

  constructor(options: PacketFeedOptions) {
    this.#options = options;
  }

  /** The tracks whose packets will come, in their order. To be called before the first one can. */
  expect(formats: readonly MediaFormat[]): void {
    for (const [index, format] of formats.entries()) {
      const depacketizer = depacketizerFor(format, index + 1);
      if (!depacketizer) throw new TypeError(`formats[${index}] must be one that can be depacketised`);
      this.#streams.push({
        format,
        depacketizer,
        reception: new Reception(format.clockRate),
        reorder: undefined,
        lostUnits: 0,
      });
    }
  }

  /** The session plays. `onSilence` is called once when nothing has come for too long. */
  begin(session: RtspSession, onSilence: () => void): void {
    this.#session = session;
    const [leader, ...others] = session.tracks.map(({ format, firstTimestamp }, index) => {
      return { trackNumber: index + 1, clockRate: format.clockRate, startTimestamp: firstTimestamp };
    });
    if (leader) this.#timeline = new Timeline([leader, ...others]);
    this.#heardMs = this.#options.clock.monotonicMs();
    this.#every(this.#options.silenceMs / 4, () => this.#listen(onSilence));
    this.#every(reportEveryMs, () => this.#report());
    if (session.transport !== 'udp') return;
    for (const stream of this.#streams) stream.reorder = new Reorder();
    this.#every(reorderLookMs, () => this.#lookForLate());
  }

  /** Undefined as long as nobody has said how to decode the picture. A sound track that is not understood is left out. */
  get tracks(): Track[] | undefined {
    const [video, ...others] = this.#streams.map(({ depacketizer }) => depacketizer.track);
    return video && [video, ...others.filter(track => track !== undefined)];
  }

  /** How the packets of each track arrive. */
  get arrivals(): Arrival[] {
    return this.#streams.map(({ reception, depacketizer }) => {
      return { ...reception.summary, lostPackets: depacketizer.lostPackets };
    });
  }

  /** The next thing that has arrived; undefined when there is none yet. */
  take(): FeedEntry | undefined {
    const entry = this.#timeline && this.#waiting.shift();
    if (!entry || !this.#timeline) return undefined;
    const { trackNumber } = entry;
    if ('report' in entry) {
      this.#timeline.noteSenderReport(trackNumber, entry.report);
      return { type: 'report', trackNumber, report: entry.report };
    }
    this.#waitingBytes -= entry.unit.data.length;
    if (this.#paused && this.#waitingBytes <= resumeAtBytes) this.#pause(false);
    const { arrivalMs, unit } = entry;
    const timeMs = this.#timeline.timeMs(trackNumber, unit.timestamp, arrivalMs);
    return { type: 'unit', trackNumber, timeMs, arrivalMs, unit };
  }

  /** Resolves when there may be something to take. @throws AgentError when nothing will come any more, and why */
  async more(): Promise<void> {
    if (this.#waiting.length > 0) return;
    if (this.#ended) throw this.#ended;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    await promise;
  }

  /** Nothing more will come. What has come is still given out. */
  end(reason: AgentError): void {
    if (this.#ended) return;
    this.#ended = reason;
    const nowMs = this.#options.clock.monotonicMs();
    for (const [index, stream] of this.#streams.entries()) {
      this.#takeOrdered(index, stream, Number.POSITIVE_INFINITY);
      this.#keep(index, stream, { units: stream.depacketizer.flush(), arrivalMs: nowMs });
    }
    this.#wakeUp();
  }

  /** Ends the timers. */
  stop(): void {
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
  }

  #takeRtp(track: number, data: Uint8Array): void {
    const stream = this.#streams[track];
    // A datagram's bytes are its own; those of a connection are overwritten by the next ones.
    const packet = stream && readRtpPacket(data);
    if (!packet || this.#ended) return;
    const arrivalMs = this.#options.clock.monotonicMs();
    this.#heardMs = arrivalMs;
    stream.reception.note(packet, arrivalMs);
    if (stream.reorder) {
      stream.reorder.push(packet, arrivalMs);
      this.#takeOrdered(track, stream, arrivalMs);
    } else {
      this.#keep(track, stream, { units: stream.depacketizer.push(packet), arrivalMs });
    }
  }

  #takeOrdered(track: number, stream: Stream, nowMs: number): void {
    if (!stream.reorder) return;
    const arrivalMs = this.#options.clock.monotonicMs();
    for (let packet = stream.reorder.take(nowMs); packet; packet = stream.reorder.take(nowMs)) {
      this.#keep(track, stream, { units: stream.depacketizer.push(packet), arrivalMs });
    }
  }

  #lookForLate(): void {
    const nowMs = this.#options.clock.monotonicMs();
    for (const [track, stream] of this.#streams.entries()) this.#takeOrdered(track, stream, nowMs);
  }

  #keep(
    track: number,
    stream: Stream,
    { units, arrivalMs }: { units: readonly AccessUnit[]; arrivalMs: number },
  ): void {
    const lost = stream.depacketizer.lostUnits - stream.lostUnits;
    if (lost > 0) {
      stream.lostUnits += lost;
      this.#options.onLost(lost);
    }
    for (const unit of units) {
      if (this.#waitingBytes >= dropAtBytes) {
        this.#options.onLost(1);
        continue;
      }
      this.#waiting.push({ trackNumber: track + 1, arrivalMs, unit });
      this.#waitingBytes += unit.data.length;
    }
    if (units.length === 0) return;
    if (!this.#paused && this.#waitingBytes >= pauseAtBytes) this.#pause(true);
    this.#wakeUp();
  }

  #takeRtcp(track: number, data: Uint8Array): void {
    const stream = this.#streams[track];
    if (!stream || this.#ended) return;
    const arrivalMs = this.#options.clock.monotonicMs();
    for (const packet of readRtcp(data)) {
      if (packet.type !== 'sender-report') continue;
      stream.reception.noteSenderReport(packet, arrivalMs);
      this.#waiting.push({ trackNumber: track + 1, report: packet });
      this.#wakeUp();
    }
  }

  #report(): void {
    const nowMs = this.#options.clock.monotonicMs();
    for (const [track, { reception }] of this.#streams.entries()) {
      const block = reception.block(nowMs);
      if (block) this.#session?.sendRtcp(track, writeReceiverReport(this.#options.ssrc, 'kvs-edge-agent', [block]));
    }
  }

  /** While we make the camera wait its silence is not its own. */
  #listen(onSilence: () => void): void {
    const nowMs = this.#options.clock.monotonicMs();
    if (this.#paused) this.#heardMs = nowMs;
    if (nowMs - this.#heardMs >= this.#options.silenceMs) onSilence();
  }

  #pause(paused: boolean): void {
    this.#paused = paused;
    if (paused) this.#session?.pause();
    else this.#session?.resume();
  }

  #wakeUp(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  #every(ms: number, work: () => void): void {
    let cancel: () => void;
    const arm = () => {
      cancel = this.#options.clock.after(ms, () => {
        this.#timers.delete(stop);
        arm();
        work();
      });
      this.#timers.add(stop);
    };
    const stop = () => cancel();
    arm();
  }
}
