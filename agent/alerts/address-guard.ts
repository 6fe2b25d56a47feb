// Keeps requests whose address somebody may choose away from this device, its network and a cloud's metadata service, unless
// the settings allow it. The addresses that are checked are those the socket connects to: there is no second look-up
// between check and connection in which a name could come to mean another address (DNS rebinding).
import { lookup as systemLookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { AgentError } from '../errors.ts';
import { type AddressKind, blockList, isIn, kindOf, plainAddress } from './address-kinds.ts';

const what: Record<Exclude<AddressKind, 'public'>, string> = {
  device: 'this device itself',
  private: 'a private network',
  'link-local': 'a network without addresses of its own (link-local)',
  metadata: 'a service that hands out this machine’s cloud credentials',
  reserved: 'no host of the internet (reserved or multicast)',
};

export type AddressGuardOptions = {
  /** Addresses, ranges such as `10.0.0.0/8`, and host names. See `isAllowed`. */
  allow: readonly string[];
  /** Names what connects, for people: `webhook https://example.com/hook`. */
  destination: string;
  /** Default: the system's own. */
  resolve?: LookupFunction | undefined;
};

export class AddressGuard {
  readonly #options: AddressGuardOptions;
  readonly #addresses;
  readonly #ranges;
  readonly #names: ReadonlySet<string>;

  constructor(options: AddressGuardOptions) {
    const isRange = (entry: string) => entry.includes('/');
    const { allow } = options;
    this.#options = options;
    this.#ranges = blockList(allow.filter(isRange));
    this.#addresses = blockList(allow.filter(entry => isIP(entry) !== 0));
    this.#names = new Set(allow.filter(entry => !isRange(entry) && isIP(entry) === 0).map(nameOf));
  }

  /**
   * For `net.connect` and everything above it. Fails with `delivery-forbidden` when one of the name's addresses is not
   * allowed: a name of both inside and outside is no mistake of the network.
   */
  readonly lookup: LookupFunction = (hostname, options, callback) => {
    const resolve = this.#options.resolve ?? systemLookup;
    resolve(hostname, { ...options, all: true }, (error, answer) => {
      if (error) return callback(error, []);
      const addresses = typeof answer === 'string' ? [{ address: answer, family: isIP(answer) }] : answer;
      const [first] = addresses;
      const problem = addresses.map(({ address }) => this.#problemOf(address, hostname)).find(found => found);
      if (problem) return callback(problem, []);
      if (!first) return callback(Object.assign(new Error('No address'), { code: 'ENOTFOUND' }), []);
      if (options.all) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };

  /** Sockets look no address up that stands in the URL itself: it has to be asked for here, before they connect. */
  refusalOf(url: URL): AgentError | undefined {
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
    return isIP(host) === 0 ? undefined : this.#problemOf(host, host);
  }

  #problemOf(address: string, hostname: string): AgentError | undefined {
    const kind = kindOf(address);
    if (kind === 'public' || this.#isAllowed(plainAddress(address), kind, nameOf(hostname))) return undefined;
    const { destination } = this.#options;
    const leadsTo = isIP(hostname) === 0 ? `leads to ${address} (${hostname}):` : 'leads to';
    return new AgentError({
      code: 'delivery-forbidden',
      kind: 'denied',
      // Not `never`: a name server that is wrong for an hour, as those of captive portals are, must not cost the alerts
      // of that hour; and when the settings allow the address, what waited goes out.
      retry: 'later',
      message: `The ${destination} ${leadsTo} ${what[kind]}, where nothing is sent unless you allow it. If that is where it should go, add this line beside its url in the settings: allow: ['${plainAddress(address)}']`,
    });
  }

  /**
   * An address allows itself. A range allows what is in it, but no metadata service: those only by their own address. A name
   * allows what a name on a local network means; what leads to the device itself only when it is `localhost`.
   */
  #isAllowed(address: string, kind: AddressKind, name: string): boolean {
    if (isIn(this.#addresses, address)) return true;
    if (kind === 'metadata') return false;
    if (isIn(this.#ranges, address)) return true;
    if (!this.#names.has(name)) return false;
    return kind === 'private' || kind === 'link-local' || (kind === 'device' && /(^|\.)localhost$/.test(name));
  }
}

function nameOf(host: string): string {
  return host.toLowerCase().replace(/\.$/, '');
}
