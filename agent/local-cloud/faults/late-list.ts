// ListFragments that lags behind the store, as an eventually consistent index does.
import type { Clock } from '../../clock.ts';
import type { MediaStore, StoredFragment } from '../store/media-store.ts';
import type { Faults } from './faults.ts';

/** The store as ListFragments sees it. */
export function lateList(
  store: MediaStore,
  faults: Faults,
  clock: Clock,
): Pick<MediaStore, 'findStream' | 'fragments'> {
  return {
    findStream: name => store.findStream(name),
    fragments(query) {
      const found = store.fragments(query);
      const fault = faults.find('list-late');
      if (!fault) return found;
      const shown = found.filter(fragment => completeMs(fragment) <= clock.nowMs() - fault.lateMs);
      if (shown.length < found.length) faults.meet(fault);
      return shown;
    },
  };
}

function completeMs({ serverMs, lengthMs }: StoredFragment): number {
  return serverMs + lengthMs;
}
