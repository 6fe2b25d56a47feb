// Paging backwards in time: where the next page begins and how it joins what is there. Pure.
import type { Problem } from '../../shared/camera-status.ts';

/** How many items are asked for at once. */
export const PAGE = 100;

/** What can be paged through. */
export type Dated = { id: string; atMs: number };

/** What is loaded so far. */
export type Pages<T> = {
  /** Newest first; undefined until the first page. */
  items: readonly T[] | undefined;
  loading: boolean;
  problem: Problem | undefined;
  /** Nothing older is left. */
  complete: boolean;
};

/** Just after the oldest item: others of the same millisecond may have been cut off at the end of the page. */
export function overlap(items: readonly Dated[] | undefined): number | undefined {
  const oldest = items?.at(-1);
  return oldest && oldest.atMs + 1;
}

/** Adds an older page. What it repeats is dropped; a page that brings nothing new is the last. */
export function appendPage<T extends Dated>(before: Pages<T>, page: readonly T[]): Pages<T> {
  const known = new Set(before.items?.map(item => item.id));
  const fresh = page.filter(item => !known.has(item.id));
  return {
    items: [...(before.items ?? []), ...fresh],
    loading: false,
    problem: undefined,
    complete: page.length < PAGE || fresh.length === 0,
  };
}
