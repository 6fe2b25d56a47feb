// What the owner can do when cameras are missing, from how the search went. Pure.
import type { DiscoveryAdvice, InterfaceEvent } from '../../shared/discovery.ts';

export type SearchOutcome = {
  asked: { kind: 'network' } | { kind: 'host'; host: string; reached: boolean } | { kind: 'scan'; range: string };
  interfaces: InterfaceEvent[];
  /** Whether the agent runs in a container. */
  container: boolean;
  found: number;
  /** Found ones that were only heard over IPv6. */
  onlyIpv6: string[];
  /** Found ones that named addresses of others. */
  namedOthers: string[];
  /** Addresses whose answers could not be read. */
  unreadable: string[];
  /** Whether there were more answers than are shown. */
  overflowed: boolean;
};

export function advise(outcome: SearchOutcome): DiscoveryAdvice[] {
  return [...(outcome.found === 0 ? whyNothing(outcome) : []), ...whatWasOdd(outcome)];
}

function whyNothing(outcome: SearchOutcome): DiscoveryAdvice[] {
  const { asked } = outcome;
  if (asked.kind === 'host') return [asked.reached ? withoutCamera(asked.host) : silent(asked.host)];
  if (asked.kind === 'scan') return [nothingIn(asked.range)];
  const probed = outcome.interfaces.filter(({ probed }) => probed);
  if (isOwnWorld(outcome)) return [containerNetwork(probed)];
  if (probed.length === 0) return [noNetwork(outcome.interfaces)];
  return [nothingAnswered(probed), onvifOff, otherNetwork, firewall];
}

function whatWasOdd({ interfaces, onlyIpv6, namedOthers, unreadable, overflowed }: SearchOutcome): DiscoveryAdvice[] {
  const failed = interfaces.filter(({ probed, address }) => !probed && address !== '');
  const advice: DiscoveryAdvice[] = [];
  const tell = (when: boolean, code: DiscoveryAdvice['code'], text: string) => when && advice.push({ code, text });
  tell(
    failed.length > 0 && interfaces.some(({ probed }) => probed),
    'probe-failed',
    `Cameras behind ${listed(failed.map(described))} were not asked: ${failed.map(({ name, reason }) => `${name}: ${reason}`).join('; ')}.`,
  );
  tell(
    unreadable.length > 0,
    'answers-unreadable',
    `${listed(unreadable)} answered something that cannot be read. Name it with --host, or add the camera by its RTSP address.`,
  );
  tell(
    overflowed,
    'answers-too-many',
    'More devices answered than are shown. Search for single ones with --host, or look for the device that floods the network with answers.',
  );
  tell(
    namedOthers.length > 0,
    'addresses-ignored',
    `${listed(namedOthers)} named addresses that are not its own, which were not used. Check the camera's network settings when it does not work.`,
  );
  tell(
    onlyIpv6.length > 0,
    'ipv6-only',
    `${listed(onlyIpv6)} answered over IPv6 only, by an address that holds on one cable. Give the camera an IPv4 address in this network.`,
  );
  return advice;
}

/** A container with a network of its own has one interface with a made-up private address, and hears no multicast of others. */
function isOwnWorld({ interfaces, container }: SearchOutcome): boolean {
  const ipv4 = interfaces.filter(({ name, address }) => address.includes('.') && name !== 'lo');
  const [only] = ipv4;
  if (ipv4.length !== 1 || !only) return false;
  // Docker gives 172.17.0.0/16 to its first network: an eth0 there is a container even when nothing else says so.
  if (/^172\.17\./.test(only.address) && only.name === 'eth0') return true;
  return container && /^(10|172\.(1[6-9]|2\d|3[01]))\./.test(only.address);
}

function containerNetwork(probed: InterfaceEvent[]): DiscoveryAdvice {
  return {
    code: 'container-network',
    text: `The agent runs in a container with a network of its own${probed.length > 0 ? ` (${listed(probed.map(described))})` : ''}, which cameras' answers do not reach. Start the container with --network host, or name cameras with --host ADDRESS.`,
  };
}

function noNetwork(interfaces: InterfaceEvent[]): DiscoveryAdvice {
  const reasons = interfaces.map(({ name, reason }) => `${name}: ${reason}`).join('; ');
  return {
    code: 'no-network',
    text: `No network could be searched${reasons === '' ? ': this device has no network address' : ` (${reasons})`}. Connect the cable or the Wi-Fi, and check that the router gives this device an address.`,
  };
}

function nothingAnswered(probed: InterfaceEvent[]): DiscoveryAdvice {
  return {
    code: 'nothing-answered',
    text: `No camera answered on ${listed(probed.map(described))}. Check that the camera is on, and in this network.`,
  };
}

const onvifOff: DiscoveryAdvice = {
  code: 'onvif-off',
  text: 'Many cameras come with ONVIF turned off: turn it on in the web page or the app of the camera. Without it, find the camera with --scan and your network, such as --scan 192.168.1.0/24.',
};
const otherNetwork: DiscoveryAdvice = {
  code: 'other-network',
  text: 'Cameras in another network or VLAN, and behind Wi-Fi that keeps its clients apart, do not hear this search: name one with --host ADDRESS.',
};
const firewall: DiscoveryAdvice = {
  code: 'firewall',
  text: 'A firewall on this device may drop the answers: let UDP from port 3702 of your network in.',
};

function silent(host: string): DiscoveryAdvice {
  return {
    code: 'host-silent',
    text: `Nothing answers at ${host}. Check the address, and that the camera is on and reachable from this device.`,
  };
}

function withoutCamera(host: string): DiscoveryAdvice {
  return {
    code: 'host-without-camera',
    text: `${host} is there, but answers neither ONVIF nor RTSP at the usual ports. Turn ONVIF or RTSP on in the camera, or add it by its RTSP address when its port is another.`,
  };
}

function nothingIn(range: string): DiscoveryAdvice {
  return {
    code: 'nothing-answered',
    text: `No RTSP server and no ONVIF camera answered in ${range}. Check that the cameras are on, that RTSP is turned on in them, and that this is their network.`,
  };
}

function described({ name, address }: InterfaceEvent): string {
  return address === '' ? name : `${name} (${address})`;
}

function listed(words: string[]): string {
  return words.length < 2 ? (words[0] ?? '') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
