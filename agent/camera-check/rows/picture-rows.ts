// What the pictures and the sound are, against what Kinesis Video Streams, browsers and this agent take.
import type { CameraFacts, VideoFacts } from '../../../shared/camera-check.ts';
import { amber, type CheckRow, green, never, red, transcodeSetting, type Verdict } from '../check-row.ts';

const largestPixels = 3840 * 2160;
const rateDeviation = 0.2;
const highKbps = 8_000;
/** 12.5 MB/s: what one PutMedia connection takes. */
const mostKbps = 100_000;
const monthSeconds = 30 * 86_400;
/** Profiles that few browsers decode. */
const rareProfiles = /^(Extended|High 10|High 4:|Main 10|Range|profile )/;

export const pictureRows: readonly CheckRow[] = [
  {
    subject: 'codec',
    title: 'Codec',
    green: 'H.264; with `video: transcode` any',
    amber: 'H.265, or a rare profile: plays in few browsers',
    red: 'MJPEG or another codec, or no video',
    change: 'video codec H.264 on the camera, or `video: transcode`',
    judge: codec,
  },
  {
    subject: 'resolution',
    title: 'Resolution',
    green: 'up to 3840×2160',
    amber: 'larger, or not told',
    red: never,
    change: 'resolution on the camera, or its sub stream',
    judge: facts => ofVideo(facts, resolution),
  },
  {
    subject: 'frame-rate',
    title: 'Frame rate',
    green: 'as the camera says, within 20 %',
    amber: 'further off',
    red: 'fewer than two pictures came',
    change: 'frame rate and longest exposure on the camera',
    judge: frameRate,
  },
  {
    subject: 'bit-rate',
    title: 'Bit rate',
    green: 'up to 8 Mbit/s',
    amber: 'more',
    red: 'more than 100 Mbit/s, which Kinesis Video Streams does not take',
    change: 'bit rate on the camera',
    judge: facts => ofVideo(facts, bitRate),
  },
  {
    subject: 'b-frames',
    title: 'B-frames',
    green: 'none',
    amber: 'some, and `video: transcode` takes them out',
    red: 'some: Kinesis Video Streams does not take them',
    change: 'profile Baseline or “B-frames: 0” on the camera, or `video: transcode`',
    judge: bFrames,
  },
  {
    subject: 'codec-data',
    title: 'Codec data',
    green: 'in the description or in the stream, and stay the same',
    amber: 'change while the stream runs: each time the upload begins anew',
    red: 'missing: nobody can decode the pictures',
    change: 'firmware of the camera; no “smart” codec',
    judge: facts => ofVideo(facts, codecData),
  },
  {
    subject: 'audio',
    title: 'Sound',
    green: 'AAC, none, or `audio: off`',
    amber: 'G.711 or Opus, which the agent turns into AAC; or a codec it leaves out',
    red: never,
    change: 'audio codec AAC on the camera',
    judge: audio,
  },
];

/** MJPEG and what else is looked at only to be told has no such rows. */
export function ofVideo(
  facts: CameraFacts,
  judge: (video: VideoFacts, facts: CameraFacts) => Verdict | undefined,
): Verdict | undefined {
  const video = facts.stream?.video;
  return video && video.pictures > 0 ? judge(video, facts) : undefined;
}

export function isStill({ encoding }: VideoFacts): boolean {
  return encoding === 'JPEG';
}

function codec(facts: CameraFacts): Verdict | undefined {
  const { stream, settings } = facts;
  if (!stream) return undefined;
  const { problem, media, video } = stream;
  if (problem?.code === 'camera-no-video')
    return red('no video', problem.message, 'the path in url, or turn the video of that stream on');
  if (problem?.code === 'camera-codec-unsupported') {
    const encoding = media.find(({ type }) => type === 'video')?.encoding ?? 'unknown';
    return red(encoding, problem.message, 'video codec H.264 on the camera');
  }
  if (!video) return undefined;
  const name = codecName(video);
  if (isStill(video)) return settings.video === 'transcode' ? transcoded(name) : mjpeg(facts);
  const isH265 = video.encoding !== 'H264';
  if (!isH265 && !rareProfiles.test(video.profile ?? '')) return green(name, `${name}: plays everywhere.`);
  if (settings.video === 'transcode') return transcoded(name);
  const what = isH265 ? 'it is stored, but plays in few browsers' : 'few browsers play this profile';
  return amber(
    name,
    `${name}: ${what}.`,
    `choose H.264${isH265 ? '' : ' High or Main'} on the camera, or ${transcodeSetting(facts)}`,
  );
}

function codecName({ encoding, profile, level }: VideoFacts): string {
  const names: Readonly<Record<string, string>> = { H264: 'H.264', H265: 'H.265', HEVC: 'H.265', JPEG: 'MJPEG' };
  const words = [names[encoding] ?? encoding, profile, level];
  return words.filter(word => word !== undefined).join(' ');
}

function transcoded(name: string): Verdict {
  return green(name, `${name}: becomes H.264 here, as video: transcode asks for.`);
}

