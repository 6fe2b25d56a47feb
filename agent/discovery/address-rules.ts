// Which addresses may be asked: for a scan only what is private or the device's own network, and never the address at
// which clouds hand out credentials, whoever names it. Pure.
import { BlockList, isIP } from 'node:net';

const never = new BlockList();
// The metadata services of clouds, which answer every program on the machine with its credentials.
for (const address of ['169.254.169.254', '169.254.170.2', '169.254.170.23', '100.100.100.200'])
  never.addAddress(address);
for (const address of ['fd00:ec2::254', 'fd00:ec2::23', '::']) never.addAddress(address, 'ipv6');
never.addSubnet('0.0.0.0', 8);
never.addSubnet('224.0.0.0', 3);
never.addSubnet('ff00::', 8, 'ipv6');

const local = new BlockList();
local.addSubnet('10.0.0.0', 8);
local.addSubnet('172.16.0.0', 12);
local.addSubnet('192.168.0.0', 16);
local.addSubnet('169.254.0.0', 16);

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8);

const nearby = new BlockList();
nearby.addSubnet('10.0.0.0', 8);
nearby.addSubnet('172.16.0.0', 12);
nearby.addSubnet('192.168.0.0', 16);
nearby.addSubnet('169.254.0.0', 16);
nearby.addSubnet('127.0.0.0', 8);
nearby.addAddress('::1', 'ipv6');
nearby.addSubnet('fe80::', 10, 'ipv6');
nearby.addSubnet('fc00::', 7, 'ipv6');

export type ScanRules = {
  /** Networks the device itself is in: `192.0.2.7/24`. */
  ownNetworks: string[];
  loopback: boolean;
};

/** Whether one host, named by the owner, may be asked. */
export function mayAsk(address: string): boolean {
  return isIP(address) !== 0 && !never.check(address, family(address));
}

/** Whether one host may be asked for somebody who is only signed in to the console: in private networks, and here. */
export function isNearby(address: string): boolean {
  const [bare = address] = address.split('%');
  return mayAsk(bare) && nearby.check(bare, family(bare));
}

/** Whether an address may be part of a scan. IPv4 only: no IPv6 network is small enough. */
export function scanRule({ ownNetworks, loopback: withLoopback }: ScanRules): (address: string) => boolean {
  const own = new BlockList();
  for (const network of ownNetworks) {
    const [address = '', prefix = ''] = network.split('/');
    if (isIP(address) === 4) own.addSubnet(address, Number(prefix));
  }
  return address => {
    if (isIP(address) !== 4 || never.check(address)) return false;
    if (loopback.check(address)) return withLoopback;
    return local.check(address) || own.check(address);
  };
}

function family(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 4 ? 'ipv4' : 'ipv6';
}
