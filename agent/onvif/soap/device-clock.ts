// The camera's clock as far as it is known: asked without a sign-in, because a sign-in by WS-Security needs it. When the
// camera tells the time only to those who signed in, the Date of its HTTP answer serves.
import type { Clock } from '../../clock.ts';
import { type ClockOffset, clockOffset } from '../answers/clock-offset.ts';
import { readSystemTime, type SystemTime } from '../answers/device-answers.ts';
import { OnvifFault } from '../answers/fault.ts';
import { UnreadableAnswer } from '../answers/unreadable.ts';
import type { XmlElement } from './xml.ts';

export type DeviceTime = ClockOffset & { shown?: SystemTime };

export type AskTime = (
  signal?: AbortSignal,
) => Promise<{ content: XmlElement | OnvifFault; dateMs: number | undefined }>;

export class DeviceClock {
  readonly #clock: Clock;
  readonly #ask: AskTime;
  #time: DeviceTime | undefined;
  /** Whether a sign-in showed that what seems less likely is right. */
  #keepsOther = false;

  /** @param ask sends GetSystemDateAndTime without a sign-in */
  constructor(clock: Clock, ask: AskTime) {
    this.#clock = clock;
    this.#ask = ask;
  }

  /** What was measured last; a camera that never told counts as right. */
  get time(): DeviceTime {
    return this.#time ?? { offsetMs: 0, localInUtc: false };
  }

  get isKnown(): boolean {
    return this.#time !== undefined;
  }

  /** Our time moved to the camera's clock. */
  nowMs(offsetMs = this.time.offsetMs): number {
    return this.#clock.nowMs() + offsetMs;
  }

  /** The camera showed one clock and keeps another, now and later. */
  correct(offsetMs: number): void {
    if (offsetMs !== this.time.otherOffsetMs) return;
    this.#keepsOther = !this.#keepsOther;
    this.#time = other(this.time);
  }

  /**
   * Asks again. Undefined when the camera tells no time at all.
   * Rejects when it cannot be reached, does not speak ONVIF, or is too slow.
   */
  async measure(signal?: AbortSignal): Promise<DeviceTime | undefined> {
    const sentMs = this.#clock.monotonicMs();
    const { content, dateMs } = await this.#ask(signal);
    const nowMs = this.#clock.nowMs() - (this.#clock.monotonicMs() - sentMs) / 2;
    const shown = content instanceof OnvifFault ? undefined : readShown(content);
    // Both are whole seconds, rounded down: the middle of that second is the best guess.
    const seen = shown ?? (dateMs === undefined ? undefined : { utcMs: dateMs, ntp: false });
    if (!seen) return this.#time;
    const time = { ...clockOffset(seen, nowMs - 500), ...(shown ? { shown } : {}) };
    this.#time = this.#keepsOther ? other(time) : time;
    return this.#time;
  }
}

/** The other way to understand what the camera shows; the same when there is only one. */
function other(time: DeviceTime): DeviceTime {
  const { offsetMs, otherOffsetMs, localInUtc } = time;
  if (otherOffsetMs === undefined) return time;
  return { ...time, offsetMs: otherOffsetMs, otherOffsetMs: offsetMs, localInUtc: !localInUtc };
}

function readShown(content: XmlElement): SystemTime | undefined {
  try {
    return readSystemTime(content);
  } catch (error) {
    if (error instanceof UnreadableAnswer || error instanceof OnvifFault) return undefined;
    throw error;
  }
}
