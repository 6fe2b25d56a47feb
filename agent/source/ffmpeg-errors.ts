// From what ffmpeg leaves behind (lines on stderr, the way it ended, how long it had been silent) to one AgentError whose
// sentence the camera's owner can act on. The patterns are ffmpeg's own lines, each provoked in test/source.
import { AgentError } from '../errors.ts';
import { ffmpegMissing } from '../ffmpeg/ffmpeg-missing.ts';
import type { FfmpegExit } from '../ffmpeg/ffmpeg-run.ts';
import { type CameraTrouble, cameraError } from '../rtsp/camera-trouble.ts';

/** How one run of ffmpeg went. */
export type Aftermath = {
  exit: FfmpegExit;
  stderrLines: string[];
  /** Whether pictures had come in this run. */
  delivered: boolean;
  /** Between the last byte, or the start, and the end. */
  silentMs: number;
  /** From this much silence on the camera did not hang up but fell silent. */
  ioTimeoutMs: number;
};

/** In order of meaning: an earlier one wins, wherever its line stands. */
const stderrTable: readonly [pattern: RegExp, trouble: CameraTrouble][] = [
  [/\b40[13] (Unauthorized|Forbidden)/, 'denied'],
  [/\b404 Not Found/, 'notFound'],
  [/\b461 Unsupported Transport/i, 'transport'],
  [/Failed to resolve hostname/, 'hostUnknown'],
  [/Connection refused|Connection timed out|No route to host|Network is unreachable/, 'unreachable'],
  [/Can't write packet with unknown timestamp/, 'bFrames'],
  [/Stream map '0:v:0' matches no streams/, 'noVideo'],
];

/** What ffmpeg says, after one look at too little of the stream, of video whose size it does not know yet. */
const sizeUnknown = /Could not find codec parameters for stream \d+ \(Video|dimensions not set/;

/** True when looking at more of the stream may help (see Probe). */
export function needsLongProbe(stderrLines: string[]): boolean {
  return stderrLines.some(line => sizeUnknown.test(line));
}

/** The one reason for the end of a run. `host` is shown; no text of ffmpeg's is. */
export function explain(aftermath: Aftermath, host: string): AgentError {
  const { exit } = aftermath;
  if (exit.how === 'missing') return ffmpegMissing();
  const trouble = troubleIn(aftermath);
  if (trouble === 'ended' && exit.how === 'killed') return ffmpegKilled(host, exit.signal);
  return cameraError(trouble, host);
}

function troubleIn({ stderrLines, delivered, silentMs, ioTimeoutMs }: Aftermath): CameraTrouble {
  const said = stderrTable.find(([pattern]) => stderrLines.some(line => pattern.test(line)));
  if (said) return said[1];
  if (silentMs >= ioTimeoutMs) return 'stalled';
  if (delivered) return 'ended';
  return stderrLines.some(line => line.includes('Invalid data found when processing input')) ? 'notRtsp' : 'failed';
}

function ffmpegKilled(host: string, signal: string): AgentError {
  return new AgentError({
    code: 'camera-failed',
    kind: 'unavailable',
    retry: 'now',
    message: `ffmpeg, which reads the camera at ${host}, was ended from outside (${signal}). If it happens again, look whether this machine runs out of memory.`,
  });
}
