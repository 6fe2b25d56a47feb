// Paints the timeline: a lane of footage, a thin one of paused labels, a lane of sightings, the ticks, the playhead. Solid is in the cloud, hatched is
// on disk, crossed out is lost, striped is a camera that was offline, dark is an agent that was off; the pattern says it as
// well as the colour.
import type { FootageSpan } from '../../shared/api.ts';
import type { LabelPause } from '../../shared/budget.ts';
import type { Sighting } from '../../shared/sighting.ts';
import { fitCanvas } from '../player/overlay.ts';
import { labelHue } from '../words/label-hue.ts';
import { pixelOf, type TimeWindow, ticks } from './time-scale.ts';

export type TimelineView = {
  window: TimeWindow;
  spans: readonly FootageSpan[];
  /** When labels were paused. */
  pauses: readonly LabelPause[];
  sightings: readonly Sighting[];
  playheadMs: number | undefined;
  nowMs: number;
};

const FOOTAGE = { top: 4, height: 20 };
const PAUSES = { top: 26, height: 3 };
const MARKS = { top: 30, height: 16 };
const TICKS_TOP = 52;

export function paintTimeline(canvas: HTMLCanvasElement, view: TimelineView): void {
  const context = canvas.getContext('2d');
  if (!context) return;
  const { width } = fitCanvas(canvas, context);
  const style = getComputedStyle(canvas);
  const paint = { context, width, colour: (name: string) => style.getPropertyValue(name).trim() };
  paintFootage(paint, view);
  paintPauses(paint, view);
  paintSightings(paint, view);
  paintTicks(paint, view);
  paintPlayhead(paint, view);
}

type Paint = { context: CanvasRenderingContext2D; width: number; colour: (name: string) => string };

function paintFootage({ context, width, colour }: Paint, { window, spans, nowMs }: TimelineView): void {
  const { top, height } = FOOTAGE;
  context.fillStyle = colour('--raised');
  context.fillRect(0, top, Math.min(width, pixelOf(nowMs, window, width)), height);
  for (const { startMs, endMs, at } of spans) {
    const x = Math.max(0, pixelOf(startMs, window, width));
    const right = Math.min(width, pixelOf(endMs, window, width));
    if (right < 0 || x > width) continue;
    paintSpan(context, { x, y: top, width: Math.max(1, right - x), height }, LOOKS[at], colour);
  }
}

/** A dashed line above the sightings: there may have been more than was labelled. */
function paintPauses({ context, width, colour }: Paint, { window, pauses }: TimelineView): void {
  context.fillStyle = colour('--attention');
  for (const { fromMs, toMs } of pauses) {
    const right = Math.min(width, pixelOf(toMs, window, width));
    for (let x = Math.max(0, pixelOf(fromMs, window, width)); x < right; x += 6)
      context.fillRect(x, PAUSES.top, Math.min(4, Math.max(1, right - x)), PAUSES.height);
  }
}

type Area = { x: number; y: number; width: number; height: number };
type Look = { hue: string; pattern: 'solid' | 'hatched' | 'crossed' | 'striped' };

/** The legend in timeline.css shows the same. */
const LOOKS: Record<FootageSpan['at'], Look> = {
  cloud: { hue: '--accent', pattern: 'solid' },
  disk: { hue: '--attention', pattern: 'hatched' },
  lost: { hue: '--failed', pattern: 'crossed' },
  offline: { hue: '--ink-soft', pattern: 'striped' },
  'agent-down': { hue: '--agent-down', pattern: 'solid' },
};

function paintSpan(
  context: CanvasRenderingContext2D,
  area: Area,
  { hue, pattern }: Look,
  colour: Paint['colour'],
): void {
  context.save();
  context.beginPath();
  context.rect(area.x, area.y, area.width, area.height);
  context.clip();
  if (pattern === 'solid') {
    context.fillStyle = colour(hue);
    context.fillRect(area.x, area.y, area.width, area.height);
  } else {
    context.strokeStyle = colour(hue);
    context.lineWidth = 2;
    context.beginPath();
    if (pattern === 'striped') stripe(context, area);
    else hatch(context, area, pattern === 'crossed');
    context.stroke();
  }
  context.restore();
}

function hatch(context: CanvasRenderingContext2D, area: Area, crossed: boolean): void {
  for (let x = area.x - area.height; x < area.x + area.width; x += 6) {
    context.moveTo(x, area.y + area.height);
    context.lineTo(x + area.height, area.y);
    if (!crossed) continue;
    context.moveTo(x, area.y);
    context.lineTo(x + area.height, area.y + area.height);
  }
}

function stripe(context: CanvasRenderingContext2D, area: Area): void {
  for (let y = area.y + 3; y < area.y + area.height; y += 6) {
    context.moveTo(area.x, y);
    context.lineTo(area.x + area.width, y);
  }
}

function paintSightings({ context, width, colour }: Paint, { window, sightings }: TimelineView): void {
  for (const { atMs, label } of sightings) {
    const x = pixelOf(atMs, window, width);
    if (x < 0 || x > width) continue;
    context.fillStyle = colour(`--label-${labelHue(label)}`);
    context.fillRect(x - 1, MARKS.top, 2, MARKS.height);
  }
}

const tickFormat = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });

function paintTicks({ context, width, colour }: Paint, { window }: TimelineView): void {
  context.fillStyle = colour('--ink-soft');
  context.font = '12px system-ui, sans-serif';
  context.textBaseline = 'top';
  context.textAlign = 'center';
  for (const atMs of ticks(window, { widthPx: width, minGapPx: 72 }, ms => new Date(ms).getTimezoneOffset())) {
    const x = pixelOf(atMs, window, width);
    context.fillRect(x, TICKS_TOP - 4, 1, 4);
    if (x > 18 && x < width - 18) context.fillText(tickFormat.format(atMs), x, TICKS_TOP + 2);
  }
}

function paintPlayhead({ context, width, colour }: Paint, { window, playheadMs }: TimelineView): void {
  if (playheadMs === undefined) return;
  const x = pixelOf(playheadMs, window, width);
  context.fillStyle = colour('--ink');
  context.fillRect(x - 1, 0, 2, TICKS_TOP);
  context.beginPath();
  context.moveTo(x - 5, 0);
  context.lineTo(x + 5, 0);
  context.lineTo(x, 7);
  context.fill();
}
