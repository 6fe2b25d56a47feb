// How far the camera's own clock is from the agent's, as its sender reports tell. Nothing is stamped with it, because most
// cameras' clocks are wrong; but it is why their ONVIF sign-in fails and why the time burnt into the picture differs.
import type { Clock } from '../clock.ts';
import type { Facts } from '../facts.ts';

export type CameraClockOptions = { cameraId: string; clock: Clock; facts: Facts };

/** Less is the network's doing. */
const worthTellingMs = 1_000;

export class CameraClockWatch {
  readonly #options: CameraClockOptions;
  #toldMs: number | undefined;

  constructor(options: CameraClockOptions) {
    this.#options = options;
  }

  /** @param cameraTimeMs of a sender report that has just arrived, since 1970; undefined: it has no clock */
  take(cameraTimeMs: number | undefined): void {
    if (cameraTimeMs === undefined) return;
    const { cameraId, clock, facts } = this.#options;
    const offsetMs = Math.round(cameraTimeMs - clock.nowMs());
    if (this.#toldMs !== undefined && Math.abs(offsetMs - this.#toldMs) < worthTellingMs) return;
    this.#toldMs = offsetMs;
    facts.publish({ type: 'camera.clock', cameraId, offsetMs });
  }
}
