// What rules for health look at, measured: the disk, the processor's temperature, the clocks, and how the cameras are. What
// cannot be measured on this machine is left out.
import { readdir, readFile, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { CameraStatus } from '../../shared/camera-status.ts';
import type { Measurement } from '../rules/health.ts';

/** Free for those who are not root, in per cent; undefined when the disk does not tell. */
export async function diskFreePercent(dir: string): Promise<number | undefined> {
  try {
    const { bavail, blocks } = await statfs(dir);
    return blocks > 0 ? (bavail / blocks) * 100 : undefined;
  } catch {
    return undefined;
  }
}

/** The hottest of the processor's sensors, in °C; undefined where there is none, as in most virtual machines. */
export async function processorCelsius(folder = '/sys/class/thermal'): Promise<number | undefined> {
  try {
    const zones = (await readdir(folder)).filter(name => name.startsWith('thermal_zone'));
    const sensors = await Promise.all(zones.map(zone => readSensor(join(folder, zone))));
    const working = sensors.flatMap(sensor => sensor ?? []);
    const processor = working.filter(({ type }) => /cpu|soc|pkg|core/i.test(type));
    const celsius = (processor.length > 0 ? processor : working).map(({ celsius }) => celsius);
    return celsius.length > 0 ? Math.max(...celsius) : undefined;
  } catch {
    return undefined;
  }
}

async function readSensor(folder: string): Promise<{ type: string; celsius: number } | undefined> {
  try {
    const [type, temperature] = await Promise.all(
      ['type', 'temp'].map(async name => (await readFile(join(folder, name), 'utf8')).trim()),
    );
    const celsius = Number(temperature) / 1000;
    // A sensor that is not connected says 0, or something absurd.
    return temperature && celsius > 0 && celsius < 200 ? { type: type ?? '', celsius } : undefined;
  } catch {
    return undefined;
  }
}

/** Follows the cameras' statuses from look to look: since when there is no video, and what was lost meanwhile. */
export class CameraMeasures {
  readonly #liveMs = new Map<string, number>();
  readonly #lostSeconds = new Map<string, number>();

  measure(
    statuses: readonly CameraStatus[],
    { nowMs, monotonicMs }: { nowMs: number; monotonicMs: number },
  ): Measurement[] {
    this.#forget(new Set(statuses.map(({ id }) => id)));
    return statuses.flatMap(status => {
      const { id: cameraId, state, upload, clockOffsetMs, lostSeconds } = status;
      // A camera that was never live is offline since somebody first looked.
      if (state === 'live' || !this.#liveMs.has(cameraId)) this.#liveMs.set(cameraId, monotonicMs);
      const offlineMs = monotonicMs - (this.#liveMs.get(cameraId) ?? monotonicMs);
      const lost = Math.max(0, lostSeconds - (this.#lostSeconds.get(cameraId) ?? lostSeconds));
      this.#lostSeconds.set(cameraId, lostSeconds);
      const measured: Measurement[] = [
        { about: 'camera-offline', cameraId, value: offlineMs / 60_000 },
        { about: 'lost-video', cameraId, value: lost },
      ];
      if (upload.oldestWaitingMs !== undefined)
        measured.push({ about: 'backlog', cameraId, value: Math.max(0, nowMs - upload.oldestWaitingMs) / 60_000 });
      if (clockOffsetMs !== undefined)
        measured.push({ about: 'clock', cameraId, value: Math.abs(clockOffsetMs) / 1000 });
      return measured;
    });
  }

  #forget(kept: ReadonlySet<string>): void {
    for (const known of [this.#liveMs, this.#lostSeconds])
      for (const id of known.keys()) if (!kept.has(id)) known.delete(id);
  }
}
