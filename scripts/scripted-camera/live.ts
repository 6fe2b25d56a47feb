// What the camera sees and hears now, at the pace of real time, to everybody who watches. It takes pictures only while
// somebody does: the first viewer gets picture 0, and a script can say what happens at which picture.
import { type Burst, type BurstTemplate, frameHeaderBytes, interleave, numbered, packetsOf } from './burst.ts';
import { soundBursts, type VideoBurstOptions, videoBursts } from './bursts.ts';
import { type CameraTime, waitFor } from './camera-time.ts';
import type { Footage } from './footage.ts';
import { bye, report } from './rtcp.ts';
import { RtpStream, wrapped } from './rtp-stream.ts';
import type { Sound } from './sound.ts';
import type { StreamNumber, Viewer } from './viewer.ts';

export type LiveOptions = VideoBurstOptions & {
  footage: Footage;
  sound?: Sound | undefined;
  time: CameraTime;
  /** How many times faster than real time pictures come; their timestamps do not change. */
  speed: number;
  videoClockRate: number;
  firstTicks?: number | undefined;
  /** The camera's clock minus the true one, as sender reports tell it. */
  clockOffsetMs: number;
  /** Time between sender reports; 0: none. */
  reportEveryMs: number;
  /** Clients join between key frames. */
  joinAnywhere: boolean;
  /** Timestamp of a picture instead of the usual one. */
  ticks?: ((usual: number, ordinal: number) => number) | undefined;
  /** The packets of a picture instead of the usual ones. */
  packets?: ((usual: Buffer[], ordinal: number) => Buffer[]) | undefined;
  /** Bytes that go before a picture, over TCP. */
  before?: ((ordinal: number) => Buffer | undefined) | undefined;
  /** Whether there is a picture, or sound, at a time since the start. */
  hasPicture?: ((mediaMs: number) => boolean) | undefined;
  hasSound?: ((mediaMs: number) => boolean) | undefined;
  /** Called before a picture is taken. */
  onPicture?: ((ordinal: number) => void) | undefined;
};

type Watching = { viewer: Viewer; hasKeyFrame: boolean };

export class Live {
  /** Numbers of the pictures that went to somebody. */
  readonly sent: number[] = [];
  /** Pictures that were left out for a client that did not take them in. */
  dropped = 0;
  readonly #options: LiveOptions;
  readonly #watching = new Map<Viewer, Watching>();
  #footage: Footage;
  #ordinal = 0;
  #streams: RtpStream[];
  #bootedAtMs: number | undefined;
  #run: AbortController | undefined;
  #paused = false;

  constructor(options: LiveOptions) {
    this.#options = options;
    this.#footage = options.footage;
    this.#streams = this.#newStreams(options.firstTicks);
  }

  get footage(): Footage {
    return this.#footage;
  }

  get sound(): Sound | undefined {
    return this.#options.sound;
  }

  get viewers(): number {
    return this.#watching.size;
  }

  add(viewer: Viewer): void {
    this.#watching.set(viewer, { viewer, hasKeyFrame: this.#options.joinAnywhere });
    this.#start();
  }

