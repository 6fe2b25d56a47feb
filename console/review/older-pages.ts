// A list that is loaded newest first, page by page, backwards in time.
import { type Signal, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Page } from '../link/agent-api.ts';
import { problemOf } from '../link/use-answer.ts';
import { appendPage, type Dated, overlap, PAGE, type Pages } from './paging.ts';

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
