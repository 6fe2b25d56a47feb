// The one thing that everything which starts ffmpeg has to say alike.
import { AgentError } from '../errors.ts';

export function ffmpegMissing(): AgentError {
  return new AgentError({
    code: 'ffmpeg-missing',
    kind: 'invalid',
    retry: 'later',
    message: 'ffmpeg is not installed or does not run on this machine. Install it: apt-get install -y ffmpeg',
  });
}
