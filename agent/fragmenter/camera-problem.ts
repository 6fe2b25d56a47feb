// What can be wrong with a camera's stream, each with what its owner can do about it. The one table of this stage.
import { AgentError } from '../errors.ts';

/**
 * Something the fragmenter could live with. Video that is given up is reported when the loss begins (`lostFromMs`) and
 * again when video resumes or the session ends (`lostToMs` too).
 */
export type FragmentProblem = { error: AgentError; lostFromMs?: number; lostToMs?: number };

export function hasBFrames(cameraId: string): AgentError {
  return refused(
    'camera-b-frames',
    `Camera ${cameraId} sends B-frames, which Kinesis Video Streams does not accept. ` +
      'Set its video profile to Baseline, or B-frames to 0, in the camera’s own settings.',
  );
}

export function videoUnsupported(cameraId: string, codecId: string): AgentError {
  return refused(
    'camera-codec-unsupported',
    `Camera ${cameraId} sends video as ${codecId}, which Kinesis Video Streams does not accept. ` +
      'Set its video codec to H.264 or H.265 in the camera’s own settings.',
  );
}

export function noVideo(cameraId: string): AgentError {
  return refused(
    'camera-no-video',
    `Camera ${cameraId} sends no video. Check that its URL names a video stream and not one with sound only.`,
  );
}

export function audioUnsupported(cameraId: string, codecId: string): AgentError {
  return refused(
    'camera-audio-unsupported',
    `Camera ${cameraId} sends sound as ${codecId}, which Kinesis Video Streams does not accept: its sound is left out. ` +
      'Set its audio codec to AAC or G.711 in the camera’s own settings.',
  );
}

export function gopTooLong(cameraId: string): AgentError {
  return lost(
    `Camera ${cameraId} sent no key frame for 20 s, the longest fragment Kinesis Video Streams accepts: ` +
      'video is lost up to the next one. Set its key frame (I-frame) interval to 2 s, and switch off “smart” codecs.',
  );
}

export function gopTooLarge(cameraId: string): AgentError {
  return lost(
    `Camera ${cameraId} sent 50 MB without a key frame, the largest fragment Kinesis Video Streams accepts: ` +
      'video is lost up to the next one. Lower its bit rate or its key frame (I-frame) interval.',
  );
}

function refused(code: AgentError['code'], message: string): AgentError {
  return new AgentError({ code, kind: 'invalid', retry: 'never', message });
}

function lost(message: string): AgentError {
  return new AgentError({ code: 'camera-gop-too-long', kind: 'data-loss', retry: 'later', message });
}
