// A search for cameras in words: where it looked, and what to do when cameras are missing. The agent's advice names options
// of the command line; here it names what is on the page.
import type { DiscoveryAdvice, InterfaceEvent } from '../../shared/discovery.ts';
import { countWords } from './ages.ts';

const ADVICE: Partial<Record<DiscoveryAdvice['code'], string>> = {
  'onvif-off':
    'Many cameras come with ONVIF turned off: turn it on in the web page or the app of the camera. Without it, use “Scan a network”.',
  'other-network':
    'Cameras in another network or VLAN, and behind Wi-Fi that keeps its clients apart, do not hear this search: add them by their address.',
  'container-network':
    'The agent runs in a container with a network of its own, which cameras’ answers do not reach. Start the container with --network host, or add cameras by their address.',
  'answers-unreadable':
    'Some devices answered something that cannot be read. If one is your camera, add it by its address or its rtsp:// address.',
  'answers-too-many':
    'More devices answered than are shown. Search for single ones by their address, or look for the device that floods the network with answers.',
};

export function adviceWords({ code, text }: DiscoveryAdvice): string {
  return ADVICE[code] ?? text;
}

/** `eth0 (10.0.0.5)`; with the reason when it was not searched. */
export function interfaceWords({ name, address, probed, reason }: InterfaceEvent): string {
  const place = address === '' ? name : `${name} (${address})`;
  return probed ? place : `${place}: not searched, ${reason ?? 'without a reason'}`;
}

/** `No cameras found`, `3 cameras found`. */
export function foundWords(count: number): string {
  return `${count === 0 ? 'No cameras' : countWords(count, 'camera')} found`;
}