function mjpeg(facts: CameraFacts): Verdict {
  const sentence = 'MJPEG, which Kinesis Video Streams does not take.';
  return red('MJPEG', sentence, `choose H.264 on the camera, or ${transcodeSetting(facts)}`);
}

function resolution({ width, height }: VideoFacts): Verdict {
  const setting = 'choose a smaller resolution on the camera, or its sub stream';
  if (width === undefined || height === undefined)
    return amber('unknown', 'The stream does not tell how large its pictures are.', setting);
  const size = `${width}×${height}`;
  if (width * height <= largestPixels) return green(size, `Pictures of ${size}.`);
  return amber(size, `Pictures of ${size}: few browsers and boards decode them fast enough.`, setting);
}

function frameRate({ stream, onvif }: CameraFacts): Verdict | undefined {
  const video = stream?.video;
  if (!video) return undefined;
  const { pictures, fps, nominalFps } = video;
  const setting = 'frame rate and longest exposure (slow shutter) on the camera';
  if (fps === undefined) {
    if (stream.problem) return undefined;
    return red(`${pictures} pictures`, `Only ${pictures} pictures came in the time.`, setting);
  }
  const said = nominalFps ?? onvif?.profiles.find(({ checked }) => checked)?.fps;
  const rate = `${Math.round(fps * 10) / 10}`;
  const measured = `${rate} per second`;
  if (said === undefined) return green(measured, `${rate} pictures per second.`);
  if (Math.abs(fps - said) <= said * rateDeviation)
    return green(measured, `${rate} pictures per second, as the camera says.`);
  const sentence = `${rate} pictures per second came, where the camera says ${said}: too little light, or too much work for it.`;
  return amber(measured, sentence, setting);
}

function bitRate({ kbps }: VideoFacts): Verdict | undefined {
  if (kbps === undefined) return undefined;
  const gigabytes = (kbps * 1000 * monthSeconds) / 8 / 1e9;
  const month = `${gigabytes < 10 ? gigabytes.toFixed(1) : Math.round(gigabytes)} GB in 30 days`;
  const value = `${kbps} kbit/s`;
  const sentence = `${value}: ${month} of upload and of storage.`;
  if (kbps <= highKbps) return green(value, sentence);
  if (kbps <= mostKbps) return amber(value, sentence, 'lower the bit rate on the camera, or use its sub stream');
  return red(
    value,
    `${value} is more than Kinesis Video Streams takes of one camera.`,
    'lower the bit rate on the camera',
  );
}

function bFrames(facts: CameraFacts): Verdict | undefined {
  const video = facts.stream?.video;
  if (!video || video.pictures < 2 || isStill(video)) return undefined;
  if (!video.bFrames) return green('none', 'No B-frames: pictures come in their order.');
  if (facts.settings.video === 'transcode')
    return amber('yes', 'It sends B-frames, which video: transcode takes out.', 'set B-frames to 0 on the camera');
  const setting = `set profile Baseline or B-frames to 0 on the camera, no “smart” codec; or ${transcodeSetting(facts)}`;
  return red('yes', 'It sends B-frames, which Kinesis Video Streams does not take.', setting);
}

function codecData(video: VideoFacts): Verdict | undefined {
  if (isStill(video)) return undefined;
  const { inDescription, inBand, changes } = video.codecData;
  const setting = 'newer firmware; no “smart” codec on the camera';
  if (!inDescription && !inBand) {
    return red('missing', 'Nobody was told how to decode the pictures: no parameter sets came.', setting);
  }
  if (changes > 0) {
    const sentence = 'How to decode the pictures changed while they came: each time the upload begins anew.';
    return amber('change', sentence, setting);
  }
  if (inDescription) return green('described', 'Parameter sets stand in the description of the stream.');
  return green('in the stream', 'Parameter sets come with the key frames only.');
}

function audio({ stream, settings }: CameraFacts): Verdict | undefined {
  if (!stream || stream.media.length === 0) return undefined;
  const offered = stream.media.find(({ type }) => type === 'audio')?.encoding;
  if (offered === undefined) return green('none', 'It sends no sound.');
  if (settings.audio === 'off') return green('left out', `${offered}, left out as audio: off asks for.`);
  const encoding = stream.audio?.encoding;
  if (encoding === undefined) {
    const sentence = `Sound as ${offered}, which the agent does not know: it is left out.`;
    return amber(offered, sentence, 'set the audio codec to AAC on the camera');
  }
  if (encoding === 'MPEG4-GENERIC' || encoding === 'MP4A-LATM') return green('AAC', 'Sound as AAC: it is copied.');
  const name = soundNames[encoding] ?? encoding;
  const sentence = `Sound as ${name}: it becomes AAC here, at ${soundCosts[encoding] ?? 'about 2 %'} of a core.`;
  return amber(name, sentence, 'set the audio codec to AAC on the camera, or audio: off for this camera');
}

/** Measured; see docs/cameras.md. */
const soundCosts: Readonly<Record<string, string>> = { PCMA: 'less than 1 %', PCMU: 'less than 1 %' };
const soundNames: Readonly<Record<string, string>> = { PCMA: 'G.711 A-law', PCMU: 'G.711 µ-law', OPUS: 'Opus' };
