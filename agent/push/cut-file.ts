// A recorded file → whole fragments in memory, as the spool would keep them on disk.
import type { Clock } from '../clock.ts';
import { AgentError } from '../errors.ts';
import type { FragmentProblem } from '../fragmenter/camera-problem.ts';
import { fragmentItems } from '../fragmenter/fragment-items.ts';
import type { FragmentPart } from '../fragmenter/fragment-part.ts';
import { frameHeader, writeClusterStart, writeHeader } from '../matroska/write.ts';
import type { SourceItem } from '../source/source.ts';
import type { FragmentRecord } from '../spool/fragment-record.ts';
import { mediaEndMs } from '../spool/media-end.ts';
import { needsEncoding } from './file-problem.ts';
import type { RecordedFile } from './probe-file.ts';

/** `media` is what a fragment's file would hold: header and one cluster. */
export type RecordedFragment = { record: FragmentRecord; media: Uint8Array };

export type CutOptions = {
  file: RecordedFile;
  /** When the first frame was recorded. */
  startMs: number;
  items: AsyncIterable<SourceItem>;
  clock: Clock;
};

/**
 * Fragments in time order, with equal starts at every run over the same file.
 * @throws AgentError `file-b-frames`, `file-codec`, `file-gop`: nothing is left out silently; and whatever `items` throws
 */
export async function* cutFile({ file, startMs, items, clock }: CutOptions): AsyncGenerator<RecordedFragment> {
  let loss: FragmentProblem | undefined;
  const onProblem = (problem: FragmentProblem) => {
    if (problem.lostFromMs !== undefined) loss = problem;
  };
  const timeline = { startMs };
  let building: Building | undefined;
  let id = 0;
  try {
    for await (const part of fragmentItems(items, { clock, cameraId: file.path, timeline, onProblem })) {
      if (part.type === 'begin') building = new Building(part, id++);
      else if (part.type === 'frame') building?.add(part);
      else if (building) yield building.finish(file.path, part.nextStartMs);
      if (loss) throw loss.error;
    }
    if (loss) throw loss.error;
  } catch (error) {
    throw inWordsOfFiles(error, file.path);
  }
}

class Building {
  readonly #id: number;
  readonly #startMs: number;
  readonly #header: Uint8Array;
  readonly #pieces: Uint8Array[];
  readonly #trackNumbers = new Set<number>();
  readonly #videoNumbers: ReadonlySet<number>;
  #lastTimecodeMs: number;
  #frames = 0;
  #videoFrames = 0;

  constructor({ tracks, startMs }: Extract<FragmentPart, { type: 'begin' }>, id: number) {
    this.#id = id;
    this.#startMs = startMs;
    this.#lastTimecodeMs = startMs;
    this.#header = writeHeader(tracks);
    this.#pieces = [this.#header, writeClusterStart(startMs)];
    this.#videoNumbers = new Set(tracks.filter(track => track.type === 'video').map(track => track.number));
  }

  add({ frame }: Extract<FragmentPart, { type: 'frame' }>): void {
    this.#pieces.push(frameHeader(frame, this.#startMs), frame.data);
    this.#frames++;
    this.#trackNumbers.add(frame.trackNumber);
    if (this.#videoNumbers.has(frame.trackNumber)) this.#videoFrames++;
    this.#lastTimecodeMs = Math.max(this.#lastTimecodeMs, frame.timecodeMs);
  }

  finish(cameraId: string, nextStartMs: number | undefined): RecordedFragment {
    const media = Buffer.concat(this.#pieces);
    const [startMs, lastTimecodeMs, videoFrames] = [this.#startMs, this.#lastTimecodeMs, this.#videoFrames];
    const record: FragmentRecord = {
      id: this.#id,
      cameraId,
      startMs,
      endMs: nextStartMs ?? mediaEndMs({ startMs, lastTimecodeMs, videoFrames }),
      bytes: media.length,
      headerBytes: this.#header.length,
      frames: this.#frames,
      codecKey: Buffer.from(this.#header).toString('base64'),
      trackNumbers: [...this.#trackNumbers].sort((a, b) => a - b),
      state: 'waiting',
      sendBegun: false,
    };
    return { record, media };
  }
}

/** The fragmenter speaks of cameras and their settings; a file needs other advice. */
function inWordsOfFiles(error: unknown, path: string): unknown {
  if (!(error instanceof AgentError)) return error;
  if (error.code === 'camera-b-frames') return needsEncoding('file-b-frames', path, 'video with B-frames');
  if (error.code === 'camera-codec-unsupported') return needsEncoding('file-codec', path, 'video in this codec');
  if (error.code === 'camera-no-video') return needsEncoding('file-codec', path, 'files without video');
  if (error.code === 'camera-gop-too-long')
    return needsEncoding('file-gop', path, 'more than 20 s or 50 MB without a key frame');
  return error;
}
