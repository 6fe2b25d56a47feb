// Cameras somebody may want to add: found ones, and addresses that were typed. Pure.
import type { DiscoveredCamera } from '../../shared/discovery.ts';

export type Candidate = {
  /** The device's own id, or the address that was typed. */
  key: string;
  /** What it is called until it has a name of its own. */
  title: string;
  /** Vendor, model and place, as far as they say more than the title. */
  about: string;
  /** IP address, or host of a typed address. */
  address: string;
  /** The ONVIF device service, or the stream itself; undefined when it cannot be reached. */
  url: string | undefined;
  onvifUrl: string | undefined;
  /** The camera of the settings at this address. */
  alreadyAdded: string | undefined;
};

export function foundCandidate(camera: DiscoveredCamera): Candidate {
  const { id, address, vendor, model, name, location, onvifUrl, rtspUrl, rtspServer, alreadyAdded } = camera;
  const made = [vendor, model].filter(word => word !== undefined);
  const title = name ?? (made.length > 0 ? made.join(' ') : `Camera at ${address}`);
  const about = [
    ...made.filter(word => !title.includes(word)),
    location,
    name || made.length > 0 ? undefined : rtspServer,
  ];
  return {
    key: id,
    title,
    about: about.filter(word => word !== undefined).join(' · '),
    address,
    url: onvifUrl ?? rtspUrl,
    onvifUrl,
    alreadyAdded,
  };
}

export function typedCandidate(url: string): Candidate {
  const address = new URL(url).hostname;
  return {
    ...{ key: url, title: `Stream at ${address}`, about: url, address, url },
    ...{ onvifUrl: undefined, alreadyAdded: undefined },
  };
}

/** With one more found camera. A device is shown once; a typed address learns from it whether it is already there. */
export function withFound(candidates: readonly Candidate[], camera: DiscoveredCamera): Candidate[] {
  const fresh = foundCandidate(camera);
  const others = candidates.filter(({ key }) => key !== fresh.key);
  const known = others.map(candidate => {
    const isTyped = candidate.key === candidate.url && candidate.address === fresh.address;
    return isTyped ? { ...candidate, alreadyAdded: fresh.alreadyAdded } : candidate;
  });
  return [...known, fresh];
}

export function withTyped(candidates: readonly Candidate[], url: string): Candidate[] {
  const fresh = typedCandidate(url);
  const sameHost = candidates.find(({ address }) => address === fresh.address);
  const others = candidates.filter(({ key }) => key !== fresh.key);
  return [...others, { ...fresh, alreadyAdded: sameHost?.alreadyAdded }];
}

/** What somebody typed: a host to search, a stream to add, or why it is neither. `instead`: the same without the sign-in. */
export type TypedAddress = { host: string } | { url: string } | { problem: string; instead?: string };

export function readAddress(text: string): TypedAddress {
  const typed = text.trim();
  if (/^[\w.:%[\]-]{1,255}$/.test(typed)) return { host: typed };
  const url = URL.canParse(typed) ? new URL(typed) : undefined;
  if (!url && /^rtsps?:\/\/.*@/i.test(typed)) return signInInside(`rtsp://${typed.slice(typed.lastIndexOf('@') + 1)}`);
  if (!url) return { problem: 'This is no address. Type an IP address such as 10.0.0.20.' };
  if (!/^rtsps?:$/.test(url.protocol) || url.hostname === '')
    return { problem: 'Type the camera’s IP address, or its address that begins with rtsp:// or rtsps://.' };
  if (`${url.username}${url.password}` === '') return { url: typed };
  return signInInside(`${url.protocol}//${url.host}${url.pathname}${url.search}`);
}

function signInInside(instead: string): TypedAddress {
  return {
    problem: 'Leave the user and the password out of the address: the next step asks for them.',
    instead,
  };
}
