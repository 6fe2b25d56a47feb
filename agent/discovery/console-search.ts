// Searches that are asked for over the network: of the device's own networks, of a scan its owner agreed to, and of single
// hosts only near by. A name is resolved once, and the address that was found good is the one that is asked.
import type { DiscoveryEvent, DiscoveryRequest } from '../../shared/discovery.ts';
import type { Clock } from '../clock.ts';
import { isNearby } from './address-rules.ts';
import type { KnownCamera } from './already-added.ts';
import { discover, type SearchPlace } from './discover.ts';
import { resolveHost } from './resolve-host.ts';
import { refused } from './scan-range.ts';

export type ConsoleSearchOptions = {
  /** Of the settings, as they are now. */
  cameras: readonly KnownCamera[];
  clock: Clock;
  signal: AbortSignal;
};

/** As discover(); before the first event also `scan-refused` for a host that is not near by. */
export async function* searchForConsole(
  asked: DiscoveryRequest,
  options: ConsoleSearchOptions,
): AsyncGenerator<DiscoveryEvent, void, undefined> {
  yield* discover({ ...options, place: await placeOf(asked, options.clock) });
}

async function placeOf({ host, scan, consent = false }: DiscoveryRequest, clock: Clock): Promise<SearchPlace> {
  if (scan !== undefined) return { kind: 'scan', range: scan, consent };
  if (host === undefined) return { kind: 'network' };
  const addresses = await resolveHost(host.replace(/^\[|\]$/g, ''), clock);
  if (!addresses.every(isNearby))
    throw refused(
      'From the console only hosts in private networks are searched. Use kvs-edge discover --host on the device.',
    );
  // Nobody is known by a name without an address, which the search says.
  return { kind: 'host', host: addresses.find(address => address.includes('.')) ?? addresses[0] ?? host };
}
