// One camera session with at least one track that is re-encoded: frames of the camera in, the session's items out, the
// tracks first and then frames in the order of time.
import type { Clock } from '../clock.ts';
import type { AgentError } from '../errors.ts';
import type { AudioTrack, Frame, Track, VideoTrack } from '../matroska/track.ts';
import type { SourceItem } from '../source/source.ts';
import { aacEncoding, aacTrack } from './aac.ts';
import type { Encoded } from './encode.ts';
import { h264Encoding, type VideoEncoder } from './h264.ts';
import { Interleaver, type Lane } from './interleaver.ts';
import type { TracksToRepair } from './repair-plan.ts';
import { TrackEncoder } from './track-encoder.ts';
import type { EncoderChoice } from './video-encoders.ts';

export type RepairProblem = { error: AgentError; lostFromMs?: number; lostToMs?: number };

export type RepairSessionOptions = {
  tracks: readonly Track[];
  toRepair: TracksToRepair;
  encoders: EncoderChoice;
  clock: Clock;
  stuckMs: number;
  ffmpegPath?: string | undefined;
  onProblem: (problem: RepairProblem) => void;
};

/** The picture waits little for its sound; the sound, which alone is of no use, waits long for its picture. */
const maxHoldMs = { video: 1_000, audio: 4_000 } as const;
const aacFrameSamples = 1024;

export class RepairSession implements AsyncDisposable {
  readonly #options: RepairSessionOptions;
  readonly #encoders = new Map<number, TrackEncoder>();
  readonly #interleaver: Interleaver;
  /** As they leave; undefined while the encoder of the picture has not said what it makes. */
  #tracks: Track[] | undefined;
  #announced: Track[] | undefined;
  /** What each encoded picture belongs to: pictures of the run before may still wait when the next one says what it makes. */
  readonly #tracksOf = new WeakMap<Frame, Track[]>();
  #changed = Promise.withResolvers<void>();
  #cancelDue: () => void = () => {};

  constructor(options: RepairSessionOptions) {
    this.#options = options;
    const { video, audio } = options.toRepair;
    const tracks = options.tracks.map(track => (track === audio ? aacTrack(audio) : track));
    this.#tracks = video ? undefined : tracks;
    if (audio) this.#encoders.set(audio.number, this.#audioEncoder(audio));
    if (video) this.#encoders.set(video.number, this.#videoEncoder(video, tracks));
    this.#interleaver = new Interleaver(
      options.clock,
      options.tracks.map(track => this.#lane(track)),
    );
  }

  /** Waits only for a source that is faster than real time. */
  async feed(frame: Frame): Promise<void> {
    const encoder = this.#encoders.get(frame.trackNumber);
    if (encoder) await encoder.feed(frame);
    else this.#interleaver.push(frame);
  }

  /** What may leave now. */
  *ready(): Generator<SourceItem> {
    yield* this.#items(() => this.#interleaver.take());
  }

  /** Resolves when `ready` may have something new. */
  change(): Promise<void> {
    const { clock } = this.#options;
    const { dueMs } = this.#interleaver;
    this.#cancelDue();
    if (dueMs !== undefined)
      this.#cancelDue = clock.after(Math.max(0, dueMs - clock.monotonicMs()), () => this.#tell());
    return this.#changed.promise;
  }

  /** Everything that was fed and has not left. Takes as long as the encoders need for it, seconds at most. */
  async *finish(): AsyncGenerator<SourceItem> {
    await Promise.all([...this.#encoders.values()].map(encoder => encoder.finish()));
    yield* this.#items(() => this.#interleaver.takeAny());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#cancelDue();
    await Promise.all([...this.#encoders.values()].map(encoder => encoder[Symbol.asyncDispose]()));
  }

  *#items(next: () => Frame | undefined): Generator<SourceItem> {
    // Sound without its picture is of no use.
    if (!this.#tracks) return this.#interleaver.dropDue();
    for (let frame = next(); frame; frame = next()) {
      const tracks = this.#tracksOf.get(frame) ?? this.#announced ?? this.#tracks;
      if (tracks !== this.#announced) yield { type: 'tracks', tracks };
      this.#announced = tracks;
      yield { type: 'frame', frame };
    }
  }

  #lane({ type, number }: Track): Lane {
    const encoder = this.#encoders.get(number);
    const lane = { number, maxHoldMs: maxHoldMs[type] };
    return encoder ? { ...lane, owesBefore: timecodeMs => encoder.owesBefore(timecodeMs) } : lane;
  }

  #audioEncoder(track: AudioTrack): TrackEncoder {
    const { clock, stuckMs, ffmpegPath, onProblem } = this.#options;
    return new TrackEncoder({
      ...{ track, clock, stuckMs, ffmpegPath },
      encodingFor: async () => aacEncoding(track),
      answersMs: (1000 * aacFrameSamples) / aacTrack(track).sampleRate,
      onEncoded: encoded => this.#take(encoded),
      // The picture goes on: no video is lost, and one word about the sound is enough.
      onProblem: ({ error, lostToMs }) => lostToMs === undefined && onProblem({ error }),
      onFailed: () => {},
    });
  }

  #videoEncoder(track: VideoTrack, tracks: Track[]): TrackEncoder {
    const { clock, stuckMs, ffmpegPath, encoders, onProblem } = this.#options;
    let encoder: VideoEncoder | undefined;
    return new TrackEncoder({
      ...{ track, clock, stuckMs, ffmpegPath, onProblem },
      encodingFor: async (of, signal) => {
        encoder = await encoders.choose(of.type === 'video' ? of : track, signal);
        return h264Encoding(of.type === 'video' ? of : track, encoder);
      },
      answersMs: 1,
      onEncoded: encoded => {
        if (encoded.type === 'track') this.#setVideo(tracks, encoded.track);
        else if (this.#tracks) this.#tracksOf.set(encoded.frame, this.#tracks);
        this.#take(encoded);
      },
      onFailed: () => encoder && encoders.noteFailure(encoder),
    });
  }

  /** Another run of the same encoder makes the same track, and then nothing begins anew. */
  #setVideo(tracks: Track[], video: Track): void {
    const before = this.#tracks?.find(({ number }) => number === video.number);
    if (before && JSON.stringify(before) === JSON.stringify(video)) return;
    this.#tracks = tracks.map(track => (track.number === video.number ? video : track));
  }

  #take(encoded: Encoded): void {
    if (encoded.type === 'frame') this.#interleaver.push(encoded.frame);
    this.#tell();
  }

  #tell(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }
}
