// What can go wrong with encoding, each with what the device's owner can do about it. The one table of this stage.
import { AgentError } from '../errors.ts';
import { ffmpegMissing } from '../ffmpeg/ffmpeg-missing.ts';
import type { FfmpegExit } from '../ffmpeg/ffmpeg-run.ts';
import type { Track } from '../matroska/track.ts';

const nouns = { video: 'video', audio: 'sound' } as const;

/** An encoder that ended by itself, or that had to be ended because nothing came of it. */
export function encoderFailed(type: Track['type'], name: string, exit: FfmpegExit | 'stuck'): AgentError {
  if (exit !== 'stuck' && exit.how === 'missing') return ffmpegMissing();
  return new AgentError({
    code: 'encoder-failed',
    kind: 'unavailable',
    retry: 'later',
    message:
      `The encoder (${name}) that makes ${type === 'video' ? 'H.264' : 'AAC'} of this camera’s ${nouns[type]} ${howItEnded(exit)}; ` +
      'it is started again. If this happens again and again, look whether this machine runs out of memory.',
  });
}

function howItEnded(exit: FfmpegExit | 'stuck'): string {
  if (exit === 'stuck') return 'gave nothing any more and was ended';
  return exit.how === 'killed' ? `was ended from outside (${exit.signal})` : 'ended by itself';
}

/** More comes in than can be encoded. */
export function encoderBehind(type: Track['type'], name: string): AgentError {
  return new AgentError({
    code: 'encoder-failed',
    kind: 'exhausted',
    retry: 'later',
    message:
      `This machine is too slow to encode this camera’s ${nouns[type]} (${name}): some of it is lost. ` +
      (type === 'video'
        ? 'Lower the camera’s picture size or frame rate, or let fewer cameras transcode.'
        : 'Let fewer cameras transcode, or set audio: off.'),
  });
}
