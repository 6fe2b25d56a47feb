// From what a device said of itself, and the address it said it from, to a camera. The sender's address is the only one
// that is believed: whatever is asked later goes there and nowhere else. Pure.
import type { DiscoveredCamera } from '../../shared/discovery.ts';
import { canonical, fitsInUrl, hostInUrl } from './host-in-url.ts';
import { printable } from './printable.ts';
import type { ProbeMatch } from './probe-matches.ts';
import { describeScopes } from './scopes.ts';

const longestUrl = 512;
const mostIgnored = 8;

export type Heard = {
  match: ProbeMatch;
  /** Where the datagram came from. */
  sender: string;
  /** Whether the datagram told of this device only. */
  alone: boolean;
  how: DiscoveredCamera['how'];
};

/** Undefined when the device speaks for others only: a discovery proxy, or somebody who wants others to be asked. */
export function cameraFrom({ match, sender, alone, how }: Heard): DiscoveredCamera | undefined {
  const urls = match.addresses.flatMap(address => serviceUrl(address) ?? []);
  const own = urls.find(({ hostname }) => isSame(hostname, sender));
  const ignored = urls.filter(({ hostname }) => !isSame(hostname, sender)).map(({ origin }) => printable(origin));
  if (!own && !alone) return undefined;
  // Behind NAT and with a wrong network setting cameras name an address that is not theirs; port and path still hold.
  const service = fitsInUrl(sender) ? (own ?? urls[0]) : undefined;
  return {
    id: printable(match.urn) || sender,
    address: sender,
    ...describeScopes(match.scopes),
    ...(service ? { onvifUrl: urlAt(service, sender) } : {}),
    how,
    ...(ignored.length > 0 ? { ignoredAddresses: [...new Set(ignored)].slice(0, mostIgnored) } : {}),
  };
}

function serviceUrl(text: string): URL | undefined {
  if (text.length > longestUrl || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  const isPlain = /^https?:$/.test(url.protocol) && url.username === '' && url.password === '';
  return isPlain ? url : undefined;
}

function urlAt({ protocol, port, pathname, search }: URL, address: string): string {
  return `${protocol}//${hostInUrl(address)}${port === '' ? '' : `:${port}`}${pathname}${search}`;
}

/** `hostname` as URL writes it: IPv6 in brackets and in its shortest form. */
function isSame(hostname: string, address: string): boolean {
  return hostname === hostInUrl(canonical(address));
}
