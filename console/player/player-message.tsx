// What the player says over the picture when there is nothing to show: opening, blocked, no video now, no video then.

import type { FootageSpan } from '../../shared/api.ts';
import type { CameraStatus } from '../../shared/camera-status.ts';
import { nowMs } from '../link/agent-clock.ts';
import { Icon } from '../shell/icons.tsx';
import { absenceWords, nextFootage, previousFootage } from '../timeline/footage.ts';
import { adviceFor } from '../words/advice.ts';
import { inWords } from '../words/ages.ts';
import { cameraSentence } from '../words/camera-words.ts';
import { dayAndTime } from '../words/clock-times.ts';
import type { Playback, PlaybackState } from './playback.ts';

type MessageProps = {
  camera: CameraStatus;
  playback: Playback | undefined;
  spans: readonly FootageSpan[];
  goTo: (atMs: number) => void;
};

export function PlayerMessage({ camera, playback, spans, goTo }: MessageProps) {
  const state = playback?.state.value;
  if (!playback || !state || state.at === 'playing' || state.at === 'paused') return null;
  return (
    <div class="player-message" role="status">
      <MessageBody state={state} camera={camera} playback={playback} spans={spans} goTo={goTo} />
    </div>
  );
}

function MessageBody({
  state,
  camera,
  playback,
  spans,
  goTo,
}: MessageProps & { state: PlaybackState; playback: Playback }) {
  const live = playback.target.value.mode === 'live';
  switch (state.at) {
    case 'blocked':
      return (
        <button type="button" class="big-play" aria-label="Play" onClick={() => playback.toggle()}>
          <Icon name="play" />
        </button>
      );
    case 'waiting':
      return (
        <>
          <h2>{live ? 'No live video right now' : 'Not there yet'}</h2>
          <p>{live && camera.state !== 'live' ? cameraSentence(camera, nowMs.value) : state.problem.message}</p>
          <p class="small">Looking again {inWords(state.retryAtMs, nowMs.value)}.</p>
        </>
      );
    case 'empty':
      return <NoFootage atMs={state.atMs} spans={spans} goTo={goTo} />;
    case 'failed':
      return (
        <>
          <h2>The video cannot be played</h2>
          <p>{state.problem.message}</p>
          <p>{adviceFor(state.problem.code)}</p>
          <p class="small">
            Code: <code>{state.problem.code}</code>
          </p>
          <button type="button" onClick={() => playback.open(playback.target.peek())}>
            Try again
          </button>
        </>
      );
    default:
      return <p class="opening">Opening…</p>;
  }
}

function NoFootage({
  atMs,
  spans,
  goTo,
}: {
  atMs: number;
  spans: readonly FootageSpan[];
  goTo: (atMs: number) => void;
}) {
  const before = previousFootage(spans, atMs);
  const after = nextFootage(spans, atMs);
  return (
    <>
      <h2>No video at {dayAndTime(atMs, nowMs.value)}</h2>
      <p>{absenceWords(spans, atMs)}</p>
      <div class="message-actions">
        {before !== undefined && (
          <button type="button" onClick={() => goTo(before)}>
            Previous footage
          </button>
        )}
        {after !== undefined && (
          <button type="button" onClick={() => goTo(after)}>
            Next footage
          </button>
        )}
      </div>
    </>
  );
}
