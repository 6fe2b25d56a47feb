// Whether what rules ask for is there now, on each camera: on with the first match, off a while after the last, so that a light
// does not flicker with somebody who is missed on single frames.

/** The fact `rule.active` without its type. */
export type Activity = { ruleId: string; cameraId: string; active: boolean; atMs: number };

const lingerMs = 30_000;
/** With pictures far apart, nobody knows sooner: so many times the distance between two. */
const missedFrames = 2.5;
const longestLingerMs = 2.5 * 3_600_000;

type Camera = { lastMs: number; gapMs: number; previousGapMs: number; untilMs: Map<string, number> };

export class Presence {
  readonly #cameras = new Map<string, Camera>();

  /** Every frame, also one that shows nothing. */
  frame(cameraId: string, atMs: number): void {
    const camera = this.#camera(cameraId, atMs);
    if (atMs > camera.lastMs) {
      camera.previousGapMs = camera.gapMs;
      camera.gapMs = atMs - camera.lastMs;
    }
    camera.lastMs = atMs;
  }

  /** What the rule asks for is there. */
  match(ruleId: string, cameraId: string, atMs: number): Activity[] {
    const { untilMs, gapMs, previousGapMs } = this.#camera(cameraId, atMs);
    const isNew = !untilMs.has(ruleId);
    // The smaller of two: after an outage one distance is hours.
    const wanted = Math.max(lingerMs, missedFrames * Math.min(gapMs, previousGapMs));
    untilMs.set(ruleId, atMs + Math.min(longestLingerMs, wanted));
    return isNew ? [{ ruleId, cameraId, active: true, atMs }] : [];
  }

  /** What ends by then; of one camera or of all. */
  expire(atMs: number, cameraId?: string): Activity[] {
    // A moment far ahead was meant by a clock that was set back since.
    return this.#end(
      (_rule, camera, untilMs) =>
        (cameraId === undefined || camera === cameraId) && (untilMs <= atMs || untilMs - atMs > longestLingerMs),
      atMs,
    );
  }

  /** Ends what is no longer wanted. */
  keep(wanted: (ruleId: string, cameraId: string) => boolean): Activity[] {
    return this.#end((ruleId, cameraId) => !wanted(ruleId, cameraId));
  }

  isActive(ruleId: string, cameraId: string): boolean {
    return this.#cameras.get(cameraId)?.untilMs.has(ruleId) ?? false;
  }

  #end(isOver: (ruleId: string, cameraId: string, untilMs: number) => boolean, atMs?: number): Activity[] {
    const ended: Activity[] = [];
    for (const [cameraId, camera] of this.#cameras) {
      for (const [ruleId, untilMs] of camera.untilMs) {
        if (!isOver(ruleId, cameraId, untilMs)) continue;
        camera.untilMs.delete(ruleId);
        ended.push({ ruleId, cameraId, active: false, atMs: atMs ?? camera.lastMs });
      }
    }
    return ended;
  }

  #camera(cameraId: string, atMs: number): Camera {
    const known = this.#cameras.get(cameraId);
    if (known) return known;
    const camera = { lastMs: atMs, gapMs: 0, previousGapMs: 0, untilMs: new Map<string, number>() };
    this.#cameras.set(cameraId, camera);
    return camera;
  }
}
