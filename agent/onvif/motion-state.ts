// Whether there is motion, out of the events a camera sends: many tell the same by two topics, and some have several lenses.
import type { OnvifEvent } from './answers/event-answers.ts';

export class MotionState {
  readonly #active = new Set<string>();
  #told: boolean | undefined;

  /** @returns whether there is motion, when that is news or was not known before; otherwise undefined */
  take(event: OnvifEvent): boolean | undefined {
    if (event.type !== 'motion') return undefined;
    const origin = JSON.stringify([event.topic, event.source]);
    if (event.active) this.#active.add(origin);
    else this.#active.delete(origin);
    return this.#tell(this.#active.size > 0);
  }

  /** Nobody tells any more: what was active may have ended since. @returns as `take` */
  lose(): boolean | undefined {
    this.#active.clear();
    return this.#told === undefined ? undefined : this.#tell(false);
  }

  #tell(active: boolean): boolean | undefined {
    if (active === this.#told) return undefined;
    this.#told = active;
    return active;
  }
}
