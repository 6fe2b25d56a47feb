// A rule as one sentence, and how it is now. Pure. The rule's own words for days and hours are kept, since people look for
// them in the settings file.
import type { ShownRule, Snooze } from '../../shared/rule-answers.ts';
import { ageWords, countWords, durationWords } from './ages.ts';
import { dayAndTime, minuteOfDay } from './clock-times.ts';
import type { StatusWords } from './status.ts';

type When = ShownRule['when'];

/** `When Person ≥ 80 % is in zone door on front-door, Mon–Fri 22:00–06:00 → ops, at most once per minute.` */
export function ruleSentence(rule: ShownRule): string {
  const hours = rule.hours ? `, ${rule.hours.map(span => span.replaceAll('-', '–')).join(' and ')}` : '';
  const pace = rule.when.everyMinutes === undefined ? `, ${paceWords(rule)}` : '';
  return `${whenWords(rule.when)}${hours} → ${rule.destinations.join(', ')}${pace}.`;
}

function whenWords(when: When): string {
  if (when.health) return `When ${healthWords(when.health)}${camerasWords(when, '')}`;
  const { line, everyMinutes } = when;
  if (line && everyMinutes !== undefined) {
    return `Every ${periodWords(everyMinutes * 60)}, how often ${subjectWords(when)} ${crossingWords(line)}${camerasWords(when)}`;
  }
  const stay = when.minSeconds > 0 ? ` for ${durationWords(when.minSeconds * 1000)}` : '';
  return `When ${subjectWords(when)} ${whereWords(when)}${stay}${camerasWords(when)}`;
}

function subjectWords({ labels, minConfidence, minArea, minCount }: When): string {
  const many = minCount > 1 ? `at least ${minCount} × ` : '';
  const sure = minConfidence === undefined ? '' : ` ≥ ${minConfidence} %`;
  const large = minArea === undefined ? '' : `, at least ${round(minArea * 100)} % of the picture,`;
  return `${many}${labels ? listWords(labels) : 'anything'}${sure}${large}`;
}

function whereWords({ zones, line, minCount, anchor, overlap }: When): string {
  const are = minCount > 1 ? 'are' : 'is';
  const atOnce = minCount > 1 ? ' at once' : '';
  if (line) return crossingWords(line);
  if (!zones) return `${are} seen${atOnce}`;
  const share = anchor === 'overlap' ? ` by ${round(overlap * 100)} %` : '';
  return `${are} in zone ${listWords(zones)}${share}${atOnce}`;
}

function crossingWords({ name, direction }: NonNullable<When['line']>): string {
  const way = direction === 'both' ? '' : ` from ${direction.replaceAll('-', ' ')}`;
  return `crosses line ${name}${way}`;
}

function camerasWords({ cameras = [], groups = [] }: When, all = ' on any camera'): string {
  const places = [...cameras, ...groups.map(group => `group ${group}`)];
  return places.length === 0 ? all : ` on ${listWords(places)}`;
}

function healthWords(limits: NonNullable<When['health']>): string {
  const { cameraOfflineMinutes, backlogMinutes, diskFreePercent, clockOffsetSeconds } = limits;
  const { budgetPercent, temperatureCelsius, lostVideo } = limits;
  const problems: (string | false)[] = [
    cameraOfflineMinutes !== undefined && `a camera gives no video for ${minutesWords(cameraOfflineMinutes)}`,
    backlogMinutes !== undefined && `${minutesWords(backlogMinutes)} of video wait to be sent`,
    diskFreePercent !== undefined && `less than ${diskFreePercent} % of the disk is free`,
    clockOffsetSeconds !== undefined && `a clock is off by more than ${durationWords(clockOffsetSeconds * 1000)}`,
    budgetPercent !== undefined && `${budgetPercent} % of the day’s label calls are spent`,
    temperatureCelsius !== undefined && `the processor is hotter than ${temperatureCelsius} °C`,
    lostVideo === true && 'video is lost',
  ];
  return problems.filter(words => words !== false).join(', or ');
}

/** The cooldown holds for each camera by itself, which is worth a word only where there are several. */
function paceWords({ cooldownSeconds, when }: ShownRule): string {
  if (cooldownSeconds === 0) return 'each time';
  const isOneCamera = when.cameras?.length === 1 && !when.groups;
  return `at most once per ${periodWords(cooldownSeconds)}${isOneCamera ? '' : ' and camera'}`;
}

/** `minute`, `5 min`, `90 s`, `hour`, `day`. */
function periodWords(seconds: number): string {
  const units: readonly [size: number, one: string, several: string][] = [
    [604_800, 'week', 'weeks'],
    [86_400, 'day', 'days'],
    [3600, 'hour', 'h'],
    [60, 'minute', 'min'],
  ];
  for (const [size, one, several] of units) {
    if (seconds === size) return one;
    if (seconds % size === 0) return `${seconds / size} ${several}`;
  }
  return seconds === 1 ? 'second' : `${round(seconds)} s`;
}

function minutesWords(minutes: number): string {
  return minutes < 1 ? `${round(minutes * 60)} s` : durationWords(minutes * 60_000);
}

function listWords(words: readonly string[]): string {
  const last = words.at(-1) ?? '';
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} or ${last}`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** How the rule is now. `silentUntilMs`: it is snoozed on every camera. */
export function ruleState(
  { enabled, activeCameras, when }: Pick<ShownRule, 'enabled' | 'activeCameras' | 'when'>,
  silentUntilMs: number | undefined,
  nowMs: number,
): StatusWords {
  if (!enabled) return { status: 'waiting', words: 'Switched off in the settings' };
  if (silentUntilMs !== undefined && silentUntilMs > nowMs) {
    return { status: 'attention', words: `Snoozed ${untilWords(silentUntilMs, nowMs)}` };
  }
  // What is wrong with the device is at no camera.
  if (activeCameras.length === 0) return { status: 'waiting', words: when.health ? 'Watching' : 'Nothing there now' };
  return { status: 'ok', words: `Active now on ${activeCameras.join(', ')}` };
}

/** `Last alert 12 min ago, 07:41:12`. */
export function lastFiredWords(lastFiredMs: number | undefined, nowMs: number): string {
  if (lastFiredMs === undefined) return 'No alert yet';
  return `Last alert ${ageWords(lastFiredMs, nowMs)}, ${dayAndTime(lastFiredMs, nowMs)}`;
}

/** `until 07:41`, with the day when it is another. */
export function untilWords(untilMs: number, nowMs: number): string {
  const isToday = new Date(untilMs).toDateString() === new Date(nowMs).toDateString();
  return `until ${isToday ? minuteOfDay(untilMs) : dayAndTime(untilMs, nowMs)}`;
}

/** What a snooze keeps silent: `Every alert of yard`. */
export function snoozedWords({ ruleId, cameraId }: Pick<Snooze, 'ruleId' | 'cameraId'>): string {
  if (ruleId !== undefined) return `Alerts of ${ruleId}${cameraId === undefined ? '' : ` on ${cameraId}`}`;
  return cameraId === undefined ? 'All alerts' : `Alerts of camera ${cameraId}`;
}

/** `this rule would have raised 3 alerts`. */
export function firedWords(fired: number): string {
  return `this rule would have raised ${fired === 0 ? 'no alerts' : countWords(fired, 'alert')}`;
}
