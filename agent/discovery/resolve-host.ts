// The addresses behind a host's name, within a deadline: the system's own look-up may take half a minute.
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Clock } from '../clock.ts';
import { canonical } from './host-in-url.ts';

const timeoutMs = 3_000;

/** In the system's order; none when the name is not known in time. Never rejects. */
export async function resolveHost(host: string, clock: Clock): Promise<string[]> {
  if (isIP(host)) return [canonical(host)];
  const late = Promise.withResolvers<string[]>();
  const cancel = clock.after(timeoutMs, () => late.resolve([]));
  const found = lookup(host, { all: true }).then(
    all => all.map(({ address }) => address),
    () => [],
  );
  return Promise.race([found, late.promise]).finally(cancel);
}
