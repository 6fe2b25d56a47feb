// Facts as log lines: one JSON object a line on the destination, for the system's journal. Subscribes to facts, so no
// stage knows about logging. An error that repeats is counted and reported once a minute instead of flooding the disk.
import { type DestinationStream, type Level, pino } from 'pino';
import type { Clock } from '../clock.ts';
import { asAgentError, systemCode } from '../errors.ts';
import type { Fact, Facts } from '../facts.ts';
import { withoutUserinfo } from '../secret.ts';
import { fieldsOf, levelOf, repeatKeyOf } from './journal-line.ts';

export type JournalOptions = {
  level: Level;
  clock: Clock;
  /** Where lines go; left out: standard output. */
  destination?: DestinationStream;
};

export type Journal = {
  /** Writes every fact from now on. Returns the function that ends it. */
  follow(facts: Facts): () => void;
  info(message: string, fields?: Record<string, unknown>): void;
  /** For what nobody foresaw: a subscriber that threw, a request that failed inside. */
  unexpected(error: unknown, where: string): void;
};

const windowMs = 60_000;

export function createJournal({ level, clock, destination }: JournalOptions): Journal {
  const options = {
    level,
    base: null,
    timestamp: () => `,"time":"${new Date(clock.nowMs()).toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const log = destination ? pino(options, destination) : pino(options);
  const repeats = new Repeats(clock);
  const write = (fact: Fact): void => {
    const key = repeatKeyOf(fact);
    const level = levelOf(fact);
    // Most facts are below the level: their fields would be built for nothing.
    if (!log.isLevelEnabled(level)) return;
    const line = (repeated: number) =>
      log[level]({ ...fieldsOf(fact), ...(repeated > 0 ? { repeated } : {}) }, fact.type);
    if (key === undefined) line(0);
    else repeats.take(key, line);
  };
  return {
    follow: facts => facts.subscribe(write),
    info: (message, fields = {}) => log.info(fields, message),
    unexpected: (error, where) => {
      const { code, message } = asAgentError(error);
      const stack = error instanceof Error ? withoutUserinfo(error.stack ?? '') : undefined;
      log.error({ code, where, cause: systemCode(error), stack }, withoutUserinfo(message));
    },
  };
}

/** The first of equal lines is written at once, the rest of its minute as one line that counts them. */
class Repeats {
  readonly #clock: Clock;
  readonly #windows = new Map<string, { count: number; line: (repeated: number) => void }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  take(key: string, line: (repeated: number) => void): void {
    const open = this.#windows.get(key);
    if (open) {
      open.count++;
      open.line = line;
      return;
    }
    line(0);
    this.#open(key, line);
  }

  #open(key: string, line: (repeated: number) => void): void {
    const window = { count: 0, line };
    this.#windows.set(key, window);
    this.#clock.after(windowMs, () => {
      this.#windows.delete(key);
      if (window.count === 0) return;
      window.line(window.count);
      this.#open(key, window.line);
    });
  }
}
