// The addresses of this device, from which cameras can be asked, and the sockets for cables that have none.
import { existsSync, readdirSync } from 'node:fs';
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';

export type LocalAddress = {
  /** Of the interface. */
  name: string;
  /** IPv4; or IPv6 link-local with `%interface`, as sockets want it. */
  address: string;
  family: 4 | 6;
  /** `192.0.2.7/24`. */
  cidr: string;
  loopback: boolean;
};

type Interfaces = NodeJS.Dict<NetworkInterfaceInfo[]>;

/** All IPv4 addresses, and of each interface one link-local IPv6 address. */
export function localAddresses(interfaces: Interfaces = networkInterfaces()): LocalAddress[] {
  return Object.entries(interfaces).flatMap(([name, infos = []]) => {
    const local = ({ address, family, cidr, internal }: NetworkInterfaceInfo): LocalAddress => ({
      ...{ name, cidr: cidr ?? '', loopback: internal },
      ...(family === 'IPv6' ? { address: `${address}%${name}`, family: 6 } : { address, family: 4 }),
    });
    const linkLocal = infos.find(({ family, address }) => family === 'IPv6' && /^fe[89ab]/i.test(address));
    return [...infos.filter(({ family }) => family === 'IPv4'), ...(linkLocal ? [linkLocal] : [])].map(local);
  });
}

/** Network cards that are there and have no address at all: no cable, or nobody who gives addresses. */
export function cardsWithoutAddress(interfaces: Interfaces = networkInterfaces()): string[] {
  const root = '/sys/class/net';
  try {
    return readdirSync(root).filter(name => !interfaces[name] && existsSync(`${root}/${name}/device`));
  } catch {
    return [];
  }
}

/** Whether this is a container, by the marks that Docker, Podman and Kubernetes leave. */
export function isContainer(): boolean {
  const marks = ['/.dockerenv', '/run/.containerenv', '/var/run/secrets/kubernetes.io'];
  return marks.some(mark => existsSync(mark));
}
