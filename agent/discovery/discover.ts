// A search for cameras: in the networks of this device, at one host, or through a subnet its owner agreed to have
// scanned. In: where, and the cameras that are known. Out: events as things happen. Nothing is signed in to, and nothing is
// sent to an address that a device only named.
import { isIP } from 'node:net';
import type { DiscoveredCamera, DiscoveryEvent, InterfaceEvent } from '../../shared/discovery.ts';
import type { Clock } from '../clock.ts';
import { AgentError } from '../errors.ts';
import { mayAsk } from './address-rules.ts';
import { advise, type SearchOutcome } from './advice.ts';
import { alreadyAdded, type KnownCamera, knownHosts } from './already-added.ts';
import { AnswerInbox } from './answer-inbox.ts';
import { cameraFrom } from './camera-from-match.ts';
import { FoundCameras } from './found-cameras.ts';
import { inParallel } from './in-parallel.ts';
import { cardsWithoutAddress, isContainer, localAddresses } from './local-addresses.ts';
import { probeInterfaces } from './probe-interfaces.ts';
import { resolveHost } from './resolve-host.ts';
import { refused, scanAddresses } from './scan-range.ts';
import { searchHost, searchScanned } from './search-host.ts';

export type SearchPlace =
  /** Every network this device is in. */
  | { kind: 'network' }
  /** A name or an address. */
  | { kind: 'host'; host: string }
  /** `consent`: the owner asked for this very scan. */
  | { kind: 'scan'; range: string; consent: boolean };

export type DiscoverOptions = {
  place?: SearchPlace;
  /** Of the settings, to tell which are already there. */
  cameras?: readonly KnownCamera[];
  /** How long answers of the network are waited for. Default 4 s. A host takes 3 s, a scan as long as it takes. */
  durationMs?: number;
  /** Also search in this device itself. */
  loopback?: boolean;
  clock: Clock;
  signal: AbortSignal;
};

/** With five ports each, some sixty connections. */
const scannedAtOnce = 12;

type Search = Required<DiscoverOptions> & { asked: SearchOutcome['asked']; unreadable: string[] };
type Happening = InterfaceEvent | DiscoveredCamera;

/**
 * Interfaces, each camera once, and `done` at the end. Rejects with the signal's reason when it is aborted, with
 * `scan-refused` when the range or the host may not be asked, and with `camera-host-unknown`. Ends its sockets when the iteration ends, however it does.
 */
export async function* discover(options: DiscoverOptions): AsyncGenerator<DiscoveryEvent, void, undefined> {
  const search = begin(options);
  // Meanwhile: names that nobody answers for take some seconds.
  const resolving = knownHosts(search.cameras, search.clock);
  const found = new FoundCameras();
  const interfaces: InterfaceEvent[] = [];
  const cameras: DiscoveredCamera[] = [];
  const show = async (camera: DiscoveredCamera): Promise<DiscoveryEvent> => {
    cameras.push(camera);
    const id = alreadyAdded(camera.address, await resolving);
    return { type: 'found', camera: { ...camera, ...(id === undefined ? {} : { alreadyAdded: id }) } };
  };
  for await (const happening of happenings(search)) {
    if ('type' in happening) {
      interfaces.push(happening);
      yield happening;
    } else if (found.add(happening)) yield await show(happening);
  }
  for (const camera of found.onlyIpv6()) yield await show(camera);
  yield { type: 'done', advice: advise(outcomeOf(search, { interfaces, cameras, overflowed: found.overflowed })) };
}

function begin(options: DiscoverOptions): Search {
  const { place = { kind: 'network' } } = options;
  return {
    ...{ place, cameras: [], durationMs: 4_000, loopback: false, ...options, unreadable: [] },
    asked: place.kind === 'host' ? { ...place, reached: false } : place,
  };
}

function happenings(search: Search): AsyncGenerator<Happening, void, undefined> {
  const { place } = search;
  if (place.kind === 'host') return atHost(search, place.host);
  if (place.kind === 'scan') return inSubnet(search, agreedAddresses(search, place));
  return inNetworks(search);
}

async function* inNetworks(search: Search): AsyncGenerator<Happening, void, undefined> {
  const addresses = localAddresses().filter(({ loopback }) => !loopback || search.loopback);
  for (const name of cardsWithoutAddress())
    yield { type: 'interface', name, address: '', probed: false, reason: 'it has no address' };
  const inbox = new AnswerInbox();
  for await (const event of probeInterfaces({ ...search, addresses, inbox })) {
    const happening = 'type' in event ? event : cameraFrom({ ...event, how: 'ws-discovery' });
    if (happening) yield happening;
  }
  search.unreadable.push(...inbox.unreadable);
}

async function* atHost(search: Search, name: string): AsyncGenerator<Happening, void, undefined> {
  const host = name.replace(/^\[|\]$/g, '');
  const addresses = await resolveHost(host, search.clock);
  const address = addresses.find(each => isIP(each) === 4) ?? addresses[0];
  if (address === undefined) throw hostUnknown(host);
  if (!mayAsk(address)) throw refused(`${host} is not an address that a camera can have. Name the camera's own.`);
  const { cameras, reached, unreadable } = await searchHost({ ...search, address });
  search.asked = { kind: 'host', host, reached };
  if (unreadable) search.unreadable.push(address);
  yield* cameras;
}

async function* inSubnet(search: Search, addresses: string[]): AsyncGenerator<Happening, void, undefined> {
  const work = async (address: string, signal: AbortSignal) => ({
    ...(await searchScanned({ ...search, address, signal })),
    address,
  });
  const searches = inParallel({ items: addresses, atOnce: scannedAtOnce, work, signal: search.signal });
  for await (const { cameras, unreadable, address } of searches) {
    if (unreadable) search.unreadable.push(address);
    yield* cameras;
  }
}

function agreedAddresses({ loopback }: Search, { range, consent }: SearchPlace & { kind: 'scan' }): string[] {
  if (!consent) throw refused('A scan connects to every address of a network: it starts only when its owner agrees.');
  return scanAddresses(range, { ownNetworks: localAddresses().map(({ cidr }) => cidr), loopback });
}

function outcomeOf(
  { asked, unreadable }: Search,
  seen: { interfaces: InterfaceEvent[]; cameras: DiscoveredCamera[]; overflowed: boolean },
): SearchOutcome {
  const { interfaces, cameras, overflowed } = seen;
  const addressesOf = (of: DiscoveredCamera[]) => [...new Set(of.map(({ address }) => address))];
  const recognized = new Set(addressesOf(cameras));
  return {
    ...{ asked, interfaces, overflowed, container: isContainer(), found: cameras.length },
    onlyIpv6: addressesOf(cameras.filter(({ address }) => address.includes('%'))),
    namedOthers: addressesOf(cameras.filter(({ ignoredAddresses }) => ignoredAddresses)),
    unreadable: unreadable.filter(address => !recognized.has(address)),
  };
}

function hostUnknown(host: string): AgentError {
  return new AgentError({
    code: 'camera-host-unknown',
    kind: 'unavailable',
    retry: 'later',
    message: `No device is known under the name of ${host}. Use the camera's IP address.`,
  });
}
