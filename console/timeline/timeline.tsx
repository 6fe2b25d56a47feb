// The last hours of one camera: where footage is and why it is missing, when labels were seen, what is playing. A click
// goes to that time.
import { useSignal } from '@preact/signals';
import type { TargetedPointerEvent } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { dayAndTime } from '../words/clock-times.ts';
import { pausedWords } from '../words/pause-words.ts';
import { footageWords, spanAt } from './footage.ts';
import { paintTimeline, type TimelineView } from './paint.ts';
import { timeAt, ZOOM_NAMES, type Zoom } from './time-scale.ts';
import './timeline.css';

type TimelineProps = {
  view: TimelineView;
  zoom: Zoom;
  goTo: (atMs: number) => void;
  setZoom: (zoom: Zoom) => void;
  /** Moves the shown stretch by this share of its length. */
  pan: (share: number) => void;
};

export function Timeline({ view, zoom, goTo, setZoom, pan }: TimelineProps) {
  const hoveredMs = useSignal<number | undefined>(undefined);
  return (
    <section class="timeline panel" aria-label="Timeline">
      <div class="timeline-head">
        <ZoomChoice zoom={zoom} setZoom={setZoom} />
        <Readout view={view} hoveredMs={hoveredMs.value} />
        <button type="button" aria-label="Earlier" title="Earlier" onClick={() => pan(-0.5)}>
          ‹
        </button>
        <button type="button" aria-label="Later" title="Later" onClick={() => pan(0.5)}>
          ›
        </button>
      </div>
      <Track
        view={view}
        goTo={goTo}
        hover={atMs => {
          hoveredMs.value = atMs;
        }}
      />
      <Legend />
    </section>
  );
}

function Track({
  view,
  goTo,
  hover,
}: {
  view: TimelineView;
  goTo: (atMs: number) => void;
  hover: (atMs?: number) => void;
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const latest = useRef(view);
  latest.current = view;
  useEffect(() => {
    if (canvas.current) paintTimeline(canvas.current, view);
  });
  useEffect(() => {
    const element = canvas.current;
    if (!element) return;
    const repaint = () => paintTimeline(element, latest.current);
    const size = new ResizeObserver(repaint);
    const scheme = matchMedia('(prefers-color-scheme: light)');
    size.observe(element);
    scheme.addEventListener('change', repaint);
    return () => {
      size.disconnect();
      scheme.removeEventListener('change', repaint);
    };
  }, []);
  const timeUnder = (event: TargetedPointerEvent<HTMLElement>) => {
    const { left, width } = event.currentTarget.getBoundingClientRect();
    return Math.min(timeAt(event.clientX - left, view.window, width), view.nowMs);
  };
  const { playheadMs, window } = view;
  return (
    <div
      class="track"
      role="slider"
      tabIndex={0}
      aria-label="Time that is playing"
      aria-valuemin={Math.round(window.fromMs)}
      aria-valuemax={Math.round(window.toMs)}
      aria-valuenow={Math.round(playheadMs ?? window.toMs)}
      aria-valuetext={playheadMs === undefined ? 'Nothing is playing' : readoutWords(view, playheadMs)}
      onPointerUp={event => goTo(timeUnder(event))}
      onPointerMove={event => hover(timeUnder(event))}
      onPointerLeave={() => hover()}
    >
      <canvas ref={canvas} />
    </div>
  );
}

function ZoomChoice({ zoom, setZoom }: { zoom: Zoom; setZoom: (zoom: Zoom) => void }) {
  return (
    <fieldset class="zooms">
      <legend class="for-screen-readers">How much time to show</legend>
      {ZOOM_NAMES.map(name => (
        <button key={name} type="button" aria-pressed={name === zoom} onClick={() => setZoom(name)}>
          {name.replace('h', ' h')}
        </button>
      ))}
    </fieldset>
  );
}

/** The list of footage is asked for every few seconds; of the newest moments it cannot know yet where they are. */
const TOO_FRESH_MS = 30_000;

function readoutWords(view: TimelineView, atMs: number): string {
  const isFresh = view.nowMs - atMs < TOO_FRESH_MS;
  const footage = isFresh ? undefined : footageWords(spanAt(view.spans, atMs));
  const words = [dayAndTime(atMs, view.nowMs), footage, pausedWords(view.pauses, atMs)];
  return words.filter(word => word !== undefined).join(' · ');
}

function Readout({ view, hoveredMs }: { view: TimelineView; hoveredMs: number | undefined }) {
  const atMs = hoveredMs ?? view.playheadMs;
  return <p class="readout small soft">{atMs === undefined ? '' : readoutWords(view, atMs)}</p>;
}

function Legend() {
  return (
    <ul class="legend small soft" aria-label="What the timeline’s patterns mean">
      <li class="legend-cloud">in cloud</li>
      <li class="legend-disk">on disk</li>
      <li class="legend-lost">lost</li>
      <li class="legend-offline">camera offline</li>
      <li class="legend-agent-down">agent off</li>
      <li class="legend-paused">labels paused</li>
    </ul>
  );
}
