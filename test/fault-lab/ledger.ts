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
    const { seen, superseded, repeated } = asRead(fragments);
    const held = new Map<number, number>();
    for (const { ordinal } of seen.flat()) held.set(ordinal, (held.get(ordinal) ?? 0) + 1);
    const twice = [...held.values()].filter(times => times > 1).length + repeated.flat().length;
    const missing = [...this.#sent].filter(([ordinal]) => !held.has(ordinal));
    const recorded = missing.filter(([, timecodeMs]) => timecodeMs !== undefined && isRecorded(timecodeMs, spans));
    const starts = seen.map(pictures => pictures[0]?.timecodeMs ?? 0);
    return {
      pictures: this.#sent.size,
      lost: missing.length - recorded.length,
      dropped: recorded.length,
      twice,
      superseded: superseded.length,
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
  /** More than once among what a reader is given, or stored whole again. */
  twice: number;
  /** Parts of fragments, of which the whole one came later: of one start the service gives a reader the newest. */
  superseded: number;
  /** The cloud got fragments in the order of their time. */
  inOrder: boolean;
};

type Fragments = readonly (readonly StoredPicture[])[];

/**
 * What a reader is given (`seen`): of fragments with one producer timestamp the newest. An older one is `superseded` when it
 * is a part; one that was as long was sent again for nothing, which no reader sees and which must not be all the same.
 */
function asRead(fragments: Fragments): { seen: Fragments; superseded: Fragments; repeated: Fragments } {
  const newest = new Map(fragments.map(pictures => [pictures[0]?.timecodeMs, pictures]));
  const newestOf = (pictures: readonly StoredPicture[]) => newest.get(pictures[0]?.timecodeMs) ?? pictures;
  const older = fragments.filter(pictures => newestOf(pictures) !== pictures);
  return {
    seen: fragments.filter(pictures => newestOf(pictures) === pictures),
    superseded: older.filter(pictures => pictures.length < newestOf(pictures).length),
    repeated: older.filter(pictures => pictures.length >= newestOf(pictures).length),
  };
}

function isRecorded(timecodeMs: number, spans: readonly FootageSpan[]): boolean {
  return spans.some(
    ({ startMs, endMs, at, reason }) =>
      at === 'lost' && reason !== undefined && timecodeMs >= startMs && timecodeMs <= endMs,
  );
}
