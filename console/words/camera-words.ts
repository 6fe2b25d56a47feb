// One camera's state in words: the state word of a tile and the sentences of its health line.
import type { CamerasAnswer } from '../../shared/api.ts';
import type { CameraStatus } from '../../shared/camera-status.ts';
import { ageWords, bytesWords, countWords, durationWords, inWords } from './ages.ts';
import { minuteOfDay } from './clock-times.ts';
import type { StatusWords } from './status.ts';

/** Behind by more than this, an upload is catching up rather than just working. */
export const CATCHING_UP_MS = 60_000;

/** By the problem's code, where two words say more than that something is wrong. */
const PROBLEM_WORDS: Record<string, string> = {
  'camera-busy': 'No room for a viewer',
  'camera-certificate': 'Unknown certificate',
  'camera-denied': 'Wrong password',
  'camera-host-unknown': 'Name not known',
  'camera-not-found': 'No such stream',
  'device-busy': 'In use by others',
  'device-missing': 'Not plugged in',
  'encoder-failed': 'Cannot re-encode',
  'ffmpeg-missing': 'ffmpeg is missing',
};

/** `Live`, `Offline` …: what the camera itself does, whatever becomes of its video afterwards. */
export function cameraWord({ state, problem }: CameraStatus): StatusWords {
  const words = problem && Object.hasOwn(PROBLEM_WORDS, problem.code) ? PROBLEM_WORDS[problem.code] : undefined;
  switch (state) {
    case 'live':
      return problem?.code === 'camera-packets-lost'
        ? { status: 'attention', words: 'Live, packets lost' }
        : { status: 'ok', words: 'Live' };
    case 'starting':
      return { status: 'waiting', words: 'Starting' };
    case 'offline':
      return { status: 'failed', words: words ?? 'Offline' };
    case 'refused':
      return { status: 'attention', words: words ?? 'Needs a change' };
  }
}

/** A removed camera whose video is still being sent. */
export function leavingWords({
  id,
  waitingFragments,
  waitingBytes,
}: NonNullable<CamerasAnswer['leaving']>[number]): string {
  return `${id}: ${countWords(waitingFragments, 'fragment')} (${bytesWords(waitingBytes)}) on disk, being sent`;
}

/** What becomes of the video of a camera that is removed. */
export function removalSentence(stream: string, camera: CameraStatus | undefined): string {
  const { waitingFragments = 0, waitingBytes = 0 } = camera?.upload ?? {};
  const kept = `What is in the stream ${stream} stays there for as long as the stream keeps it.`;
  if (waitingFragments === 0) return `It stops recording at once. ${kept}`;
  const waiting = `${countWords(waitingFragments, 'fragment')} (${bytesWords(waitingBytes)})`;
  return `It stops recording at once. Its last video on this device, ${waiting}, is still sent. ${kept}`;
}

/** What removing does to the rules that name the camera; the agent's message begins with which they are. */
export function rulesSentence(message: string): string {
  const [names = message] = message.split(':');
  return `${names}. Removing takes it out of there, and rules that name no other camera go with it.`;
}

/** How the camera's own clock stands to the device's; undefined when it does not tell. */
export function clockSentence({ clockOffsetMs }: CameraStatus): string | undefined {
  if (clockOffsetMs === undefined) return undefined;
  if (Math.abs(clockOffsetMs) < 1000) return 'Its clock agrees with the device’s, to a second.';
  const side = clockOffsetMs > 0 ? 'ahead of' : 'behind';
  return `Its clock is ${durationWords(Math.abs(clockOffsetMs))} ${side} the device’s; recordings go by the device’s.`;
}

/** How old the oldest video is that the service has not confirmed; 0 when there is none. */
export function behindMs(camera: CameraStatus, nowMs: number): number {
  const { oldestWaitingMs } = camera.upload;
  return oldestWaitingMs === undefined ? 0 : Math.max(0, nowMs - oldestWaitingMs);
}

const STATE_WORDS = { live: 'Live', starting: 'Starting', offline: 'Offline', refused: 'Needs a change' } as const;

