// One datagram that came back, read: which question it answers, and the devices it tells of. Nothing in it is believed here.
import { textAt, type XmlElement } from '../onvif/soap/xml.ts';
import { elementsAt, readXml } from './xml-element.ts';

export type ProbeMatch = {
  /** The device's own name of itself; empty when it has none. */
  urn: string;
  /** Without their prefix. */
  types: string[];
  scopes: string[];
  /** As the device wrote them. */
  addresses: string[];
};

export type ProbeAnswer = { relatesTo: string; matches: ProbeMatch[] };

/** Undefined when it is not an answer to any probe. */
export function readProbeMatches(datagram: Uint8Array): ProbeAnswer | undefined {
  const envelope = readXml(datagram);
  if (envelope?.name !== 'Envelope') return undefined;
  const relatesTo = textAt(envelope, 'Header', 'RelatesTo');
  const matches = elementsAt(envelope, 'Body', 'ProbeMatches', 'ProbeMatch').map(readMatch);
  return relatesTo === undefined || matches.length === 0 ? undefined : { relatesTo, matches };
}

/** Other devices than cameras speak WS-Discovery too: printers, computers. */
export function isCamera({ types, scopes }: ProbeMatch): boolean {
  return types.includes('NetworkVideoTransmitter') || scopes.some(scope => scope.startsWith('onvif://'));
}

function readMatch(match: XmlElement): ProbeMatch {
  return {
    urn: textAt(match, 'EndpointReference', 'Address') ?? '',
    types: words(textAt(match, 'Types')).map(type => type.slice(type.indexOf(':') + 1)),
    scopes: words(textAt(match, 'Scopes')),
    addresses: words(textAt(match, 'XAddrs')),
  };
}

function words(text = ''): string[] {
  return text.split(/\s+/).filter(word => word !== '');
}
