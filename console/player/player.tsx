// The video with its label boxes and controls. The root's data attributes say what is on the screen, frame by frame, for
// whoever watches from outside: data-state, data-mode, data-playing-date-ms, data-boxes, data-box-at-ms and data-box-from-ms.
import type { ReadonlySignal, Signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { CameraStatus } from '../../shared/camera-status.ts';
import type { Sighting } from '../../shared/sighting.ts';
import { followFrames } from './frame-clock.ts';
import { boxStrength, DEFAULT_EVERY_SECONDS, sightingsForFrame } from './frame-sightings.ts';
import { drawBoxes } from './overlay.ts';
import { Playback } from './playback.ts';
import './player.css';

type PlayerProps = {
  camera: CameraStatus;
  /** Set to the playback as long as the video element exists. */
  playback: Signal<Playback | undefined>;
  sightings: ReadonlySignal<readonly Sighting[]>;
  boxesOn: ReadonlySignal<boolean>;
  /** Messages and controls over and under the picture. */
  children: ComponentChildren;
};

/** How often the position is told to the rest of the page; the boxes follow every frame. */
const POSITION_EVERY_MS = 250;

export function Player({ camera, playback, sightings, boxesOn, children }: PlayerProps) {
  const root = useRef<HTMLElement>(null);
  const video = useRef<HTMLVideoElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const halfIntervalMs = useRef(0);
  halfIntervalMs.current = (camera.labels.everySeconds ?? DEFAULT_EVERY_SECONDS) * 500;

  useEffect(() => {
    if (!root.current || !video.current || !canvas.current) return;
    const created = new Playback(camera.id, video.current);
    const screen = { root: root.current, video: video.current, canvas: canvas.current };
    playback.value = created;
    const stop = showFrames({ screen, playback: created, sightings, boxesOn, halfIntervalMs });
    return () => {
      stop();
      playback.value = undefined;
      created.dispose();
    };
  }, [camera.id]);

  const current = playback.value;
  return (
    <section
      class="player"
      ref={root}
      aria-label={`Video of ${camera.id}`}
      data-state={current?.state.value.at ?? 'opening'}
      data-mode={current?.target.value.mode ?? 'live'}
    >
      <div class="screen">
        <video ref={video} muted playsInline />
        <canvas ref={canvas} />
      </div>
      {children}
    </section>
  );
}

type Screen = { root: HTMLElement; video: HTMLVideoElement; canvas: HTMLCanvasElement };
type FrameShow = {
  screen: Screen;
  playback: Playback;
  sightings: ReadonlySignal<readonly Sighting[]>;
  boxesOn: ReadonlySignal<boolean>;
  halfIntervalMs: { current: number };
};

/** Draws the boxes of every presented frame, and again when the sightings, the switch or the size change meanwhile. */
function showFrames({ screen, playback, sightings, boxesOn, halfIntervalMs }: FrameShow): () => void {
  const { root, video, canvas } = screen;
  let frameMs: number | undefined;
  const draw = () => {
    const nowMs = frameMs ?? 0;
    const shown = boxesOn.peek() && frameMs !== undefined;
    const found = shown ? sightingsForFrame(sightings.peek(), nowMs, halfIntervalMs.current) : [];
    const picture = { width: video.videoWidth, height: video.videoHeight };
    const strong = found.map(({ sighting, atMs }) => ({ sighting, strength: boxStrength(atMs, nowMs) }));
    const boxes = drawBoxes({ canvas, picture, boxes: strong });
    const [first] = found.filter(({ sighting }) => sighting.box);
    setData(root, 'playingDateMs', frameMs);
    setData(root, 'boxes', boxes);
    setData(root, 'boxAtMs', first?.atMs);
    setData(root, 'boxFromMs', first?.fromMs);
  };
  const take = (mediaTime: number) => {
    frameMs = playback.wallTimeMs(mediaTime);
    tellPosition(playback, frameMs);
    draw();
  };
  const forget = () => {
    frameMs = undefined;
    draw();
  };
  const stopFrames = followFrames(video, take);
  // Between a jump and its first frame the old boxes would lie on the wrong picture.
  video.addEventListener('seeking', forget);
  video.addEventListener('emptied', forget);
  const size = new ResizeObserver(draw);
  size.observe(canvas);
  const stops = [sightings.subscribe(draw), boxesOn.subscribe(draw)];
  return () => {
    stopFrames();
    size.disconnect();
    video.removeEventListener('seeking', forget);
    video.removeEventListener('emptied', forget);
    for (const stop of stops) stop();
  };
}

function tellPosition(playback: Playback, frameMs: number | undefined): void {
  const told = playback.playingMs.peek();
  if (frameMs === undefined || (told !== undefined && Math.abs(frameMs - told) < POSITION_EVERY_MS)) return;
  playback.playingMs.value = frameMs;
}

function setData(element: HTMLElement, name: string, value: number | undefined): void {
  if (value === undefined) delete element.dataset[name];
  else element.dataset[name] = String(Math.round(value));
}
