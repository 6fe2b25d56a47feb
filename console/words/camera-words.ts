// One camera's state in words: the state word of a tile and the sentences of its health line.
import type { CameraStatus } from '../../shared/camera-status.ts';
import { ageWords, bytesWords, countWords, durationWords, inWords } from './ages.ts';
import type { StatusWords } from './status.ts';

/** Behind by more than this, an upload is catching up rather than just working. */
export const CATCHING_UP_MS = 60_000;

/** `Live`, `Offline` …: what the camera itself does, whatever becomes of its video afterwards. */
export function cameraWord(camera: CameraStatus): StatusWords {
  switch (camera.state) {
    case 'live':
      return { status: 'ok', words: 'Live' };
    case 'starting':
      return { status: 'waiting', words: 'Starting' };
    case 'offline':
      return { status: 'failed', words: 'Offline' };
    case 'refused':
      return { status: 'attention', words: 'Needs a change' };
  }
}

/** How old the oldest video is that the service has not confirmed; 0 when there is none. */
export function behindMs(camera: CameraStatus, nowMs: number): number {
  const { oldestWaitingMs } = camera.upload;
  return oldestWaitingMs === undefined ? 0 : Math.max(0, nowMs - oldestWaitingMs);
}

/** The camera's own sentence: how long its state holds, why, and when the agent tries again. */
export function cameraSentence(camera: CameraStatus, nowMs: number): string {
  const held = durationWords(nowMs - camera.sinceMs);
  if (camera.state === 'live') return `Live for ${held}.`;
  const reason = camera.problem ? ` ${camera.problem.message}` : '';
  const retry = camera.retryAtMs === undefined ? '' : ` Retrying ${inWords(camera.retryAtMs, nowMs)}.`;
  return `${cameraWord(camera).words} for ${held}.${reason}${retry}`;
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
  const { on, everySeconds, problem } = camera.labels;
  if (problem) return problem.message;
  if (!on) return 'Labels are off for this camera.';
  return everySeconds === undefined ? 'Labels are on.' : `Labels are looked for every ${everySeconds} s.`;
}

/** The whole health line of a camera. */
export function healthSentences(camera: CameraStatus, nowMs: number): string[] {
  const labels = camera.labels.problem ? [labelsSentence(camera)] : [];
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
