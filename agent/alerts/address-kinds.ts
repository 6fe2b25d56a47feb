// What an IP address leads to: the internet, or something that only those inside a network should reach. Pure.
// IPv6 is public only within 2000::/3; addresses that carry an IPv4 address are what that one is.
import { BlockList, isIPv4 } from 'node:net';

/** `device`: this device itself. `metadata`: a cloud's service that hands out a machine's credentials. */
export type AddressKind = 'public' | 'device' | 'private' | 'link-local' | 'metadata' | 'reserved';

/** Azure's is a public address, Alibaba's lies among those shared by a provider's customers. The first that fits counts. */
const ranges: readonly [Exclude<AddressKind, 'public'>, readonly string[]][] = [
  ['metadata', ['169.254.169.254/32', '169.254.170.0/24', '100.100.100.200/32', '168.63.129.16/32', '192.0.0.192/32']],
  ['metadata', ['fd00:ec2::/32', 'fd20:ce::254/128']],
  ['device', ['127.0.0.0/8', '0.0.0.0/8', '::1/128', '::/128']],
  ['private', ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7', 'fec0::/10']],
  ['link-local', ['169.254.0.0/16', 'fe80::/10']],
  [
    'reserved',
    ['192.0.0.0/24', '192.0.2.0/24', '192.88.99.0/24', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24'],
  ],
  ['reserved', ['224.0.0.0/4', '240.0.0.0/4', '2001::/23', '2001:db8::/32', '3fff::/20']],
];
const lists = ranges.map(([kind, subnets]) => ({ kind, list: blockList(subnets) }));
const globalUnicast = blockList(['2000::/3']);

/** `address` as sockets and `new URL` write it, a zone at its end is passed over. */
export function kindOf(address: string): AddressKind {
  const plain = plainAddress(address);
  const found = lists.find(({ list }) => isIn(list, plain))?.kind;
  return found ?? (isIPv4(plain) || isIn(globalUnicast, plain) ? 'public' : 'reserved');
}

/** The IPv4 address that an IPv6 one carries: mapped (::ffff:), NAT64 (64:ff9b::) and 6to4 (2002:). Otherwise as it is. */
export function plainAddress(address: string): string {
  const [withoutZone = ''] = address.split('%');
  if (isIPv4(withoutZone)) return withoutZone;
  const groups = groupsOf(withoutZone);
  const start = groups.slice(0, 6).join();
  if (start === '0,0,0,0,0,65535' || start === '100,65435,0,0,0,0') return dotted(groups[6], groups[7]);
  return groups[0] === 0x2002 ? dotted(groups[1], groups[2]) : withoutZone;
}

/** Of addresses and ranges, `10.0.0.0/8`. Throws what `BlockList` throws for anything else. */
export function blockList(entries: readonly string[]): BlockList {
  const list = new BlockList();
  for (const entry of entries) {
    const [address = '', bits] = entry.split('/');
    const plain = bits === undefined ? plainAddress(address) : address;
    if (bits === undefined) list.addAddress(plain, familyOf(plain));
    else list.addSubnet(plain, Number(bits), familyOf(plain));
  }
  return list;
}

export function isIn(list: BlockList, address: string): boolean {
  return list.check(address, familyOf(address));
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv4(address) ? 'ipv4' : 'ipv6';
}

/** The eight numbers of an IPv6 address. */
function groupsOf(address: string): number[] {
  const hex = address.replace(/\d+\.\d+\.\d+\.\d+$/, quad => {
    const [a = 0, b = 0, c = 0, d = 0] = quad.split('.').map(Number);
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  });
  const [before = '', after] = hex.split('::');
  const numbers = (part: string) => (part === '' ? [] : part.split(':').map(group => Number.parseInt(group, 16)));
  const [head, tail] = [numbers(before), numbers(after ?? '')];
  return [...head, ...Array(Math.max(0, 8 - head.length - tail.length)).fill(0), ...tail];
}

function dotted(high = 0, low = 0): string {
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}
