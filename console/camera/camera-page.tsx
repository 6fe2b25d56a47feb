// One camera: its video with label boxes, its timeline, its sightings, its health. The address holds the chosen time.
import { type Signal, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { useLocation, useRoute } from 'preact-iso/router';
import type { CameraStatus } from '../../shared/camera-status.ts';
import { nowMs } from '../link/agent-clock.ts';
import { fleet } from '../link/fleet.ts';
import { Controls, type PlayerActions } from '../player/controls.tsx';
import type { Playback } from '../player/playback.ts';
import { Player } from '../player/player.tsx';
import { PlayerMessage } from '../player/player-message.tsx';
import { usePageTitle } from '../shell/page-title.ts';
import { Empty } from '../states/empty.tsx';
import { Loading } from '../states/loading.tsx';
import { StatusWord } from '../states/status-word.tsx';
import { parseZoom, type Zoom } from '../timeline/time-scale.ts';
import { Timeline } from '../timeline/timeline.tsx';
import { cameraWord } from '../words/camera-words.ts';
import { cameraAddress, parseTime } from './camera-address.ts';
import { GoToTime } from './go-to-time.tsx';
import { HealthPanel } from './health-panel.tsx';
import { useCameraHistory } from './history.ts';
import { useKeys } from './keyboard.ts';
import { SightingList } from './sighting-list.tsx';
import { SnoozePanel } from './snooze-panel.tsx';
import { useTimelineWindow } from './timeline-window.ts';
import './camera.css';

export function CameraPage() {
  const id = useRoute().params.id ?? '';
  usePageTitle(id);
  const answer = fleet.value;
  if (!answer) return <Loading what="the camera" count={2} className="camera-loading" />;
  const camera = answer.cameras.find(candidate => candidate.id === id);
  if (camera) return <CameraView key={id} camera={camera} />;
  return (
    <Empty title={`There is no camera “${id}”`}>
      <p>
        It may have been renamed in the agent’s settings. <a href="/">See all cameras</a>
      </p>
    </Empty>
  );
}

function CameraView({ camera }: { camera: CameraStatus }) {
  const { query, url, route } = useLocation();
  const atMs = parseTime(query.t);
  const zoom = parseZoom(query.zoom);
  const playback = useSignal<Playback | undefined>(undefined);
  const boxesOn = useSignal(true);
  const frame = useRef<HTMLDivElement>(null);
  const playheadMs = playback.value?.playingMs.value ?? atMs;
  const { window, pan } = useTimelineWindow({ atMs, playheadMs, nowMs: nowMs.value, zoom });
  const history = useCameraHistory(camera.id, window);

  const open = (address: string) => (address === url ? show(playback.peek(), atMs) : route(address));
  const goTo = (ms: number) => open(cameraAddress(camera.id, { atMs: Math.min(ms, nowMs.peek()), zoom }));
  const live = () => open(cameraAddress(camera.id, { zoom }));
  const setZoom = (wanted: Zoom) => route(cameraAddress(camera.id, { atMs, zoom: wanted }), true);
  const actions = playerActions({ playback, frame, goTo, live });
  const player = playback.value;
  useEffect(() => show(player, atMs), [player, atMs]);
  useKeys({
    ' ': actions.toggle,
    ArrowLeft: () => actions.seekBy(-5),
    ArrowRight: () => actions.seekBy(5),
    l: live,
    b: () => {
      boxesOn.value = !boxesOn.value;
    },
    f: actions.fullscreen,
  });

  const { spans, pauses, sightings } = history;
  const view = { window, spans, pauses, sightings: sightings.value, playheadMs, nowMs: nowMs.value };
  return (
    <div class="camera">
      <header class="camera-head">
        <h1>{camera.id}</h1>
        <StatusWord {...cameraWord(camera)} />
        <a href={`/camera/${encodeURIComponent(camera.id)}/settings`}>Settings</a>
        <GoToTime atMs={atMs} goTo={goTo} />
      </header>
      <div class="camera-video" ref={frame}>
        <Player camera={camera} playback={playback} sightings={history.sightings} boxesOn={boxesOn}>
          <PlayerMessage camera={camera} playback={playback.value} spans={history.spans} goTo={goTo} />
          <Controls playback={playback.value} actions={actions} boxesOn={boxesOn} frame={frame} />
        </Player>
      </div>
      <Timeline view={view} zoom={zoom} goTo={goTo} setZoom={setZoom} pan={pan} />
      <aside class="camera-side">
        <HealthPanel camera={camera} />
        <SnoozePanel cameraId={camera.id} />
        <SightingList history={history} labelsOn={camera.labels.on} goTo={goTo} />
      </aside>
    </div>
  );
}

/** Brings the chosen time on the screen, or live when there is none. */
function show(playback: Playback | undefined, atMs: number | undefined): void {
  if (!playback) return;
  if (atMs === undefined) playback.open({ mode: 'live' });
  else if (playback.target.peek().mode === 'live' || !playback.seekTo(atMs)) playback.open({ mode: 'on-demand', atMs });
}

type ActionParts = {
  playback: Signal<Playback | undefined>;
  frame: { current: HTMLElement | null };
  goTo: (atMs: number) => void;
  live: () => void;
};

function playerActions({ playback, frame, goTo, live }: ActionParts): PlayerActions {
  const seekBy = (seconds: number) => {
    const player = playback.peek();
    const at = player?.playingMs.peek();
    if (!player || at === undefined || player.seekTo(at + seconds * 1000)) return;
    if (player.target.peek().mode === 'live' && seconds > 0) live();
    else goTo(at + seconds * 1000);
  };
  const fullscreen = () => {
    const player = frame.current?.querySelector('.player');
    if (document.fullscreenElement) void document.exitFullscreen();
    // Refused only when the browser or a frame around the page forbids it; there is nothing to do about it then.
    else void player?.requestFullscreen?.().catch(() => {});
  };
  return { toggle: () => playback.peek()?.toggle(), seekBy, live, fullscreen };
}
