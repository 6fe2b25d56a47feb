// When the camera itself said that something moved, for stills that are looked at seconds later. Listens to the facts of one
// camera; spans are by this device's clock, as the timestamps of stills are.
import type { Clock } from '../clock.ts';
import type { Fact, Facts } from '../facts.ts';

type Span = { fromMs: number; toMs: number };

export type CameraMotionOptions = {
  cameraId: string;
  clock: Pick<Clock, 'nowMs'>;
  facts: Facts;
  /** Told when motion begins and ends. */
  onMotion?: (active: boolean) => void;
};

/** A camera takes a moment to notice, and its message another to arrive. */
const noticedAfterMs = 2_000;
/** What moved was there for a moment longer. */
const lastsMs = 1_000;
/** Stills are looked at in the order they come: older spans decide nothing any more. */
const maxSpans = 32;

export class CameraMotion implements Disposable {
  readonly #options: CameraMotionOptions;
  readonly #unsubscribe: () => void;
  #spans: Span[] = [];
  #sinceMs: number | undefined;
  #reliable = false;

  constructor(options: CameraMotionOptions) {
    this.#options = options;
    this.#unsubscribe = options.facts.subscribe(fact => this.#take(fact));
  }

  /** Whether something moved around that moment; undefined when the camera does not tell, or no longer. */
  at(atMs: number): boolean | undefined {
    if (!this.#reliable) return undefined;
    if (this.#sinceMs !== undefined && atMs >= this.#sinceMs - noticedAfterMs) return true;
    return this.#spans.some(({ fromMs, toMs }) => atMs >= fromMs - noticedAfterMs && atMs <= toMs + lastsMs);
  }

  [Symbol.dispose](): void {
    this.#unsubscribe();
  }

  #take(fact: Fact): void {
    if (fact.type !== 'camera.motion' && fact.type !== 'camera.events') return;
    if (fact.cameraId !== this.#options.cameraId) return;
    // A lost camera is first told to be still, which says only that nobody knows: the order does not matter.
    if (fact.type === 'camera.events') this.#reliable = fact.state === 'listening';
    else this.#move(fact.active);
    if (!this.#reliable) this.#move(false);
  }

  /** By the moment the message came: the camera's own clock may be anything. */
  #move(active: boolean): void {
    if (active === (this.#sinceMs !== undefined)) return;
    const nowMs = this.#options.clock.nowMs();
    if (this.#sinceMs !== undefined) {
      this.#spans = [...this.#spans, { fromMs: this.#sinceMs, toMs: nowMs }].slice(-maxSpans);
    }
    this.#sinceMs = active ? nowMs : undefined;
    this.#options.onMotion?.(active);
  }
}
