// What a camera that was just added has reached: the disk, the cloud, its first label. Pure.
import type { CameraStatus } from '../../shared/camera-status.ts';

export type Arrival = { words: string; arrived: boolean };

/** In their order. `camera` is undefined until the agent tells of it; labels only where they are looked for. */
export function arrivalsOf(camera: CameraStatus | undefined): Arrival[] {
  const inCloud = camera?.upload.lastPersistedAckMs !== undefined;
  const onDisk = inCloud || (camera?.upload.waitingFragments ?? 0) > 0;
  const label = { words: 'first label', arrived: camera?.lastSighting !== undefined };
  return [
    { words: 'on disk', arrived: onDisk },
    { words: 'in cloud', arrived: inCloud },
    ...(camera?.labels.on ? [label] : []),
  ];
}
