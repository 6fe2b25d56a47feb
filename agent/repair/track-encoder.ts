// The encoder of one track for one camera session: keeps an ffmpeg running on the frames it is fed, starts it again when it
// dies, and never holds anybody up who delivers in real time. Memory is bounded by the frames that may wait.

import type { Clock } from '../clock.ts';
import { trackForKeyFrame } from '../codec/codec-private.ts';
import { type AgentError, asAgentError } from '../errors.ts';
import type { Frame, Track } from '../matroska/track.ts';
import { type Encoded, type Encoding, encode } from './encode.ts';
import { encoderBehind, encoderFailed } from './encoder-problem.ts';
import { type EncoderProblem, Loss } from './loss.ts';
import { Pace } from './pace.ts';
import { WaitingFrames } from './waiting-frames.ts';

export type TrackEncoderOptions = {
  track: Track;
  /** Asked before each run. */
  encodingFor: (track: Track, signal: AbortSignal) => Promise<Encoding>;
  /** How much of its time a frame that comes out stands for. */
  answersMs: number;
  clock: Clock;
  /** So long fed without an answer, an encoder hangs. */
  stuckMs: number;
  ffmpegPath?: string | undefined;
  onEncoded: (encoded: Encoded) => void;
  onProblem: (problem: EncoderProblem) => void;
  /** A run with this encoding failed. */
  onFailed: (encoding: Encoding) => void;
};

/** 16 Mbit/s for as long as may wait. */
const waitingLimits = { maxBytes: 24 * 1024 * 1024, maxSpanMs: 12_000 };
/** So long without a frame, nobody waits for the track any more. */
const quietMs = 500;
/** What an encoder keeps while its track pauses is no sign that it hangs. */
const pauseMs = 2_000;
/** A timeline that goes back further than B-frames do is another one, which encoders do not take. */
const backwardsMs = 2_000;
const retryFirstMs = 500;
const retryMaxMs = 30_000;
/** For all that may wait, on a machine that just keeps up; the camera's next session waits meanwhile. */
const finishMs = 30_000;
const recheckMs = 500;

export class TrackEncoder {
  readonly #options: TrackEncoderOptions;
  readonly #clock: Clock;
  readonly #waiting = new WaitingFrames(waitingLimits);
  readonly #pace: Pace;
  readonly #loss: Loss;
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;
  /** Presentation time → wall time of arrival, of what was fed and has not come out. */
  readonly #unanswered = new Map<number, number>();
  #track: Track;
  #encoderName = 'ffmpeg';
  /** Full: everything up to the next key frame is left out. */
  #skipping = false;
  #lastFedMs = Number.NEGATIVE_INFINITY;
  /** Since when the present run is fed without an answer, monotonic. */
  #unansweredSinceMs: number | undefined;
  #answers = 0;
  #run: AbortController | undefined;

  constructor(options: TrackEncoderOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#track = options.track;
    this.#pace = new Pace(options.clock);
    this.#loss = new Loss(options.onProblem);
    this.#done = this.#work();
  }

