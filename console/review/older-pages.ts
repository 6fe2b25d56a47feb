// A list that is loaded newest first, page by page, backwards in time.
import { type Signal, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Problem } from '../../shared/camera-status.ts';
import type { Page } from '../link/agent-api.ts';
import { problemOf } from '../link/use-answer.ts';

const PAGE = 100;

type Dated = { id: string; atMs: number };

export type Pages<T> = {
  /** Newest first; undefined until the first page. */
  items: readonly T[] | undefined;
  loading: boolean;
  problem: Problem | undefined;
  /** Nothing older is left. */
  complete: boolean;
};

/** Loads the first page at once and older ones on `more()`. */
export function useOlderPages<T extends Dated>(
  load: (page: Page) => Promise<T[]>,
): { pages: Signal<Pages<T>>; more: () => void } {
  const pages = useSignal<Pages<T>>({ items: undefined, loading: false, problem: undefined, complete: false });
  const more = async () => {
    const before = pages.peek();
    if (before.loading) return;
    pages.value = { ...before, loading: true };
    try {
      pages.value = appendPage(before, await load({ limit: PAGE, beforeMs: overlap(before.items) }));
    } catch (error) {
      pages.value = { ...before, problem: problemOf(error) };
    }
  };
  useEffect(() => void more(), []);
  return { pages, more };
}

/** Just after the oldest item: others of the same millisecond may have been cut off at the end of the page. */
function overlap(items: readonly Dated[] | undefined): number | undefined {
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
