// The addresses of a scan, from what its owner typed (192.168.1.0/24). Checked before anything is sent. Pure.
import { isIP } from 'node:net';
import { AgentError } from '../errors.ts';
import { type ScanRules, scanRule } from './address-rules.ts';

/** A /22: what a home or a small site has, and what a scan can look through within a minute. */
const smallestPrefix = 22;

/**
 * Every host address of the range, in order; of a network not its own and its broadcast address.
 * Throws AgentError `scan-refused`, whose sentence says what would be allowed.
 */
export function scanAddresses(range: string, rules: ScanRules): string[] {
  const { first, count } = parse(range);
  const addresses = Array.from({ length: count }, (_, index) => dotted(first + index));
  // A network's own address and its broadcast address are nobody's; a /31 and a /32 have none.
  const hosts = count > 2 ? addresses.slice(1, -1) : addresses;
  const mayScan = scanRule(rules);
  const forbidden = hosts.find(address => !mayScan(address));
  if (forbidden === undefined) return hosts;
  throw refused(
    `${range} is not scanned: ${forbidden} is neither a private address nor in a network of this device. Name your own network, such as 192.168.1.0/24.`,
  );
}

export function refused(message: string): AgentError {
  return new AgentError({ code: 'scan-refused', kind: 'invalid', retry: 'never', message });
}

function parse(range: string): { first: number; count: number } {
  const [, address = '', prefixText = '32'] = /^([\d.]+)(?:\/(\d{1,2}))?$/.exec(range) ?? [];
  const prefix = Number(prefixText);
  if (isIP(address) !== 4 || prefix > 32)
    throw refused(`${range} is not a range of IPv4 addresses. Write it like 192.168.1.0/24.`);
  if (prefix < smallestPrefix)
    throw refused(
      `${range} has more than 1,024 addresses, which is too many at once. Scan it in parts of /${smallestPrefix} or smaller.`,
    );
  const count = 2 ** (32 - prefix);
  const number = address.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
  return { first: number - (number % count), count };
}

function dotted(number: number): string {
  return [24, 16, 8, 0].map(shift => Math.floor(number / 2 ** shift) % 256).join('.');
}