/** The camera's own sentence: how long its state holds, why, and when the agent tries again. */
export function cameraSentence(camera: CameraStatus, nowMs: number): string {
  const held = durationWords(nowMs - camera.sinceMs);
  if (camera.state === 'live') return `Live for ${held}.${camera.problem ? ` ${camera.problem.message}` : ''}`;
  const reason = camera.problem ? ` ${camera.problem.message}` : '';
  const retry = camera.retryAtMs === undefined ? '' : ` Retrying ${inWords(camera.retryAtMs, nowMs)}.`;
  return `${STATE_WORDS[camera.state]} for ${held}.${reason}${retry}`;
}

/** What the upload does, in two or three words. */
export function uploadWord(camera: CameraStatus, nowMs: number): StatusWords {
  const { state, problem, waitingFragments } = camera.upload;
  const behind = behindMs(camera, nowMs);
  if (camera.diskProblem) return { status: 'failed', words: 'Not being kept' };
  if (state === 'waiting') return { status: problem ? 'failed' : 'waiting', words: 'On disk only' };
  if (state === 'connecting') return { status: 'waiting', words: 'Connecting' };
  if (state === 'idle' && waitingFragments === 0) return { status: 'waiting', words: 'Nothing to upload' };
  if (behind > CATCHING_UP_MS) return { status: 'attention', words: `Catching up, ${durationWords(behind)} behind` };
  return { status: 'ok', words: `Uploading, ${durationWords(behind)} behind` };
}

/** The upload's sentences: backlog, last confirmation, problem, next try. */
export function uploadSentences(camera: CameraStatus, nowMs: number): string[] {
  const { waitingFragments, waitingBytes, lastPersistedAckMs, problem, retryAtMs } = camera.upload;
  const sentences: string[] = [];
  if (camera.diskProblem) sentences.push(camera.diskProblem.message);
  if (problem) sentences.push(problem.message);
  if (retryAtMs !== undefined) sentences.push(`Next try ${inWords(retryAtMs, nowMs)}.`);
  if (waitingFragments > 0) {
    sentences.push(`${countWords(waitingFragments, 'fragment')} (${bytesWords(waitingBytes)}) on disk.`);
  }
  sentences.push(
    lastPersistedAckMs === undefined
      ? 'Nothing confirmed by the service yet.'
      : `Last confirmed ${ageWords(lastPersistedAckMs, nowMs)}.`,
  );
  sentences.push(...(camera.streamWarnings ?? []).map(warning => warning.message));
  if (camera.lostSeconds > 0) sentences.push(`${durationWords(camera.lostSeconds * 1000)} of video lost so far.`);
  return sentences;
}

/** Whether and how often labels are looked for. */
export function labelsSentence(camera: CameraStatus): string {
  const { on, everySeconds, problem, paused } = camera.labels;
  if (paused?.reason === 'budget')
    return `Labels are paused until ${minuteOfDay(paused.untilMs)}: the day’s pictures are spent. Motion is still noted.`;
  if (problem) return problem.message;
  if (!on) return 'Labels are off for this camera.';
  return everySeconds === undefined ? 'Labels are on.' : `Labels are looked for every ${everySeconds} s.`;
}

/** The whole health line of a camera. */
export function healthSentences(camera: CameraStatus, nowMs: number): string[] {
  const labels = camera.labels.problem || camera.labels.paused?.reason === 'budget' ? [labelsSentence(camera)] : [];
  return [cameraSentence(camera, nowMs), ...uploadPart(camera, nowMs), ...labels];
}

/** A camera that sends nothing and owes nothing has no upload to speak of, only the time of the last one. */
function uploadPart(camera: CameraStatus, nowMs: number): string[] {
  const { state, waitingFragments, lastPersistedAckMs, problem } = camera.upload;
  const still =
    camera.state !== 'live' && state === 'idle' && waitingFragments === 0 && !problem && !camera.diskProblem;
  if (still && lastPersistedAckMs === undefined) return [];
  const word = still ? [] : [`${uploadWord(camera, nowMs).words}.`];
  return [...word, ...uploadSentences(camera, nowMs)];
}
