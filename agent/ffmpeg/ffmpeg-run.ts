// The only door to fluent-ffmpeg, which nobody maintains any more: one run of ffmpeg as bytes, lines and an exit.
// What it must never be used for: its `progress` event (opens a second session to the camera) and its `start`, `error`
// and `stderr` texts as they are (they show the address with the password).
import { PassThrough, Readable } from 'node:stream';
import ffmpeg from 'fluent-ffmpeg';
import type { Clock } from '../clock.ts';

/** What ffmpeg reads. */
export type FfmpegInput =
  /** Read by ffmpeg's concat demuxer on stdin: what it holds is not visible in the list of processes. */
  | { script: string }
  /** Media on stdin, taken as fast as ffmpeg reads. ffmpeg finishes its output when it ends, or when it throws. */
  | { media: AsyncIterable<Uint8Array>; format: string }
  /** A file or a device. Visible in the list of processes: never anything secret. Without a format ffmpeg finds it out. */
  | { place: string; format?: string };

export type FfmpegCommand = FfmpegInput & {
  inputOptions: string[];
  outputOptions: string[];
  /** 0–19; how far others go first when processors are short. Default 0. */
  niceness?: number;
  /** Default: `ffmpeg` on the PATH. fluent-ffmpeg keeps the last one given for the whole process. */
  ffmpegPath?: string;
};

export type FfmpegExit =
  /** ffmpeg ended by itself, or `end` ended it; code 0 says nothing, a camera that hangs up gives 0 too. */
  | { how: 'exited' }
  /** By somebody else. */
  | { how: 'killed'; signal: string }
  | { how: 'missing' };

const KEPT_STDERR_LINES = 100;
/** A stalled ffmpeg ignores the first SIGTERM and obeys the second at once. */
const END_STEPS = [
  { signal: 'SIGTERM', thenWaitMs: 1_000 },
  { signal: 'SIGTERM', thenWaitMs: 1_000 },
  { signal: 'SIGKILL', thenWaitMs: 5_000 },
] as const;

/** One ffmpeg process, from its start to its certain end. Owners must call `end`. */
export class FfmpegRun {
  /** Last lines of stderr. May hold the password: match them, never show them. */
  readonly stderrLines: string[] = [];
  readonly #clock: Clock;
  readonly #command: ReturnType<typeof ffmpeg>;
  // Neither closes nor reports errors by itself: fluent-ffmpeg would take a closed sink for a reason to report a failed run
  // before the process has ended.
  readonly #sink = new PassThrough({ autoDestroy: false, emitClose: false });
  readonly #stdin: Readable | undefined;
  readonly #exited: Promise<FfmpegExit>;
  #startedMs: number | undefined;
  #ending: Promise<FfmpegExit> | undefined;
  readonly #patienceOver = Promise.withResolvers<void>();
  #isKilled = false;

  constructor(command: FfmpegCommand, clock: Clock) {
    this.#clock = clock;
    this.#stdin = stdinOf(command);
    const { niceness = 0 } = command;
    this.#command = ffmpeg({ source: this.#stdin ?? placeOf(command), niceness, stdoutLines: 1 })
      .inputOptions(...formatOptions(command), ...command.inputOptions)
      .outputOptions(...command.outputOptions)
      .format('matroska');
    if (command.ffmpegPath !== undefined) this.#command.setFfmpegPath(command.ffmpegPath);
    this.#exited = this.#watchExit();
    this.#command.on('stderr', (line: string) => {
      this.stderrLines.push(line);
      if (this.stderrLines.length > KEPT_STDERR_LINES) this.stderrLines.shift();
    });
    this.#command.pipe(this.#sink, { end: true });
  }

  /** When the process started, monotonic. fluent-ffmpeg's questions to ffmpeg come before it, and may be slow. */
  get startedMs(): number | undefined {
    return this.#startedMs;
  }

  /** ffmpeg's stdout. Ends when the process does. ffmpeg waits while nobody reads. */
  stdout(): AsyncIterable<Uint8Array> {
    return this.#sink.iterator({ destroyOnReturn: false });
  }

  /**
   * Resolves when no process is left; kills it when it has not ended by itself within `patienceMs`. Who calls without
   * patience ends that of an earlier call too. Never rejects.
   */
  end(patienceMs = 0): Promise<FfmpegExit> {
    if (patienceMs === 0) this.#patienceOver.resolve();
    this.#ending ??= this.#end(patienceMs);
    return this.#ending;
  }

  async #end(patienceMs: number): Promise<FfmpegExit> {
    // What nobody reads any more must not keep the pipe full and its descriptor open.
    if (patienceMs === 0) this.#sink.resume();
    await Promise.race([this.#exitedWithin(patienceMs), this.#patienceOver.promise]);
    this.#sink.resume();
    for (const { signal, thenWaitMs } of END_STEPS) {
      if (await this.#exitedWithin(0)) break;
      if (this.#startedMs !== undefined) this.#kill(signal);
      await this.#exitedWithin(thenWaitMs);
    }
    this.#stdin?.destroy();
    return await this.#exited;
  }

  #kill(signal: NodeJS.Signals): void {
    this.#isKilled = true;
    this.#command.kill(signal);
  }

  async #exitedWithin(ms: number): Promise<boolean> {
    const { promise: late, resolve } = Promise.withResolvers<boolean>();
    const cancel = this.#clock.after(ms, () => resolve(false));
    const exited = await Promise.race([this.#exited.then(() => true), late]);
    cancel();
    return exited;
  }

  #watchExit(): Promise<FfmpegExit> {
    const { promise, resolve } = Promise.withResolvers<FfmpegExit>();
    this.#command.on('start', () => {
      this.#startedMs = this.#clock.monotonicMs();
      // Asked to end while fluent-ffmpeg was still asking ffmpeg for its formats: there was no process to kill yet.
      if (this.#ending) this.#kill('SIGKILL');
    });
    this.#command.on('end', () => resolve({ how: 'exited' }));
    this.#command.on('error', (error: Error) => {
      // Without a process nobody else ends the stream.
      if (this.#startedMs === undefined) this.#sink.end();
      const signal = /killed with signal (\w+)/.exec(error.message)?.[1];
      // On a busy machine ffmpeg may need longer to leave than it is given: that is nobody else's doing.
      if (signal !== undefined && !this.#isKilled) resolve({ how: 'killed', signal });
      else resolve({ how: this.#startedMs === undefined ? 'missing' : 'exited' });
    });
    return promise;
  }
}

function stdinOf(input: FfmpegInput): Readable | undefined {
  if ('script' in input) return Readable.from([input.script]);
  return 'media' in input ? Readable.from(untilFailure(input.media), { objectMode: false }) : undefined;
}

/** fluent-ffmpeg would take a stream that fails for the end of the process, and leave the process. */
async function* untilFailure(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks;
  } catch {
    // Whoever makes the media knows why it ended.
  }
}

function placeOf(input: FfmpegInput): string {
  return 'place' in input ? input.place : '';
}

function formatOptions(input: FfmpegInput): string[] {
  const format = 'script' in input ? 'concat' : input.format;
  return format === undefined ? [] : ['-f', format];
}
