// Which fragments leave when the spool is over its cap. Pure: the spool carries the decision out.
import type { FragmentRecord } from './fragment-record.ts';

/** What the service has goes first; what exists nowhere else goes late; what is perhaps just arriving there goes last. */
function rank({ state, sendBegun }: FragmentRecord): number {
  if (state === 'persisted') return 0;
  if (state === 'rejected') return 1;
  return sendBegun ? 3 : 2;
}

export type EvictionQuestion = {
  candidates: readonly FragmentRecord[];
  excessBytes: number;
  /** What each camera holds on disk. Left out: what the candidates hold. */
  heldBytes?: ReadonlyMap<string, number>;
};

/**
 * The fewest fragments, in the order they leave, that free at least `excessBytes`: persisted ones, then refused ones, then
 * those that still wait, those being sent last. Among equals it takes from the camera that holds most at that moment — all
 * have the same fair share — and there the oldest. All candidates when they do not suffice.
 */
export function chooseEvictions({ candidates, excessBytes, heldBytes }: EvictionQuestion): FragmentRecord[] {
  const held = new Map(heldBytes ?? sumByCamera(candidates));
  const chosen: FragmentRecord[] = [];
  let leftBytes = excessBytes;
  const byRank = Map.groupBy(candidates, rank);
  for (const peers of [0, 1, 2, 3].map(each => byRank.get(each) ?? [])) {
    const queues = Map.groupBy(
      peers.toSorted((a, b) => a.startMs - b.startMs),
      ({ cameraId }) => cameraId,
    );
    while (leftBytes > 0) {
      const fragment = fullest(queues, held)?.shift();
      if (!fragment) break;
      chosen.push(fragment);
      leftBytes -= fragment.bytes;
      held.set(fragment.cameraId, (held.get(fragment.cameraId) ?? 0) - fragment.bytes);
    }
  }
  return chosen;
}

/** The queue of the camera that holds most; the oldest fragment decides between equals. Undefined when all are empty. */
function fullest(
  queues: ReadonlyMap<string, FragmentRecord[]>,
  held: ReadonlyMap<string, number>,
): FragmentRecord[] | undefined {
  const bytesOf = ([first]: FragmentRecord[]) => (first && held.get(first.cameraId)) ?? 0;
  const startOf = ([first]: FragmentRecord[]) => first?.startMs ?? 0;
  const filled = [...queues.values()].filter(queue => queue.length > 0);
  return filled.sort((a, b) => bytesOf(b) - bytesOf(a) || startOf(a) - startOf(b))[0];
}

function sumByCamera(fragments: readonly FragmentRecord[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const { cameraId, bytes } of fragments) sums.set(cameraId, (sums.get(cameraId) ?? 0) + bytes);
  return sums;
}
