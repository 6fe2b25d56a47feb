// What a recorded file is, before anything of it is sent: one short run of ffprobe.
import { execFile } from 'node:child_process';
import { access, constants, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { z } from 'zod';
import { systemCode } from '../errors.ts';
import { ffmpegMissing, needsEncoding, notVideo, unreadable } from './file-problem.ts';

const run = promisify(execFile);

/** B-frames show within a group of pictures or two. */
const probedPackets = 120;
const deadlineMs = 60_000;
const maxOutputBytes = 8 * 1024 * 1024;
/** Cameras without a clock begin in 1904, 1970 or 2000: no time of recording. */
const clockWasSetMs = Date.UTC(2001, 0, 1);

export type RecordedFile = {
  path: string;
  bytes: number;
  /** Undefined when the container does not say. */
  durationMs?: number;
  /** What the file says of the time of its first picture. */
  createdMs?: number;
  /** `fits`: AAC that can be copied. In transport streams it cannot: its parameters stand in every frame, not ahead. */
  audio: 'none' | 'fits' | 'other';
};

const answer = z.object({
  streams: z
    .array(
      z.looseObject({
        codec_type: z.string().optional(),
        codec_name: z.string().optional(),
        disposition: z.object({ attached_pic: z.number() }).optional(),
        tags: z.record(z.string(), z.string()).optional(),
      }),
    )
    .default([]),
  format: z
    .looseObject({
      format_name: z.string().optional(),
      duration: z.coerce.number().optional().catch(undefined),
      tags: z.record(z.string(), z.string()).optional(),
    })
    .default({}),
  packets: z.array(z.looseObject({ codec_type: z.string().optional(), pts: z.number().optional() })).default([]),
});

type Answer = z.infer<typeof answer>;

/** Rejects with an AgentError: `file-unreadable`, `file-not-video`, `file-codec`, `file-b-frames`, `ffmpeg-missing`. */
export async function probeFile(path: string, ffprobePath = 'ffprobe'): Promise<RecordedFile> {
  const bytes = await readableBytes(path);
  const { streams, format, packets } = await ask(path, ffprobePath);
  const video = streams.find(stream => stream.codec_type === 'video' && stream.disposition?.attached_pic !== 1);
  if (!video) throw notVideo(path);
  if (video.codec_name !== 'h264' && video.codec_name !== 'hevc')
    throw needsEncoding('file-codec', path, `video as ${video.codec_name ?? 'an unknown codec'}`);
  if (hasBFrames(packets)) throw needsEncoding('file-b-frames', path, 'video with B-frames');
  const createdMs = creationMs(format.tags, video.tags);
  return {
    path,
    bytes,
    ...(format.duration === undefined ? {} : { durationMs: Math.round(format.duration * 1000) }),
    ...(createdMs === undefined ? {} : { createdMs }),
    audio: audioOf(streams, format.format_name),
  };
}

function audioOf(streams: Answer['streams'], formatName: string | undefined): RecordedFile['audio'] {
  const audio = streams.find(stream => stream.codec_type === 'audio');
  if (!audio) return 'none';
  return audio.codec_name === 'aac' && formatName !== 'mpegts' ? 'fits' : 'other';
}

async function readableBytes(path: string): Promise<number> {
  try {
    await access(path, constants.R_OK);
    const { size } = await stat(path);
    return size;
  } catch (error) {
    throw unreadable(path, error);
  }
}

async function ask(path: string, ffprobePath: string): Promise<Answer> {
  const wanted = ['-show_format', '-show_streams', '-show_packets', '-read_intervals', `%+#${probedPackets}`];
  const args = ['-v', 'error', ...wanted, '-of', 'json', `file:${path}`];
  try {
    const { stdout } = await run(ffprobePath, args, { timeout: deadlineMs, maxBuffer: maxOutputBytes });
    return answer.parse(JSON.parse(stdout));
  } catch (error) {
    throw systemCode(error) === 'ENOENT' ? ffmpegMissing(error) : notVideo(path, error);
  }
}

/** Packets come in decode order: a picture that is shown before the one sent before it is, or follows, a B-frame. */
function hasBFrames(packets: Answer['packets']): boolean {
  const times = packets.filter(packet => packet.codec_type === 'video').map(packet => packet.pts);
  return times.some((pts, index) => pts !== undefined && pts < (times[index - 1] ?? Number.NEGATIVE_INFINITY));
}

function creationMs(...tags: (Record<string, string> | undefined)[]): number | undefined {
  const texts = tags.flatMap(found => [found?.creation_time, found?.DATE, found?.date]);
  return texts.map(text => Date.parse(text ?? '')).find(ms => ms >= clockWasSetMs);
}
