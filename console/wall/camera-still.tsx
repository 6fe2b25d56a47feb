// A camera's newest still, renewed at the pace of still-cadence.ts and not at all while the page is hidden.
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { CameraStatus } from '../../shared/camera-status.ts';
import { cameraStillUrl } from '../link/agent-api.ts';
import { nowMs } from '../link/agent-clock.ts';
import { isStillDue } from './still-cadence.ts';

type Shown = { stillAtMs: number; loadedAtMs: number };

export function CameraStill({ camera }: { camera: CameraStatus }) {
  const shown = useSignal<Shown | undefined>(undefined);
  const missing = useSignal(false);
  const { stillAtMs } = camera;
  const now = nowMs.value;
  useEffect(() => {
    const before = shown.peek();
    if (stillAtMs === undefined || stillAtMs === before?.stillAtMs || document.hidden) return;
    const times = { nowMs: now, loadedAtMs: before?.loadedAtMs, lastSightingMs: camera.lastSighting?.atMs };
    if (!isStillDue(times)) return;
    shown.value = { stillAtMs, loadedAtMs: now };
    missing.value = false;
  }, [now, stillAtMs]);
  if (shown.value === undefined || missing.value) {
    return (
      <p class="no-still soft small">{camera.state === 'live' ? 'Waiting for the first picture' : 'No picture yet'}</p>
    );
  }
  return (
    <img
      src={cameraStillUrl(camera.id, shown.value.stillAtMs)}
      alt={`What ${camera.id} sees`}
      onError={() => {
        missing.value = true;
      }}
    />
  );
}
