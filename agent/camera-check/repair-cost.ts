// What `video: transcode` would cost here, measured with the camera's own pictures, when something was found that it repairs.
import type { CameraFacts } from '../../shared/camera-check.ts';
import type { Clock } from '../clock.ts';
import { asAgentError } from '../errors.ts';
import type { PictureKind } from '../repair/measure-encode.ts';
import { transcodeCost } from '../repair/transcode-cost.ts';
import type { VideoEncoders } from '../repair/video-encoders.ts';
import { problemOf } from './ask-onvif.ts';
import { checkCamera } from './check-camera.ts';
import type { StreamRead } from './read-stream.ts';
import { rounded } from './timestamps.ts';

export type RepairTools = { clock: Clock; encoders: VideoEncoders; signal: AbortSignal };

const repairable: ReadonlySet<string> = new Set(['codec', 'key-frames', 'b-frames']);
const kinds: Readonly<Record<string, PictureKind['codec']>> = {
  H264: 'h264',
  H265: 'h265',
  HEVC: 'h265',
  JPEG: 'mjpeg',
};
const usualFps = 25;

/** Adds `repairCost` to the facts, or why it is not known. Rejects only with the signal's reason. */
export async function measureRepair(facts: CameraFacts, { clip }: StreamRead, tools: RepairTools): Promise<void> {
  const video = facts.stream?.video;
  const helps = checkCamera(facts).some(({ subject, level }) => repairable.has(subject) && level !== 'green');
  const codec = kinds[video?.encoding ?? ''];
  if (!video || !clip || !codec || !helps) return;
  const { width, height } = clip.track;
  try {
    const kind = { width, height, fps: video.fps ?? usualFps, codec };
    const cost = await transcodeCost(kind, { ...tools, clip });
    const [percentOfCore, realTimeFactor] = [rounded(cost.percentOfCore, 1), rounded(cost.realTimeFactor, 2)];
    facts.repairCost = { percentOfCore, realTimeFactor, encoder: cost.encoder };
  } catch (thrown) {
    tools.signal.throwIfAborted();
    facts.repairCost = problemOf(asAgentError(thrown));
  }
}
