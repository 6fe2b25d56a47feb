// Rules for the state of the device and its cameras. A problem is told once when it begins: it has to hold for a while, and to
// be gone for a while before it can begin again, so that what comes and goes does not alert each time. One that was held back
// (cooldown, hours, snooze) and still holds is told when that ends. Pure.
import type { HealthProblem } from '../../shared/alert.ts';
import { durationWords } from '../../shared/duration-words.ts';
import type { HealthLimits, RuleSettings } from '../../shared/rule-settings.ts';
import { type Firing, isCooling, type RuleMemory } from './evaluate.ts';
import { isOpen } from './hours.ts';
import type { RuleBook } from './rule-book.ts';

/** What was measured, in the unit of the rule's setting; of a camera, or of the device. */
export type Measurement = { about: HealthProblem['about']; cameraId?: string; value: number };

export type HealthLook = {
  /** Wall time. */
  atMs: number;
  monotonicMs: number;
  /** What is not measured is taken to be well. */
  measurements: readonly Measurement[];
};

/** The setting of the limit, how long it must be passed before it counts, and the words for it. */
type Kind = {
  limitOf: (limits: HealthLimits) => number | undefined;
  below?: true;
  holdMs: number;
  words: (value: number, limit: number, whose: string) => string;
};

const minutes = (value: number) => durationWords(value * 60_000);
const whole = (value: number) => String(Math.round(value));
const minuteMs = 60_000;

const kinds: { readonly [About in HealthProblem['about']]: Kind } = {
  'camera-offline': {
    limitOf: ({ cameraOfflineMinutes }) => cameraOfflineMinutes,
    holdMs: 0,
    words: value => `The camera has given no video for ${minutes(value)}.`,
  },
  backlog: {
    limitOf: ({ backlogMinutes }) => backlogMinutes,
    holdMs: minuteMs,
    words: value => `Video of ${minutes(value)} waits to be sent.`,
  },
  disk: {
    limitOf: ({ diskFreePercent }) => diskFreePercent,
    ...{ below: true, holdMs: minuteMs },
    words: (value, limit) => `Of the spool’s disk ${value.toFixed(1)} % is free, less than ${limit} %.`,
  },
  clock: {
    limitOf: ({ clockOffsetSeconds }) => clockOffsetSeconds,
    holdMs: minuteMs,
    words: (value, _limit, whose) => `The clock of the ${whose} is off by ${durationWords(value * 1000)}.`,
  },
  budget: {
    limitOf: ({ budgetPercent }) => budgetPercent,
    holdMs: 0,
    words: value => `Of the day’s calls for labels ${whole(value)} % are spent.`,
  },
  temperature: {
    limitOf: ({ temperatureCelsius }) => temperatureCelsius,
    holdMs: minuteMs,
    words: value => `The processor has ${whole(value)} °C.`,
  },
  'lost-video': {
    limitOf: ({ lostVideo }) => (lostVideo ? 0 : undefined),
    holdMs: 0,
    words: value => `Video was lost: ${durationWords(value * 1000)}.`,
  },
};

/** So long a problem must be gone before it can begin again. */
const gonePatienceMs = 2 * minuteMs;

type State = { sinceMs: number; goneSinceMs?: number; told: boolean; value: number };

export class HealthRules {
  readonly #memory: Pick<RuleMemory, 'lastSentMs' | 'snoozed'>;
  readonly #states = new Map<string, State>();

  constructor(memory: Pick<RuleMemory, 'lastSentMs' | 'snoozed'>) {
    this.#memory = memory;
  }

  /** The alerts to raise; each that is raised has to be told to `raised`, or comes again. */
  look(book: RuleBook, { atMs, monotonicMs, measurements }: HealthLook): Firing[] {
    const current = new Set<string>();
    const firings = book.rules.flatMap(rule =>
      measurements.flatMap(measured => {
        const limit = limitFor(book, rule, measured);
        if (limit === undefined) return [];
        const key = keyOf(rule.id, measured);
        if (!isPassed(measured, limit) && !this.#isOwed(key, measured)) return [];
        current.add(key);
        const state = this.#holding(key, measured, monotonicMs);
        const held = monotonicMs - state.sinceMs >= kinds[measured.about].holdMs;
        if (state.told || !held || this.#isHeldBack(book, rule, { atMs, cameraId: measured.cameraId ?? '' })) return [];
        return [firingOf(rule, { ...measured, value: state.value }, { limit, atMs })];
      }),
    );
    this.#forget(current, monotonicMs);
    return firings;
  }

  raised({ ruleId, cameraId, health }: Firing): void {
    if (!health) return;
    const state = this.#states.get(keyOf(ruleId, { about: health.about, ...(cameraId ? { cameraId } : {}) }));
    if (!state) return;
    state.told = true;
    if (health.about === 'lost-video') state.value = 0;
  }

  /** A loss is over when it is seen; what was held back of it is told later. */
  #isOwed(key: string, { about }: Measurement): boolean {
    return about === 'lost-video' && this.#states.get(key)?.told === false;
  }

  #holding(key: string, { about, value }: Measurement, monotonicMs: number): State {
    const state = this.#states.get(key) ?? { sinceMs: monotonicMs, told: false, value: 0 };
    this.#states.set(key, state);
    delete state.goneSinceMs;
    // Losses of single looks add up until they are told; everything else is as it is now.
    state.value = about === 'lost-video' ? state.value + value : value;
    return state;
  }

  #forget(current: ReadonlySet<string>, monotonicMs: number): void {
    for (const [key, state] of this.#states) {
      if (current.has(key)) continue;
      state.goneSinceMs ??= monotonicMs;
      // What was not told and is gone was a blip, or somebody was not to be bothered.
      if (!state.told || monotonicMs - state.goneSinceMs >= gonePatienceMs) this.#states.delete(key);
    }
  }

  #isHeldBack(book: RuleBook, rule: RuleSettings, { atMs, cameraId }: { atMs: number; cameraId: string }): boolean {
    if (!rule.enabled || !isOpen(book.hoursOf(rule), book.time.minuteOfWeek(atMs))) return true;
    if (this.#memory.snoozed(rule.id, cameraId, atMs)) return true;
    return isCooling(rule.cooldownSeconds, atMs, this.#memory.lastSentMs(rule.id, cameraId));
  }
}

function limitFor(book: RuleBook, rule: RuleSettings, { about, cameraId }: Measurement): number | undefined {
  if (!rule.when.health || (cameraId !== undefined && !book.looksAt(rule, cameraId))) return undefined;
  return kinds[about].limitOf(rule.when.health);
}

function isPassed({ about, value }: Measurement, limit: number): boolean {
  return kinds[about].below ? value < limit : about === 'lost-video' ? value > limit : value >= limit;
}

function firingOf(
  { id: ruleId }: RuleSettings,
  { about, cameraId, value }: Measurement,
  { limit, atMs }: { limit: number; atMs: number },
): Firing {
  const why = kinds[about].words(value, limit, cameraId === undefined ? 'device' : 'camera');
  const health: HealthProblem = {
    about,
    value: Math.round(value * 100) / 100,
    ...(about === 'lost-video' ? {} : { limit }),
  };
  return {
    ...{ kind: 'health', ruleId, atMs, why, sightings: [], health },
    ...(cameraId === undefined ? {} : { cameraId }),
  };
}

function keyOf(ruleId: string, { about, cameraId = '' }: Pick<Measurement, 'about' | 'cameraId'>): string {
  return `${ruleId} ${cameraId} ${about}`;
}
