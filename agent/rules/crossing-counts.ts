// Crossings counted into periods, one for each rule and camera at a time, and the alert of each period that is over. What is
// running is a value that can be kept and taken up again. Periods in which nothing crossed tell nothing.
import type { CrossingCounts } from '../../shared/alert.ts';
import { durationWords } from '../../shared/duration-words.ts';
import type { Crossing, Firing } from './evaluate.ts';
import type { LocalTime } from './local-time.ts';
import { periodOf } from './periods.ts';

export type RunningCount = { ruleId: string; cameraId: string; counts: CrossingCounts };

/** Labels of one period, in both directions; further ones are not told apart. */
const maxKinds = 200;
const otherLabel = 'other';

export class RunningCounts {
  /** Oldest period first; of each rule and camera the last one runs. */
  #running: RunningCount[];

  constructor(running: readonly RunningCount[] = []) {
    this.#running = structuredClone([...running]);
  }

  get running(): readonly RunningCount[] {
    return this.#running;
  }

  /** `line`: the one of the rule. */
  add({ ruleId, cameraId, label, direction, atMs }: Crossing, { line, everyMinutes, time }: CountOptions): void {
    const { crossings } = this.#periodAt(atMs, { ruleId, cameraId, line, everyMinutes, time });
    const known = crossings.find(counted => counted.label === label && counted.direction === direction);
    if (known) known.count++;
    else if (crossings.length < maxKinds) crossings.push({ label, direction, count: 1 });
    else this.#addOther(crossings, direction);
  }

  /** Alerts of the periods that are over by then, of one camera or of all. They stay until they are `told`. */
  due(atMs: number, cameraId?: string): Firing[] {
    const over = this.#running.filter(
      ({ cameraId: camera, counts }) => counts.toMs <= atMs && (cameraId === undefined || camera === cameraId),
    );
    return over.map(({ ruleId, cameraId, counts }) => ({
      ...{
        kind: 'count' as const,
        ruleId,
        cameraId,
        atMs: counts.toMs,
        why: whyCounted(counts),
        sightings: [],
        counts,
      },
    }));
  }

  /** The alert of a period was raised, or is not wanted. */
  told({ ruleId, cameraId, counts }: Firing): void {
    this.#running = this.#running.filter(
      running => running.ruleId !== ruleId || running.cameraId !== cameraId || running.counts.fromMs !== counts?.fromMs,
    );
  }

  /** Forgets those of rules and cameras that do not count any more. */
  keep(wanted: (ruleId: string, cameraId: string) => boolean): void {
    this.#running = this.#running.filter(({ ruleId, cameraId }) => wanted(ruleId, cameraId));
  }

  #periodAt(atMs: number, options: CountOptions & { ruleId: string; cameraId: string }): CrossingCounts {
    const { ruleId, cameraId, line, everyMinutes, time } = options;
    const latest = this.#running.findLast(known => known.ruleId === ruleId && known.cameraId === cameraId)?.counts;
    if (latest && latest.line === line && latest.fromMs <= atMs && atMs < latest.toMs) return latest;
    const { fromMs, toMs } = periodOf(atMs, everyMinutes, time);
    // After a change of the period's length, the next one begins where the last one ended.
    const begins = latest && latest.toMs > fromMs && latest.toMs <= atMs ? latest.toMs : fromMs;
    const counts: CrossingCounts = { line, fromMs: begins, toMs, crossings: [] };
    const same = this.#running.find(
      known => known.ruleId === ruleId && known.cameraId === cameraId && known.counts.fromMs === begins,
    );
    if (same) return same.counts;
    this.#running.push({ ruleId, cameraId, counts });
    return counts;
  }

  #addOther(crossings: CrossingCounts['crossings'], direction: Crossing['direction']): void {
    const others = crossings.find(counted => counted.label === otherLabel && counted.direction === direction);
    if (others) others.count++;
    else crossings.push({ label: otherLabel, direction, count: 1 });
  }
}

export type CountOptions = { line: string; everyMinutes: number; time: LocalTime };

/** `12 × Car, 1 × Bus crossed gate in 15 min: 9 left to right, 4 right to left.` */
function whyCounted({ line, fromMs, toMs, crossings }: CrossingCounts): string {
  const sum = (some: CrossingCounts['crossings']) => some.reduce((total, { count }) => total + count, 0);
  const labels = [...Map.groupBy(crossings, ({ label }) => label)].map(([label, alike]) => `${sum(alike)} × ${label}`);
  const ways = [...Map.groupBy(crossings, ({ direction }) => direction)].map(
    ([direction, alike]) => `${sum(alike)} ${direction.replaceAll('-', ' ')}`,
  );
  return `${labels.join(', ')} crossed ${line} in ${durationWords(toMs - fromMs)}: ${ways.sort().join(', ')}.`;
}
