// A camera's own events, for as long as it has them: motion as facts, and whether the camera can be relied on to tell. Beside
// the camera's other lines, which never wait for it.

import { asAgentError } from './errors.ts';
import type { CameraEvent } from './facts.ts';
import { MotionState } from './onvif/motion-state.ts';
import { openOnvif } from './onvif/onvif-device.ts';
import type { AgentParts } from './parts.ts';
import type { FleetCamera } from './settings/fleet-changes.ts';

type Context = Pick<AgentParts, 'clock' | 'facts' | 'journal'>;

/** What only a person can mend is tried again rarely: a refused password counts at the camera. */
const refusedPauseMs = 300_000;
const pauseMs = 30_000;

/** Publishes `camera.motion` and `camera.events` until `signal` aborts; nothing for a camera whose settings ask for none. */
export async function listen(camera: FleetCamera, context: Context, signal: AbortSignal): Promise<void> {
  const { onvif, id: cameraId } = camera;
  const { clock, facts, journal } = context;
  if (!onvif?.motionEvents) return;
  const motion = new MotionState();
  const tell = (event: CameraEvent): void => facts.publish({ ...event, cameraId });
  while (!signal.aborted) {
    try {
      await follow({ camera, address: onvif.url, motion, tell }, context, signal);
    } catch (thrown) {
      if (signal.aborted) return;
      const error = asAgentError(thrown);
      if (error.kind === 'bug') journal.unexpected(thrown, `events of ${cameraId}`);
      const waitMs = error.retry === 'never' || error.kind === 'denied' ? refusedPauseMs : pauseMs;
      if (motion.lose() === false) tell({ type: 'camera.motion', active: false, atMs: clock.nowMs() });
      tell({ type: 'camera.events', state: 'lost', error, retryAtMs: clock.nowMs() + waitMs });
      await clock.sleep(waitMs, signal).catch(() => undefined);
    }
  }
}

type Following = {
  camera: FleetCamera;
  address: string;
  motion: MotionState;
  tell: (event: CameraEvent) => void;
};

/** One stay with the device. @throws AgentError when it is over, and why */
async function follow({ camera, address, motion, tell }: Following, { clock }: Context, signal: AbortSignal) {
  const { username, password, tlsFingerprint } = camera;
  const device = await openOnvif({ address, username, password, tlsFingerprint, clock, random: Math.random, signal });
  for await (const event of device.events(signal)) {
    if (event.type === 'subscribed') {
      tell({ type: 'camera.events', state: 'listening' });
    } else if (event.type === 'lost') {
      if (motion.lose() === false) tell({ type: 'camera.motion', active: false, atMs: clock.nowMs() });
      tell({ type: 'camera.events', state: 'lost', error: event.error });
    } else {
      const active = motion.take(event);
      if (active !== undefined) tell({ type: 'camera.motion', active, atMs: event.atMs });
    }
  }
}
