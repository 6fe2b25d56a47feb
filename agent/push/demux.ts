// A recorded file as tracks and frames: ffmpeg takes the container apart and copies what is in it, as fast as it is read.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { AgentError, systemCode } from '../errors.ts';
import { MatroskaReader } from '../matroska/read.ts';
import type { SourceItem } from '../source/source.ts';
import { brokenOff, ffmpegMissing } from './file-problem.ts';
import type { RecordedFile } from './probe-file.ts';

const maxStderrChars = 4_096;

export type DemuxOptions = { file: RecordedFile; signal: AbortSignal; ffmpegPath?: string };

/**
 * The first video and the first audio track; audio that does not fit becomes AAC. The same file gives the same frames with
 * the same times at every run, beginning at 0. No ffmpeg is left when the iteration ends, however it ends.
 * @throws AgentError `file-unreadable` when the file breaks off, `ffmpeg-missing`; the signal's reason
 */
export async function* demuxFile({ file, signal, ffmpegPath = 'ffmpeg' }: DemuxOptions): AsyncGenerator<SourceItem> {
  signal.throwIfAborted();
  const child = spawn(ffmpegPath, ffmpegArguments(file), { stdio: ['ignore', 'pipe', 'pipe'] });
  const stop = () => void child.kill('SIGKILL');
  signal.addEventListener('abort', stop, { once: true });
  let words = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(-maxStderrChars);
  });
  const closed = once(child, 'close').catch(error => {
    throw systemCode(error) === 'ENOENT' ? ffmpegMissing(error) : brokenOff(file.path, error);
  });
  closed.catch(() => undefined);
  try {
    yield* itemsOf(child.stdout);
    const [exitCode] = await closed;
    signal.throwIfAborted();
    if (exitCode !== 0) throw brokenOff(file.path, new Error(words));
  } catch (error) {
    signal.throwIfAborted();
    await closed;
    throw error instanceof AgentError && error.code.startsWith('matroska-') ? brokenOff(file.path, words) : error;
  } finally {
    signal.removeEventListener('abort', stop);
    stop();
  }
}

/** `file:` keeps a name with a colon or a dash in it from meaning something else to ffmpeg. */
function ffmpegArguments({ path, audio }: RecordedFile): string[] {
  return [
    ...['-nostdin', '-v', 'error', '-i', `file:${path}`, '-map', '0:V:0', '-map', '0:a:0?', '-map_chapters', '-1'],
    ...['-c:v', 'copy', ...(audio === 'fits' ? ['-c:a', 'copy'] : ['-c:a', 'aac', '-ac', '2'])],
    ...['-f', 'matroska', 'pipe:1'],
  ];
}

async function* itemsOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<SourceItem> {
  // Node never writes to a chunk again, so frames need no copy of their own.
  const reader = new MatroskaReader({ borrowFrames: true });
  for await (const chunk of chunks) {
    for (const event of reader.push(chunk)) {
      if (event.type === 'tracks') yield { type: 'tracks', tracks: event.tracks };
      if (event.type === 'frame') yield { type: 'frame', frame: event.frame };
    }
  }
  reader.end();
}
