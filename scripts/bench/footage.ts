// The footage of the benches without cameras: 1080p25 H.264 of 4 Mbit/s with a key frame every 2 s, made once and kept in the
// system's folder for temporary files. Ten seconds are encoded and repeated: encoding 90 MB would take a minute and change
// nothing.
import { encodedFile } from '../scripted-camera/encoded-file.ts';

export const framesPerSecond = 25;
export const bitsPerSecond = 4_000_000;
const encodedSeconds = 10;
const picture = `testsrc2=size=1920x1080:rate=${framesPerSecond}:duration=${encodedSeconds}`;

/** A Matroska file as ffmpeg writes it for the agent, of about `megabytes`. Rejects with ffmpeg's complaint. */
export function matroskaFootage(megabytes: number): Promise<string> {
  return matroskaRecording({ seconds: Math.round((megabytes * 8_000_000) / bitsPerSecond), megabits: 4 });
}

/** Of so many seconds and so many Mbit/s. Rejects with ffmpeg's complaint. */
export async function matroskaRecording({ seconds, megabits }: { seconds: number; megabits: number }): Promise<string> {
  const encoder = [
    ...['-c:v', 'libx264', '-preset', 'ultrafast', '-b:v', `${megabits}M`, '-maxrate', `${megabits}M`],
    ...['-bufsize', `${megabits / 2}M`],
    ...['-bf', '0', '-g', '50', '-keyint_min', '50', '-sc_threshold', '0', '-pix_fmt', 'yuv420p'],
  ];
  const clip = await encodedFile(['-f', 'lavfi', '-i', picture, '-vf', 'noise=alls=8:allf=t', ...encoder], 'mkv');
  const repeated = ['-stream_loop', String(Math.ceil(seconds / encodedSeconds) - 1), '-i', clip];
  const copied = ['-t', String(seconds), '-c', 'copy', '-cluster_time_limit', '200', '-f', 'matroska'];
  return await encodedFile([...repeated, ...copied], 'mkv');
}
