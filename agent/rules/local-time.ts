// The wall clock of a time zone, by what Intl knows of it. Times as the wall shows them are milliseconds as if it were UTC.
// Offsets are kept for each minute asked for: no zone changes its offset within one.

const minuteMs = 60_000;
const dayMs = 86_400_000;
/** About three days of minutes; more are forgotten all at once. */
const maxMinutes = 4096;
/** 1 January 1970 was a Thursday. */
const firstWeekday = 3;

export class LocalTime {
  readonly #format: Intl.DateTimeFormat;
  readonly #offsets = new Map<number, number>();
  #minute = Number.NaN;
  #offsetMs = 0;

  /** Left out: the zone of the device. @throws RangeError for a zone that does not exist */
  constructor(timeZone?: string) {
    this.#format = new Intl.DateTimeFormat('en-u-ca-gregory-nu-latn', {
      ...{ year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' },
      hourCycle: 'h23',
      ...(timeZone === undefined ? {} : { timeZone }),
    });
  }

  /** What the wall shows − UTC. */
  offsetMs(atMs: number): number {
    const minute = Math.floor(atMs / minuteMs);
    if (minute !== this.#minute) {
      this.#offsetMs = this.#offsets.get(minute) ?? this.#lookUp(minute);
      this.#minute = minute;
    }
    return this.#offsetMs;
  }

  wallMs(atMs: number): number {
    return atMs + this.offsetMs(atMs);
  }

  /** Minutes that the wall shows since Monday 0:00, 0 to 10,079. */
  minuteOfWeek(atMs: number): number {
    const minutes = Math.floor(this.wallMs(atMs) / minuteMs) + firstWeekday * 1440;
    return ((minutes % 10_080) + 10_080) % 10_080;
  }

  /** The first moment at which the wall shows this, or at which it jumps over it. */
  utcMs(wallMs: number): number {
    const before = this.offsetMs(wallMs - 1.5 * dayMs);
    const after = this.offsetMs(wallMs + 1.5 * dayMs);
    const shown = [wallMs - before, wallMs - after].filter(atMs => this.wallMs(atMs) === wallMs);
    return shown.length > 0 ? Math.min(...shown) : this.#change(wallMs - after, wallMs - before);
  }

  /** The first minute after `fromMs` at which the offset is another than there. */
  #change(fromMs: number, toMs: number): number {
    const offsetMs = this.offsetMs(fromMs);
    let [low, high] = [Math.floor(fromMs / minuteMs), Math.ceil(toMs / minuteMs)];
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (this.offsetMs(middle * minuteMs) === offsetMs) low = middle;
      else high = middle;
    }
    return high * minuteMs;
  }

  #lookUp(minute: number): number {
    if (this.#offsets.size >= maxMinutes) this.#offsets.clear();
    const atMs = minute * minuteMs;
    const shown = Object.fromEntries(this.#format.formatToParts(atMs).map(({ type, value }) => [type, Number(value)]));
    const { year = 0, month = 1, day = 1, hour = 0, minute: minutes = 0, second = 0 } = shown;
    const offsetMs = Date.UTC(year, month - 1, day, hour, minutes, second) - atMs;
    this.#offsets.set(minute, offsetMs);
    return offsetMs;
  }
}
