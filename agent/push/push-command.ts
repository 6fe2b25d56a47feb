// `kvs-edge push`: what the terminal shows and what a script reads, around pushFile.
import { durationWords } from '../../shared/duration-words.ts';
import { systemClock } from '../clock.ts';
import { AgentError } from '../errors.ts';
import { startUnknown } from './file-problem.ts';
import { parseStart } from './file-start.ts';
import { probeFile, type RecordedFile } from './probe-file.ts';
import { barLine } from './progress-bar.ts';
import type { PushProgress } from './push-file.ts';

export type PushArguments = {
  path: string;
  stream: string;
  /** As typed. Undefined: what the file says. */
  start: string | undefined;
  retentionHours: number;
  region: string;
  json: boolean;
};

/** Where the command writes; standard output and standard error. */
export type Terminal = {
  out: (text: string) => void;
  err: (text: string) => void;
  /** Whether a person sees what goes to `err`. */
  isTty: boolean;
};

/** What `--json` prints, one object on one line. */
export type PushSummary = {
  file: string;
  stream: string;
  startMs: number;
  durationMs: number;
  sentFragments: number;
  sentBytes: number;
  /** In the stream from an earlier push, and not sent again. */
  foundFragments: number;
  refused: PushProgress['refused'];
  tookMs: number;
};

const redrawMs = 100;

/** Rejects with an AgentError whose sentence says what to do. */
export async function pushCommand(args: PushArguments, terminal: Terminal, signal: AbortSignal): Promise<void> {
  const startedMs = systemClock.monotonicMs();
  const elapsedMs = () => systemClock.monotonicMs() - startedMs;
  // Loading the AWS code takes as long as looking at the file: side by side.
  const [file, aws] = await Promise.all([probeFile(args.path), loadAws()]);
  const startMs = startOf(file, args.start);
  const line = new ProgressLine(terminal, file, elapsedMs);
  using service = aws.connect(args.region);
  try {
    const progress = await aws.pushFile({
      ...args,
      file,
      startMs,
      service,
      clock: systemClock,
      random: Math.random,
      signal,
      onProgress: state => line.show(state),
      onTrouble: ({ message }, ms) => line.say(`${message} Trying again in ${durationWords(ms)}.`),
    });
    line.end();
    const { doneMs, ...counts } = progress;
    report({ file: args.path, stream: args.stream, startMs, durationMs: doneMs, ...counts, tookMs: elapsedMs() });
  } catch (error) {
    line.end();
    throw signal.aborted ? interrupted() : error;
  }

  function report(summary: PushSummary): void {
    terminal.out(`${args.json ? JSON.stringify(summary) : summaryWords(summary)}\n`);
    const [first] = summary.refused;
    if (first) throw partlyRefused(summary.refused, first.message);
  }
}

async function loadAws() {
  const [{ pushFile }, { connectAws }, { KinesisVideo }] = await Promise.all([
    import('./push-file.ts'),
    import('../aws/aws.ts'),
    import('../aws/kinesis-video.ts'),
  ]);
  const connect = (region: string) =>
    new KinesisVideo(connectAws({ region }, { clock: systemClock, random: Math.random }), systemClock);
  return { pushFile, connect };
}

function startOf(file: RecordedFile, typed: string | undefined): number {
  const startMs = typed === undefined ? file.createdMs : parseStart(typed);
  if (startMs === undefined) throw startUnknown(file.path);
  return startMs;
}

function summaryWords({ stream, startMs, durationMs, ...counts }: PushSummary): string {
  const { sentFragments, sentBytes, foundFragments, tookMs } = counts;
  const span = `${new Date(startMs).toISOString()} to ${new Date(startMs + durationMs).toISOString()}`;
  const sent = `${sentFragments} fragments, ${(sentBytes / 1e6).toFixed(1)} MB, sent in ${(tookMs / 1000).toFixed(1)} s`;
  const found = foundFragments === 0 ? '' : `; ${foundFragments} were there from before`;
  return `The stream ${stream} has ${span}: ${sent}${found}.`;
}

function partlyRefused(refused: PushProgress['refused'], why: string): AgentError {
  const lostMs = refused.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0);
  return new AgentError({
    code: 'service-rejected-fragment',
    kind: 'data-loss',
    retry: 'never',
    message: `AWS refused ${durationWords(lostMs)} of the video; the rest is in the stream. ${why}`,
  });
}

function interrupted(): AgentError {
  return new AgentError({
    code: 'push-interrupted',
    kind: 'unavailable',
    retry: 'now',
    message: 'The push was interrupted: run the same command again, and it continues where it stopped.',
  });
}

/** One line of the terminal, drawn over itself; nothing when nobody sees it. */
class ProgressLine {
  readonly #terminal: Terminal;
  readonly #file: RecordedFile;
  readonly #elapsedMs: () => number;
  #drawnAtMs = Number.NEGATIVE_INFINITY;
  #foundMs = 0;
  #sentFragments = 0;
  #drawn = false;

  constructor(terminal: Terminal, file: RecordedFile, elapsedMs: () => number) {
    this.#terminal = terminal;
    this.#file = file;
    this.#elapsedMs = elapsedMs;
  }

  show({ sentFragments, sentBytes, doneMs }: PushProgress): void {
    if (sentFragments === this.#sentFragments) this.#foundMs = Math.max(this.#foundMs, doneMs);
    this.#sentFragments = sentFragments;
    const elapsedMs = this.#elapsedMs();
    if (!this.#terminal.isTty || elapsedMs - this.#drawnAtMs < redrawMs) return;
    this.#drawnAtMs = elapsedMs;
    this.#drawn = true;
    const state = { totalMs: this.#file.durationMs, foundMs: this.#foundMs, doneMs, sentBytes, elapsedMs };
    this.#terminal.err(`\r\u001b[K${barLine(state)}`);
  }

  /** A sentence on a line of its own. */
  say(sentence: string): void {
    this.end();
    this.#terminal.err(`${sentence}\n`);
  }

  end(): void {
    if (this.#drawn) this.#terminal.err('\r\u001b[K');
    this.#drawn = false;
  }
}
