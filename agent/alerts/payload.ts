// What a destination is told of an alert. Part of the product's interface: fields are added, never changed or removed.
import type { Alert } from '../../shared/alert.ts';
import type { Box } from '../../shared/sighting.ts';

export type AlertPayload = {
  type: 'alert.raised';
  /** ISO 8601, the moment of the frame. */
  timestamp: string;
  data: {
    alertId: string;
    ruleId: string;
    /** Left out when it is about the device. */
    cameraId?: string;
    why: string;
    /** KVS stream that holds the video; absent for a camera that is no longer in the settings. */
    stream?: string;
    /** Producer timestamp of the frame: finds the fragment in the stream. The same moment as `at`. */
    atMs: number;
    at: string;
    sightings: { label: string; confidence: number; at: string; box?: Box }[];
    /** The console at that second. Absent when the agent does not know its own address. */
    link?: string;
  };
};

/** What the alert itself does not know. */
export type PayloadContext = {
  streamOf(cameraId: string): string | undefined;
  /** Address of the console as people reach it. */
  consoleUrl?: string | undefined;
};

export function payloadOf(alert: Alert, { streamOf, consoleUrl }: PayloadContext): AlertPayload {
  const { id: alertId, ruleId, cameraId, atMs, why } = alert;
  const at = new Date(atMs).toISOString();
  const stream = cameraId === undefined ? undefined : streamOf(cameraId);
  return {
    type: 'alert.raised',
    timestamp: at,
    data: {
      alertId,
      ruleId,
      ...(cameraId === undefined ? {} : { cameraId }),
      why,
      ...(stream === undefined ? {} : { stream }),
      atMs,
      at,
      sightings: alert.sightings.map(({ label, confidence, atMs, box }) => ({
        label,
        confidence,
        at: new Date(atMs).toISOString(),
        ...(box ? { box } : {}),
      })),
      ...(consoleUrl && cameraId ? { link: consoleLink(consoleUrl, cameraId, at) } : {}),
    },
  };
}

function consoleLink(consoleUrl: string, cameraId: string, at: string): string {
  const link = new URL(`/camera/${encodeURIComponent(cameraId)}`, consoleUrl);
  link.searchParams.set('t', at);
  return link.href;
}
