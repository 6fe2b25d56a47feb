// Why an interface could not be probed: from the system's error to the rest of a sentence. Pure.
import { systemCode } from '../errors.ts';

const reasons: Record<string, string> = {
  EPERM: 'a firewall on this device forbids it to send to the network',
  EACCES: 'a firewall on this device forbids it to send to the network',
  ENETUNREACH: 'it has no way to send to its network',
  EHOSTUNREACH: 'it has no way to send to its network',
  ENETDOWN: 'it is down',
  EADDRNOTAVAIL: 'its address is not usable yet, or no more',
  ENODEV: 'it is gone',
  ENXIO: 'it is gone',
  EAFNOSUPPORT: 'this device does not speak IPv6',
};

export function probeProblem(error: unknown): string {
  const code = systemCode(error) ?? 'unknown error';
  return reasons[code] ?? `the system refuses (${code})`;
}