  /**
   * Takes a frame. Waits only for a source that is faster than real time, and while frames wait to be encoded; what is
   * too much of a live source is lost, and told.
   */
  async feed(frame: Frame): Promise<void> {
    const nowMs = this.#clock.monotonicMs();
    this.#watch(nowMs);
    this.#pace.note(frame.timecodeMs);
    if (this.#skipping && !(this.#canBeginWith(frame) && this.#waiting.isHalfEmpty)) return;
    while (this.#waiting.isFull && this.#pace.isAheadBy(0.8 * this.#waiting.spanMs)) await this.#roomOrTime();
    if (this.#stop.signal.aborted) return;
    if (this.#waiting.isFull) {
      this.#skipping = true;
      this.#loss.begin(encoderBehind(this.#track.type, this.#encoderName), this.#clock.nowMs());
      return;
    }
    if (this.#skipping) this.#loss.resume(frame.timecodeMs, this.#clock.nowMs());
    this.#skipping = false;
    this.#unanswered.set(frame.timecodeMs, this.#clock.nowMs());
    this.#waiting.push(frame);
  }

  /** Whether a frame earlier than that may still come out, soon. */
  owesBefore(timecodeMs: number): boolean {
    // What is left in an encoder while its track pauses comes out when the track goes on.
    if (this.#clock.monotonicMs() - this.#lastFedMs > quietMs) return false;
    for (const ptsMs of this.#unanswered.keys()) if (ptsMs < timecodeMs) return true;
    return false;
  }

  /** No more frames: resolves when everything has come out. An encoder that gives nothing any more is not waited for. */
  async finish(): Promise<void> {
    this.#waiting.close();
    const deadlineMs = this.#clock.monotonicMs() + finishMs;
    for (let before = -1; before !== this.#answers && this.#clock.monotonicMs() < deadlineMs; ) {
      // A run that has not begun has nothing to give yet.
      before = this.#run ? this.#answers : -1;
      if (await this.#isDoneWithin(this.#options.stuckMs)) return await this[Symbol.asyncDispose]();
    }
    this.#loseUnanswered(encoderFailed(this.#track.type, this.#encoderName, 'stuck'));
    await this[Symbol.asyncDispose]();
  }

  async #isDoneWithin(ms: number): Promise<boolean> {
    const late = Promise.withResolvers<boolean>();
    const cancel = this.#clock.after(ms, () => late.resolve(false));
    const done = await Promise.race([this.#done.then(() => true), late.promise]);
    cancel();
    return done;
  }

  /** Ends the encoder with what is in it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#run?.abort();
    this.#waiting.close();
    this.#waiting.clear();
    await this.#done;
    this.#loss.end(this.#clock.nowMs());
  }

  async #work(): Promise<void> {
    const { signal } = this.#stop;
    for (let failures = 0; (await this.#waiting.first()) && !signal.aborted; ) {
      try {
        await this.#runOnce(() => (failures = 0));
      } catch (thrown) {
        if (signal.aborted) return;
        this.#loseUnanswered(asAgentError(thrown));
        const delayMs = Math.min(retryMaxMs, retryFirstMs * 2 ** Math.min(failures++, 10));
        await this.#clock.sleep(delayMs, signal).catch(() => undefined);
      }
    }
  }

  async #runOnce(worked: () => void): Promise<void> {
    const { encodingFor, clock, ffmpegPath, onEncoded, onFailed } = this.#options;
    const encoding = await encodingFor(this.#track, this.#stop.signal);
    this.#stop.signal.throwIfAborted();
    const run = new AbortController();
    this.#run = run;
    this.#encoderName = encoding.name;
    this.#unansweredSinceMs = undefined;
    try {
      const frames = this.#frames(run.signal);
      const options = { track: this.#track, encoding, frames, clock, ffmpegPath, signal: run.signal };
      for await (const encoded of encode(options)) {
        if (encoded.type === 'frame') {
          this.#answer(encoded.frame.timecodeMs);
          worked();
        }
        onEncoded(encoded);
      }
      if (run.signal.aborted) throw encoderFailed(this.#track.type, encoding.name, 'stuck');
    } catch (thrown) {
      if (!this.#stop.signal.aborted) onFailed(encoding);
      throw thrown;
    } finally {
      run.abort();
      this.#run = undefined;
    }
  }

  /** What the present run is fed, from a frame that can be decoded by itself to one that needs another run. */
  async *#frames(signal: AbortSignal): AsyncGenerator<Frame> {
    let latestMs: number | undefined;
    for (;;) {
      const frame = await this.#waiting.first();
      if (!frame || signal.aborted) return;
      if (latestMs !== undefined && frame.timecodeMs < latestMs - backwardsMs) return;
      if (this.#changesTrack(frame) && latestMs !== undefined) return;
      this.#waiting.shift();
      if (latestMs === undefined && !this.#canBeginWith(frame)) {
        this.#unanswered.delete(frame.timecodeMs);
        continue;
      }
      if (latestMs === undefined) this.#loss.resume(frame.timecodeMs, this.#arrivalOf(frame));
      latestMs = Math.max(latestMs ?? frame.timecodeMs, frame.timecodeMs);
      yield frame;
    }
  }

  /** A camera may change its picture in mid-stream, and say so only in band. */
  #changesTrack(frame: Frame): boolean {
    if (this.#track.type !== 'video' || !frame.keyFrame) return false;
    const track = trackForKeyFrame(this.#track, frame.data);
    if (track === this.#track) return false;
    this.#track = track;
    return true;
  }

  #canBeginWith(frame: Frame): boolean {
    return frame.keyFrame || this.#track.type === 'audio';
  }

  #arrivalOf({ timecodeMs }: Frame): number {
    return this.#unanswered.get(timecodeMs) ?? this.#clock.nowMs();
  }

  /** Pictures come out in the order of their times: what is earlier has come out, or never will. */
  #answer(timecodeMs: number): void {
    this.#unansweredSinceMs = undefined;
    this.#answers++;
    for (const ptsMs of this.#unanswered.keys()) {
      if (ptsMs < timecodeMs + this.#options.answersMs) this.#unanswered.delete(ptsMs);
    }
    this.#loss.answered(timecodeMs);
  }

  /** What the run that failed had taken. What waits is for the next run. */
  #loseUnanswered(error: AgentError): void {
    const [fromMs = this.#clock.nowMs()] = this.#unanswered.values();
    this.#loss.begin(error, fromMs);
    for (const ptsMs of this.#unanswered.keys()) if (!this.#waiting.has(ptsMs)) this.#unanswered.delete(ptsMs);
  }

  async #roomOrTime(): Promise<void> {
    const time = Promise.withResolvers<void>();
    const cancel = this.#clock.after(recheckMs, time.resolve);
    await Promise.race([this.#waiting.change(), time.promise]);
    cancel();
  }

  /** Ends a run that is fed and does not answer. Looked at when there is something to feed, so it needs no timer. */
  #watch(nowMs: number): void {
    if (nowMs - this.#lastFedMs > pauseMs) this.#unansweredSinceMs = undefined;
    this.#lastFedMs = nowMs;
    this.#unansweredSinceMs ??= nowMs;
    if (nowMs - this.#unansweredSinceMs > this.#options.stuckMs) this.#run?.abort();
  }
}