  remove(viewer: Viewer): void {
    this.#watching.delete(viewer);
    if (this.#watching.size === 0) this.#stop();
  }

  /** What RTP-Info tells of a stream before its first packet; undefined when that depends on the next key frame. */
  next(stream: StreamNumber): { sequence: number; ticks: number } | undefined {
    if (this.#run && !this.#options.joinAnywhere) return undefined;
    const { sequence } = this.#stream(stream);
    return { sequence, ticks: this.#stream(stream).ticksAt(this.#mediaMs()) };
  }

  /** From the next picture on. It begins with its first picture, a key frame. */
  show(footage: Footage): void {
    this.#footage = footage;
    this.#restart();
  }

  /** New numbers, as after a loss of power. */
  reboot(): void {
    this.#stop();
    this.#streams = this.#newStreams(undefined);
    this.#bootedAtMs = undefined;
  }

  /** Nothing is sent, and no picture taken, until it goes on. */
  pause(): void {
    this.#paused = true;
    this.#stop();
  }

  goOn(): void {
    this.#paused = false;
    if (this.#watching.size > 0) this.#start();
  }

  sayBye(): void {
    for (const number of this.#numbers()) this.#report(number, bye(this.#stream(number).ssrc));
  }

  #newStreams(firstTicks: number | undefined): RtpStream[] {
    const { sound, videoClockRate } = this.#options;
    const video = new RtpStream({ clockRate: videoClockRate, firstTicks });
    return sound ? [video, new RtpStream({ clockRate: sound.sampleRate })] : [video];
  }

  #stream(number: StreamNumber): RtpStream {
    const stream = this.#streams[number];
    if (!stream) throw new Error(`There is no stream ${number}`);
    return stream;
  }

  #numbers(): StreamNumber[] {
    return this.#streams.length > 1 ? [0, 1] : [0];
  }

  #mediaMs(): number {
    const { time, speed } = this.#options;
    return this.#bootedAtMs === undefined ? 0 : (time.monotonicMs() - this.#bootedAtMs) * speed;
  }

  #start(): void {
    if (this.#run || this.#paused) return;
    this.#bootedAtMs ??= this.#options.time.monotonicMs();
    this.#run = new AbortController();
    const { signal } = this.#run;
    const fromMs = this.#mediaMs();
    void this.#play(this.#pictures(fromMs), signal);
    if (this.#options.sound) void this.#play(this.#blocks(this.#options.sound, fromMs), signal);
    if (this.#options.reportEveryMs > 0) void this.#play(this.#reports(fromMs), signal);
  }

  #stop(): void {
    this.#run?.abort();
    this.#run = undefined;
  }

  #restart(): void {
    if (!this.#run) return;
    this.#stop();
    this.#start();
  }

  /** Waits for each moment, in media time, at which `moments` wants to go on. */
  async #play(moments: Iterator<number>, signal: AbortSignal): Promise<void> {
    const { speed, time } = this.#options;
    for (;;) {
      const { value: atMs, done } = moments.next();
      if (done) return;
      const waitMs = (atMs - this.#mediaMs()) / speed;
      if (waitMs > 0) await waitFor(waitMs, { time, signal });
      if (signal.aborted) return;
    }
  }

  *#pictures(fromMs: number): Generator<number, void> {
    const footage = this.#footage;
    const bursts = videoBursts(footage, this.#options);
    const pictureMs = 1000 / footage.picturesPerSecond;
    for (let index = 0; ; index++) {
      const inLoop = index % bursts.length;
      const picture = footage.pictures[inLoop];
      const burst = bursts[inLoop];
      if (!picture || !burst) throw new Error('There is no picture to show');
      const mediaMs = fromMs + index * pictureMs;
      yield mediaMs;
      if (this.#options.hasPicture?.(mediaMs) === false) continue;
      const shownMs = mediaMs + (picture.shownAs - inLoop) * pictureMs;
      this.#sendPicture(burst, shownMs, picture.keyFrame);
    }
  }

  #sendPicture(template: BurstTemplate, shownMs: number, keyFrame: boolean): void {
    const { ticks = usual => usual, packets, before, onPicture, time } = this.#options;
    const ordinal = this.#ordinal;
    const run = this.#run;
    onPicture?.(ordinal);
    // What the script does at this picture may have ended the run that wanted to send it.
    if (this.#run !== run) return;
    this.#ordinal++;
    const stream = this.#stream(0);
    const { sequence, ssrc } = stream;
    const usual = stream.ticksAt(shownMs);
    const numbers = { sequence, ssrc, ordinal, capturedAtMs: time.nowMs(), ticks: wrapped(ticks(usual, ordinal)) };
    let burst: Burst = numbered(template, numbers);
    stream.sent(burst.starts.length, burst.bytes.length - burst.starts.length * frameHeaderBytes);
    if (packets) burst = interleave(packets(packetsOf(burst), ordinal), 0);
    const between = before?.(ordinal);
    let wasSent = false;
    for (const watching of this.#watching.values()) {
      watching.hasKeyFrame ||= keyFrame;
      if (!watching.hasKeyFrame) continue;
      if (between) watching.viewer.sendBetween(between);
      if (watching.viewer.send(0, burst)) wasSent = true;
      else this.dropped++;
    }
    if (wasSent) this.sent.push(ordinal);
  }

  *#blocks(sound: Sound, fromMs: number): Generator<number, void> {
    const bursts = soundBursts(sound);
    const blockMs = (sound.samplesPerBlock * 1000) / sound.sampleRate;
    const stream = this.#stream(1);
    for (let index = 0; ; index++) {
      const template = bursts[index % bursts.length];
      if (!template) throw new Error('There is no sound');
      const mediaMs = fromMs + index * blockMs;
      yield mediaMs;
      if (this.#options.hasSound?.(mediaMs) === false) continue;
      const { sequence, ssrc } = stream;
      const numbers = { sequence, ssrc, ticks: stream.ticksAt(mediaMs), ordinal: 0, capturedAtMs: 0 };
      const burst = numbered(template, numbers);
      stream.sent(1, burst.bytes.length - frameHeaderBytes);
      for (const { viewer } of this.#watching.values()) viewer.send(1, burst);
    }
  }

  *#reports(fromMs: number): Generator<number, void> {
    const { clockOffsetMs, reportEveryMs, speed, time, ticks = usual => usual } = this.#options;
    for (let mediaMs = fromMs; ; mediaMs += reportEveryMs * speed) {
      yield mediaMs;
      const wallMs = time.nowMs() + clockOffsetMs;
      for (const number of this.#numbers()) {
        const stream = this.#stream(number);
        const { ssrc, packets, bytes } = stream;
        const usual = stream.ticksAt(this.#mediaMs());
        const at = number === 0 ? wrapped(ticks(usual, this.#ordinal)) : usual;
        this.#report(number, report({ ssrc, wallMs, packets, bytes, ticks: at }));
      }
    }
  }

  #report(number: StreamNumber, packet: Buffer): void {
    for (const { viewer } of this.#watching.values()) viewer.sendReport(number, packet);
  }
}
