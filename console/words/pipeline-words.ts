// The pill in the top strip: the worst upload state across all cameras, in one line.
import type { CameraStatus } from '../../shared/camera-status.ts';
import { countWords, durationWords } from './ages.ts';
import { behindMs, CATCHING_UP_MS } from './camera-words.ts';
import type { StatusWords } from './status.ts';

const WAITING_WORDS: Record<string, string> = {
  'service-unreachable': 'Service unreachable',
  'service-silent': 'Service does not confirm',
  'service-denied': 'Service refuses the key',
  'service-throttled': 'Service asks to slow down',
  'service-stream-missing': 'Stream missing',
};

/** What the uploads of all cameras come to. `reachable` is whether the agent itself answers. */
export function pipelineWords(cameras: readonly CameraStatus[], nowMs: number, reachable: boolean): StatusWords {
  if (!reachable) return { status: 'failed', words: 'Agent unreachable' };
  if (cameras.length === 0) return { status: 'waiting', words: 'No cameras' };
  return diskWords(cameras) ?? blockedWords(cameras) ?? movingWords(cameras, nowMs);
}

function diskWords(cameras: readonly CameraStatus[]): StatusWords | undefined {
  const broken = cameras.filter(camera => camera.diskProblem);
  if (broken.length === 0) return undefined;
  return { status: 'failed', words: `Disk problem · ${countWords(broken.length, 'camera')} not kept` };
}

function blockedWords(cameras: readonly CameraStatus[]): StatusWords | undefined {
  const code = cameras.find(camera => camera.upload.state === 'waiting' && camera.upload.problem)?.upload.problem?.code;
  if (code === undefined) return undefined;
  const words = WAITING_WORDS[code] ?? 'Upload stopped';
  return { status: 'failed', words: `${words} · ${waitingFragments(cameras)} on disk` };
}

function movingWords(cameras: readonly CameraStatus[], nowMs: number): StatusWords {
  const behind = Math.max(...cameras.map(camera => behindMs(camera, nowMs)));
  const states = cameras.map(camera => camera.upload.state);
  if (states.includes('waiting') || (states.includes('connecting') && !states.includes('uploading'))) {
    return { status: 'waiting', words: `Connecting · ${waitingFragments(cameras)} on disk` };
  }
  if (behind > CATCHING_UP_MS) {
    return { status: 'attention', words: `Catching up · ${durationWords(behind)} behind${doneWords(cameras)}` };
  }
  if (states.every(state => state === 'idle') && behind === 0) return { status: 'waiting', words: 'Nothing to upload' };
  return { status: 'ok', words: `Uploading · ${durationWords(behind)} behind` };
}

/** When the last camera will have caught up; nothing as long as one of those behind cannot say. */
function doneWords(cameras: readonly CameraStatus[]): string {
  const etas = cameras.filter(({ upload }) => upload.waitingFragments > 0).map(({ upload }) => upload.etaSeconds);
  const known = etas.filter(eta => eta !== undefined);
  if (known.length === 0 || known.length < etas.length) return '';
  return ` · done in ${durationWords(Math.max(...known) * 1000)}`;
}

function waitingFragments(cameras: readonly CameraStatus[]): string {
  const count = cameras.reduce((sum, camera) => sum + camera.upload.waitingFragments, 0);
  return countWords(count, 'fragment');
}
