// A camera's settings as they may be shown.
import type { ShownCamera } from '../../shared/camera-edits.ts';
import type { AgentSettings } from './load.ts';

/** Whether there is a password, never where it is. */
export function shownCamera({ password, ...camera }: AgentSettings['cameras'][number]): ShownCamera {
  return { ...camera, hasPassword: password !== undefined };
}
