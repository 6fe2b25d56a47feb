// What a destination is told of an alert: the event that shared/alert-event.ts describes. Never a secret.
import type { Alert, CrossingCounts } from '../../shared/alert.ts';
import { type AlertData, type AlertEvent, alertEventSchemaId } from '../../shared/alert-event.ts';
import type { Sighting } from '../../shared/sighting.ts';

/** What the alert itself does not know. */
export type PayloadContext = {
  streamOf(cameraId: string): string | undefined;
  /** Address of the console as people reach it. */
  consoleUrl?: string | undefined;
  /** Shown to people and part of the event's source. */
  siteName?: string | undefined;
  /** Of the fragment with the frame of that producer timestamp, once KVS has confirmed it. */
  fragmentNumberOf?(cameraId: string, atMs: number): string | undefined;
  /** A link to the picture of a sighting that opens without signing in. Undefined without an address of the console. */
  stillLinkOf?(sightingId: string): StillLink | undefined;
};

export type StillLink = { url: string; expiresMs: number };

/** The same alert may become another event later: once the number of its fragment is known. */
export function payloadOf(alert: Alert, context: PayloadContext): AlertEvent {
  const { id, cameraId, atMs } = alert;
  const time = isoTime(atMs);
  return {
    specversion: '1.0',
    id,
    source: sourceOf(context.siteName),
    type: 'alert.raised',
    time,
    timestamp: time,
    ...(cameraId === undefined ? {} : { subject: cameraId }),
    datacontenttype: 'application/json',
    dataschema: `${alertEventSchemaId}#/$defs/AlertData`,
    data: dataOf(alert, context),
  };
}

/** A URI reference that stays the same while the site keeps its name. */
function sourceOf(siteName: string | undefined): string {
  return siteName === undefined ? '/kvs-edge' : `/kvs-edge/${encodeURIComponent(siteName.toWellFormed())}`;
}

function dataOf(alert: Alert, context: PayloadContext): AlertData {
  const { id: alertId, kind, ruleId, cameraId, atMs, why, sightings, counts, health } = alert;
  const at = isoTime(atMs);
  return {
    alertId,
    kind,
    ruleId,
    ...(cameraId === undefined ? {} : { cameraId }),
    why,
    ...(cameraId === undefined ? {} : videoOf(cameraId, atMs, context)),
    atMs,
    at,
    labels: [...new Set(sightings.map(({ label }) => label))],
    sightings: sightings.map(shownSighting),
    ...(counts ? { counts: shownCounts(counts) } : {}),
    ...(health ? { health } : {}),
    ...(context.consoleUrl && cameraId ? { link: consoleLink(context.consoleUrl, cameraId, at) } : {}),
  };
}

/** Where the video is; nothing of a camera that is no longer in the settings. */
function videoOf(
  cameraId: string,
  atMs: number,
  context: PayloadContext,
): Pick<AlertData, 'stream' | 'fragmentNumber'> {
  const stream = context.streamOf(cameraId);
  const fragmentNumber = context.fragmentNumberOf?.(cameraId, atMs);
  return {
    ...(stream === undefined ? {} : { stream }),
    ...(fragmentNumber === undefined ? {} : { fragmentNumber }),
  };
}

function shownSighting({ id, label, confidence, atMs, untilMs, box }: Sighting): AlertData['sightings'][number] {
  return {
    id,
    label,
    confidence,
    at: isoTime(atMs),
    ...(untilMs === undefined ? {} : { until: isoTime(untilMs) }),
    ...(box ? { box } : {}),
  };
}

function shownCounts({ line, fromMs, toMs, crossings }: CrossingCounts): AlertData['counts'] {
  return { line, from: isoTime(fromMs), to: isoTime(toMs), crossings };
}

function consoleLink(consoleUrl: string, cameraId: string, at: string): string {
  const link = new URL(`/camera/${encodeURIComponent(cameraId)}`, consoleUrl);
  link.searchParams.set('t', at);
  return link.href;
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
