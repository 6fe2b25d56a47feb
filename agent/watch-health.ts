// Looks at the device and its cameras now and then, for rules that ask for their health. Nothing that cannot be measured, and no
// alert that cannot be kept, ends the watching.
import type { CameraStatus } from '../shared/camera-status.ts';
import type { Clock } from './clock.ts';
import { CameraMeasures, diskFreePercent, processorCelsius } from './health/measure.ts';
import type { RaiseAlerts } from './raise-alerts.ts';
import { HealthRules, type Measurement } from './rules/health.ts';
import type { ClockState } from './time/trusted-clock.ts';

export type WatchHealthOptions = {
  rules: RaiseAlerts;
  clock: Clock & { state(): ClockState };
  statuses: { statuses(): CameraStatus[] };
  /** Of the spool. */
  dir: string;
  snoozed: (ruleId: string, cameraId: string, atMs: number) => boolean;
  /** Share of a day's calls for labels that is spent: of a camera, or of all together. Left out: nobody counts. */
  budgetPercent?: (cameraId?: string) => number | undefined;
  /** Where the kernel shows temperatures. Default /sys/class/thermal. */
  thermalDir?: string;
};

const everyMs = 10_000;

/** Until `signal` aborts. Without rules for health nothing is measured. */
export async function watchHealth(options: WatchHealthOptions, signal: AbortSignal): Promise<void> {
  const { rules, clock, snoozed } = options;
  const health = new HealthRules({ lastSentMs: (ruleId, cameraId) => rules.lastSentMs(ruleId, cameraId), snoozed });
  const cameras = new CameraMeasures();
  while (!signal.aborted) {
    await clock.sleep(everyMs, signal).catch(() => undefined);
    const { book } = rules;
    if (signal.aborted || !book.rules.some(({ when }) => when.health)) continue;
    const measurements = await measure(options, cameras);
    const look = { atMs: clock.nowMs(), monotonicMs: clock.monotonicMs(), measurements };
    for (const firing of health.look(book, look)) if (rules.raise(firing)) health.raised(firing);
  }
}

async function measure(options: WatchHealthOptions, cameras: CameraMeasures): Promise<Measurement[]> {
  const { clock, dir, thermalDir, statuses, budgetPercent } = options;
  const { trusted, offsetMs } = clock.state();
  const [free, celsius] = await Promise.all([diskFreePercent(dir), processorCelsius(thermalDir)]);
  const device: [Measurement['about'], number | undefined][] = [
    ['disk', free],
    ['temperature', celsius],
    ['clock', trusted && offsetMs !== undefined ? Math.abs(offsetMs) / 1000 : undefined],
    ['budget', budgetPercent?.()],
  ];
  const shown = statuses.statuses();
  const times = { nowMs: clock.nowMs(), monotonicMs: clock.monotonicMs() };
  return [
    ...device.flatMap(([about, value]) => (value === undefined ? [] : [{ about, value }])),
    ...cameras.measure(shown, times),
    ...shown.flatMap(({ id: cameraId }): Measurement[] => {
      const value = budgetPercent?.(cameraId);
      return value === undefined ? [] : [{ about: 'budget', cameraId, value }];
    }),
  ];
}
