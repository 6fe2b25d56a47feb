// GET /admin/storage: how full the server is, and what had to leave before its time. Signed like every other call.
import type { Route } from './route.ts';
import { json } from './route.ts';
import type { Store } from './store/store.ts';

export function storageRoute(store: Pick<Store, 'storage'>): Route {
  return { method: 'GET', path: '/admin/storage', signed: true, handle: async () => json(await store.storage()) };
}
