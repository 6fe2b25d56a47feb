// The title of the browser's tab.
import { useEffect } from 'preact/hooks';
import { fleet } from '../link/fleet.ts';

/** Names the tab after the page and the site. */
export function usePageTitle(page: string): void {
  const site = fleet.value?.siteName;
  useEffect(() => {
    document.title = site === undefined ? page : `${page} · ${site}`;
  }, [page, site]);
}
