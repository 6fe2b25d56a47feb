// The bookkeeping of a scenario: which pictures the camera gave, which the cloud holds, which loss was recorded.
import { systemClock } from '../../agent/clock.ts';
import type { FootageSpan } from '../../shared/api.ts';
import type { StoredPicture } from '../demo/stored-video.ts';

/** One camera's pictures; a picture is known by its number. */
export class Ledger {
  readonly #sent = new Map<number, number | undefined>();
  /** True wall time at which each was given. */
  readonly #gaveAtMs = new Map<number, number>();

  /** The camera gave it. */
  gave(ordinal: number): void {
    if (this.#sent.has(ordinal)) return;
    this.#sent.set(ordinal, undefined);
    this.#gaveAtMs.set(ordinal, systemClock.nowMs());
  }

  /** The fragmenter put it into a fragment, with this producer timestamp. */
  stamped(ordinal: number, timecodeMs: number): void {
    this.#sent.set(ordinal, timecodeMs);
  }

  /** Numbers of the pictures stamped from `fromMs` to before `toMs`. */
  between(fromMs: number, toMs: number): number[] {
    return [...this.#sent].flatMap(([ordinal, ms]) => (ms !== undefined && ms >= fromMs && ms < toMs ? [ordinal] : []));
  }

  /** For a camera that starts again: its pictures must not be taken for those before. */
  get nextOrdinal(): number {
    return Math.max(-1, ...this.#sent.keys()) + 1;
  }

  /** How far the worst stamp in the cloud is from the time at which the camera gave the picture. */
  worstStampErrorMs(fragments: readonly (readonly StoredPicture[])[]): number {
    const errorsMs = fragments.flat().map(({ ordinal, timecodeMs }) => {
      return Math.abs(timecodeMs - (this.#gaveAtMs.get(ordinal) ?? Number.NaN));
    });
    return Math.max(0, ...errorsMs);
  }

  /** @param fragments what the cloud holds, one list a fragment, in the order in which they arrived there */
  balance(fragments: readonly (readonly StoredPicture[])[], spans: readonly FootageSpan[]): Balance {
    const held = new Map<number, number>();
    for (const { ordinal } of fragments.flat()) held.set(ordinal, (held.get(ordinal) ?? 0) + 1);
    const missing = [...this.#sent].filter(([ordinal]) => !held.has(ordinal));
    const recorded = missing.filter(([, timecodeMs]) => timecodeMs !== undefined && isRecorded(timecodeMs, spans));
    const starts = fragments.map(pictures => pictures[0]?.timecodeMs ?? 0);
    return {
      pictures: this.#sent.size,
      lost: missing.length - recorded.length,
      dropped: recorded.length,
      twice: [...held.values()].filter(times => times > 1).length,
      inOrder: starts.every((startMs, index) => index === 0 || startMs > (starts[index - 1] ?? 0)),
    };
  }
}

export type Balance = {
  pictures: number;
  /** Neither in the cloud nor recorded as dropped. */
  lost: number;
  /** Not in the cloud, and the footage says so with a reason. */
  dropped: number;
  twice: number;
  /** The cloud got fragments in the order of their time. */
  inOrder: boolean;
};

function isRecorded(timecodeMs: number, spans: readonly FootageSpan[]): boolean {
  return spans.some(
    ({ startMs, endMs, at, reason }) =>
      at === 'lost' && reason !== undefined && timecodeMs >= startMs && timecodeMs <= endMs,
  );
}
