// A light that rules switch: on while one is active, off some time after the last was. The latest wins; what was missed
// while the broker was away is not made up for.
// A file says that the light is on because of us. It is written before the light is switched on and goes when the broker has
// taken that it is off, so an agent that was killed in between switches it off after the same time.
import { existsSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Alert } from '../../../shared/alert.ts';
import type { LightSettings } from '../../../shared/destinations/mqtt.ts';
import type { Clock } from '../../clock.ts';
import { makeFolder } from '../../folders.ts';
import type { Session } from './session.ts';

export type LightOptions = {
  settings: LightSettings;
  /** Exists while the light may be on because of us. */
  markFile: string;
  clock: Clock;
  /** Whether a rule that sends to the light is active now. */
  isActive: () => boolean;
  /** Awaited; rejects with why there is none. */
  session: () => Promise<Session>;
};

export class Light {
  readonly #options: LightOptions;
  #wasActive = false;
  /** Monotonic time until which it stays on without an active rule. */
  #onUntilMs: number;
  /** What the broker took last, in this process's life. */
  #told: boolean | undefined;
  #cancelTimer: (() => void) | undefined;
  #publishing: Promise<void> | undefined;

  constructor(options: LightOptions) {
    this.#options = options;
    // From a run before: nobody knows since when no rule has been active, so the time begins now.
    const leftOn = existsSync(options.markFile);
    this.#onUntilMs = leftOn ? this.#afterglow() : Number.NEGATIVE_INFINITY;
    this.#told = leftOn ? true : undefined;
    if (leftOn) this.#wake();
  }

  /** Rules may have become active, or not be any longer. Never rejects. */
  changed(): void {
    this.publish().catch(() => undefined);
  }

  /** A new session: a light whose rule is active is switched on again, for it may have been without power too. */
  begin(): Promise<void> {
    if (this.#wasActive) this.#told = undefined;
    return this.publish();
  }

  /**
   * For alerts that no rule stays active for, such as a test: on as if a rule had been active at that moment.
   * Resolves when the broker has taken what the light is to be now.
   */
  async alerted({ atMs }: Pick<Alert, 'atMs'>): Promise<void> {
    const { clock } = this.#options;
    const agoMs = Math.max(0, clock.nowMs() - atMs);
    this.#onUntilMs = Math.max(this.#onUntilMs, this.#afterglow() - agoMs);
    await this.publish();
  }

  /** @throws AgentError `delivery-*` */
  async publish(): Promise<void> {
    this.#noticeActivity();
    while (this.#publishing) await this.#publishing.catch(() => undefined);
    this.#publishing = this.#publishOnce().finally(() => {
      this.#publishing = undefined;
    });
    await this.#publishing;
  }

  close(): void {
    this.#cancelTimer?.();
  }

  async #publishOnce(): Promise<void> {
    while (this.#hasNews()) {
      const session = await this.#options.session();
      const { settings, markFile } = this.#options;
      // It may have changed while the broker took its time, and may again.
      const isOn = this.#isOn();
      if (isOn) await this.#mark();
      await session.publish({ topic: settings.topic, payload: isOn ? settings.on : settings.off });
      this.#told = isOn;
      if (!isOn) await rm(markFile, { force: true });
    }
  }

  /** What a light is without us is nobody's business here. */
  #hasNews(): boolean {
    const isOn = this.#isOn();
    return this.#told === undefined ? isOn : this.#told !== isOn;
  }

  #noticeActivity(): void {
    const isActive = this.#options.isActive();
    if (this.#wasActive && !isActive) this.#onUntilMs = Math.max(this.#onUntilMs, this.#afterglow());
    this.#wasActive = isActive;
    this.#wake();
  }

  /** Looks again when the time is over. */
  #wake(): void {
    const { clock } = this.#options;
    this.#cancelTimer?.();
    const restMs = this.#onUntilMs - clock.monotonicMs();
    if (restMs > 0) this.#cancelTimer = clock.after(restMs + 1, () => this.changed());
  }

  #isOn(): boolean {
    return this.#wasActive || this.#onUntilMs > this.#options.clock.monotonicMs();
  }

  #afterglow(): number {
    const { clock, settings } = this.#options;
    return clock.monotonicMs() + settings.offAfterSeconds * 1000;
  }

  async #mark(): Promise<void> {
    const { markFile } = this.#options;
    try {
      await makeFolder(dirname(markFile));
      await using file = await open(markFile, 'w', 0o600);
      await file.sync();
    } catch {
      // A full disk keeps no light off; only a kill before it goes off would leave it on.
    }
  }
}
