// The bar under the picture: what is playing, and everything one can do with it.
import { type Signal, useSignal } from '@preact/signals';

import { nowMs } from '../link/agent-clock.ts';
import { Icon, type IconName } from '../shell/icons.tsx';
import { durationWords } from '../words/ages.ts';
import { dayAndTime } from '../words/clock-times.ts';
import type { Playback } from './playback.ts';

/** What the keys and the buttons do; the camera page carries them out. */
export type PlayerActions = {
  toggle: () => void;
  /** Forward, or back when negative. */
  seekBy: (seconds: number) => void;
  live: () => void;
  fullscreen: () => void;
};

/** The element around the player. */
type FrameRef = { readonly current: HTMLElement | null };

type ControlsProps = {
  playback: Playback | undefined;
  actions: PlayerActions;
  boxesOn: Signal<boolean>;
  frame: FrameRef;
};

export function Controls({ playback, actions, boxesOn, frame }: ControlsProps) {
  const playing = playback?.state.value.at === 'playing';
  const live = playback?.target.value.mode === 'live';
  return (
    <div class="controls">
      <IconButton
        icon={playing ? 'pause' : 'play'}
        label={playing ? 'Pause (space)' : 'Play (space)'}
        onClick={actions.toggle}
      />
      <IconButton icon="back" label="5 seconds back (←)" onClick={() => actions.seekBy(-5)} />
      <IconButton icon="forward" label="5 seconds forward (→)" onClick={() => actions.seekBy(5)} />
      <button type="button" aria-pressed={live} title="Live (l)" onClick={actions.live}>
        Live
      </button>
      <Position playback={playback} />
      <Sound frame={frame} />
      <button
        type="button"
        class="icon-button"
        aria-pressed={boxesOn.value}
        aria-label="Label boxes (b)"
        title="Label boxes (b)"
        onClick={() => {
          boxesOn.value = !boxesOn.value;
        }}
      >
        <Icon name="boxes" />
      </button>
      <IconButton icon="fullscreen" label="Full screen (f)" onClick={actions.fullscreen} />
    </div>
  );
}

function Position({ playback }: { playback: Playback | undefined }) {
  const at = playback?.playingMs.value;
  const now = nowMs.value;
  if (at === undefined) return <span class="position soft" />;
  const behind = playback?.target.value.mode === 'live' ? ` · ${durationWords(now - at)} behind` : '';
  return (
    <span class="position soft small">
      {dayAndTime(at, now)}
      {behind}
    </span>
  );
}

function Sound({ frame }: { frame: FrameRef }) {
  const muted = useSignal(true);
  const toggle = () => {
    const video = frame.current?.querySelector('video');
    if (!video) return;
    video.muted = !video.muted;
    muted.value = video.muted;
  };
  const label = muted.value ? 'Sound is off' : 'Sound is on';
  return <IconButton icon={muted.value ? 'muted' : 'sound'} label={label} onClick={toggle} />;
}

function IconButton({ icon, label, onClick }: { icon: IconName; label: string; onClick: () => void }) {
  return (
    <button type="button" class="icon-button" aria-label={label} title={label} onClick={onClick}>
      <Icon name={icon} />
    </button>
  );
}
