// What can be wrong with a recorded file, each with what its owner can do about it. The one table of this stage.
import { parse } from 'node:path';
import { AgentError, type AgentErrorOptions } from '../errors.ts';

function problem(code: AgentErrorOptions['code'], message: string, cause?: unknown): AgentError {
  return new AgentError({ code, kind: 'invalid', retry: 'never', message, cause });
}

export function unreadable(file: string, cause: unknown): AgentError {
  return problem('file-unreadable', `${file} cannot be read: check its name and who may read it.`, cause);
}

export function notVideo(file: string, cause?: unknown): AgentError {
  return problem(
    'file-not-video',
    `${file} is no video that ffmpeg can read. MP4, MOV, MKV and MPEG-TS files can be pushed; a recording that was cut off may need repair first.`,
    cause,
  );
}

/** `what` completes "Kinesis Video Streams does not take …". */
export function needsEncoding(
  code: 'file-b-frames' | 'file-codec' | 'file-gop',
  file: string,
  what: string,
): AgentError {
  return problem(
    code,
    `Kinesis Video Streams does not take ${what}. Encode ${file} anew, then push the result: ${encodingCommand(file)}`,
  );
}

export function startUnknown(file: string): AgentError {
  return problem(
    'file-start-unknown',
    `${file} does not say when it was recorded: give the time of its first picture, such as --start 2026-03-01T10:00:00Z.`,
  );
}

export function brokenOff(file: string, cause: unknown): AgentError {
  return problem(
    'file-unreadable',
    `Reading ${file} failed before its end: it may be damaged, or its disk. What came before is in the stream; run the same command again once it can be read.`,
    cause,
  );
}

export function ffmpegMissing(cause: unknown): AgentError {
  return problem('ffmpeg-missing', 'ffmpeg is not installed, which reads the file: apt-get install -y ffmpeg', cause);
}

/** A command for a shell that makes a file which can be pushed, beside the original, with its time of recording. */
export function encodingCommand(file: string): string {
  const { dir, name } = parse(file);
  const made = `${dir === '' ? '' : `${dir.replace(/\/$/, '')}/`}${name}-for-kvs.mp4`;
  const video = `-c:v libx264 -bf 0 -force_key_frames 'expr:gte(t,n_forced*2)'`;
  return `ffmpeg -i ${quoted(file)} -map_metadata 0 -map 0:V:0 -map 0:a:0? ${video} -c:a aac ${quoted(made)}`;
}

function quoted(path: string): string {
  const safe = path.startsWith('-') ? `./${path}` : path;
  return /^[\w./-]+$/.test(safe) ? safe : `'${safe.replaceAll("'", "'\\''")}'`;
}
