// The media that players meet: what real encoders make of a test picture and a tone, cut into fragments and sent to a
// running server by PutMedia. Each comes with the encoder's own file, which is the truth to compare with.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { scanFragment } from '../../../agent/matroska/scan.ts';
import type { Frame, Track } from '../../../agent/matroska/track.ts';
import { frameHeader, writeClusterStart, writeHeader } from '../../../agent/matroska/write.ts';
import { createStream, upload } from '../../local-cloud/stored-media.ts';

export type Media = {
  /** As the encoder wrote it: one Matroska file. */
  file: Buffer;
  tracks: Track[];
  /** Cut at key frames of the video, or every second when there is none. */
  fragments: Frame[][];
};

const h264 = '-c:v libx264 -preset ultrafast -bf 0';
const h265 = '-c:v libx265 -preset ultrafast -x265-params log-level=none:bframes=0:keyint=25:scenecut=0';
const aac = '-c:a aac -ar 48000';

/** Encoders by the name of what comes out. */
const encoders = {
  'H.264 + AAC': `${h264} ${aac}`,
  'H.265 + AAC': `${h265} ${aac}`,
  'H.264 + A-law': `${h264} -c:a pcm_alaw`,
  'H.264 + µ-law': `${h264} -c:a pcm_mulaw`,
  'H.264': `${h264} -an`,
  'H.265': `${h265} -an`,
  'AAC alone': `-vn ${aac}`,
} as const;

export type Kind = keyof typeof encoders;

type Shape = {
  seconds?: number;
  size?: string /** Frames from one key frame to the next; 25 a second. */;
  every?: number;
};

export async function encode(kind: Kind, { seconds = 3, size = '320x180', every = 25 }: Shape = {}): Promise<Media> {
  const inputs = [
    ...['-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=25:duration=${seconds}`],
    ...['-f', 'lavfi', '-i', `sine=frequency=440:sample_rate=8000:duration=${seconds}`],
  ];
  const fixed = ['-g', String(every), '-pix_fmt', 'yuv420p', '-f', 'matroska', '-'];
  return mediaFrom([...inputs, ...encoders[kind].split(' '), ...fixed]);
}

/** Real footage as it is. @param path of a video without pictures that wait for their turn */
export function footageFrom(path: string): Promise<Media> {
  return mediaFrom(['-i', path, '-c', 'copy', '-f', 'matroska', '-']);
}

async function mediaFrom(args: string[]): Promise<Media> {
  const options = { encoding: 'buffer', maxBuffer: 2 ** 28 } as const;
  const { stdout: file } = await promisify(execFile)('ffmpeg', ['-v', 'error', '-nostdin', ...args], options);
  const { tracks, frames, error } = scanFragment(file);
  if (error) throw error;
  const main = tracks.find(({ type }) => type === 'video') ?? tracks[0];
  // The key frame comes first among frames of one time: a fragment begins with it.
  const inOrder = frames.toSorted((a, b) => a.timecodeMs - b.timecodeMs || a.trackNumber - b.trackNumber);
  const fragments: Frame[][] = [];
  for (const frame of inOrder) {
    if (frame.trackNumber === main?.number && begins(frame, fragments.at(-1), main)) fragments.push([]);
    fragments.at(-1)?.push(frame);
  }
  return { file, tracks, fragments };
}

function begins(frame: Frame, current: Frame[] | undefined, { type }: Track): boolean {
  if (type === 'video') return frame.keyFrame;
  return frame.timecodeMs - (current?.[0]?.timecodeMs ?? -1000) >= 1000;
}

/** Of one kind, in the order sent. */
export function framesOf({ tracks, fragments }: Media, type: Track['type']): Frame[] {
  const number = tracks.find(track => track.type === type)?.number;
  return fragments.flat().filter(frame => frame.trackNumber === number);
}

/** What is in a stream: media, each from its own time on, counted from the start of the first. */
export type Recording = { media: Media; fromMs: number }[];

/** The frames' times, milliseconds since the recording's first frame. */
export function timesOf(recording: Recording, type: Track['type']): number[] {
  return recording.flatMap(({ media, fromMs }) => {
    const firstMs = media.fragments[0]?.[0]?.timecodeMs ?? 0;
    return framesOf(media, type).map(({ timecodeMs }) => timecodeMs - firstMs + fromMs);
  });
}

/** A new stream with the recording in it, a PutMedia session for each part. The numbers of its fragments. */
export async function store(endpoint: string, stream: string, recording: Recording, atMs: number): Promise<string[]> {
  await createStream(endpoint, stream, { atMs: Date.now() });
  const numbers: string[] = [];
  for (const { media, fromMs } of recording) numbers.push(...(await send(endpoint, stream, media, atMs + fromMs)));
  return numbers;
}

/** One PutMedia session whose first frame is `atMs`. */
export function send(endpoint: string, stream: string, media: Media, atMs: number): Promise<string[]> {
  return upload(endpoint, [writeHeader(media.tracks), ...clustersOf(media, atMs)], { stream });
}

/** One a fragment. */
export function clustersOf({ fragments }: Media, atMs: number): Uint8Array[] {
  const shiftMs = atMs - (fragments[0]?.[0]?.timecodeMs ?? 0);
  return fragments.map(frames => {
    const moved = frames.map(frame => ({ ...frame, timecodeMs: frame.timecodeMs + shiftMs }));
    const beginsMs = moved[0]?.timecodeMs ?? atMs;
    const blocks = moved.flatMap(frame => [frameHeader(frame, beginsMs), frame.data]);
    return Buffer.concat([writeClusterStart(beginsMs), ...blocks]);
  });
}
