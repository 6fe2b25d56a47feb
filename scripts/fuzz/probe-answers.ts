// What answers a search for cameras: whatever it is, reading it never throws, and a camera that comes of it has texts fit
// for a terminal and no address but the sender's.
import { cameraFrom } from '../../agent/discovery/camera-from-match.ts';
import { isCamera, readProbeMatches } from '../../agent/discovery/probe-matches.ts';
import type { DiscoveredCamera } from '../../shared/discovery.ts';
import { mutateBytes } from './mutate-bytes.ts';
import { below, demand, oneOf, type Random, type Target } from './target.ts';

const senders = ['10.0.0.5', '2001:db8::5', 'fe80::5%eth0'];
const addresses = [
  'http://10.0.0.5/onvif/device_service',
  'https://10.0.0.5:8443/onvif http://[2001:db8::5]:80/',
  'http://169.254.169.254/latest http://127.0.0.1:8080/?a=b',
  'http://user:password@10.0.0.5/ file:///etc/passwd rtsp://10.0.0.5/',
  '',
];
const scopes = [
  'onvif://www.onvif.org/name/Front%20door onvif://www.onvif.org/hardware/DS-2CD%2F1 onvif://www.onvif.org/location/city/x',
  'onvif://www.onvif.org/name/%1B%5B2J%E2%80%AE%E0%A4%A onvif://www.onvif.org/mfr/%',
  `onvif://www.onvif.org/name/${'%F0%9F%93%B7'.repeat(100)}`,
  'ldap:///ou=printers',
  '',
];
const names = ['d:ProbeMatch', 'ProbeMatch', 'd:ProbeMatches', 'x', '__proto__'];

export function probeAnswersTarget(): Target {
  return {
    feed(random) {
      const answer = readProbeMatches(mutateBytes(Buffer.from(text(random)), random));
      if (!answer) return 'no answer';
      const sender = oneOf(senders, random);
      const alone = answer.matches.length === 1;
      const cameras = answer.matches
        .filter(isCamera)
        .flatMap(match => cameraFrom({ match, sender, alone, how: 'ws-discovery' }) ?? []);
      for (const camera of cameras) checkCamera(camera, sender);
      return `${Math.min(cameras.length, 3)} cameras`;
    },
    async [Symbol.asyncDispose]() {},
  };
}

function checkCamera(
  { alreadyAdded, how, onvifUrl, ignoredAddresses = [], ...texts }: DiscoveredCamera,
  sender: string,
) {
  demand(texts.address === sender, 'the address is not the sender’s');
  demand(texts.id !== '', 'a camera has no id');
  for (const told of [...Object.values(texts), ...ignoredAddresses])
    demand(/^[^\p{Cc}\p{Cf}\p{Cs}]{1,80}$/u.test(told), `unfit for a terminal: ${JSON.stringify(told)}`);
  if (onvifUrl === undefined) return;
  const { protocol, hostname, username } = new URL(onvifUrl);
  demand(/^https?:$/.test(protocol) && username === '', `not a plain web address: ${onvifUrl}`);
  demand(hostname.replace(/[[\]]/g, '') === sender, `the service is elsewhere: ${onvifUrl}`);
}

function text(random: Random): string {
  if (random() < 0.02) return `<${oneOf(names, random)} `.repeat(below(5_000, random));
  const matches = Array.from({ length: below(4, random) }, () => match(random)).join('');
  return (
    '<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="s" xmlns:a="a" xmlns:d="d">' +
    '<s:Header><a:RelatesTo>urn:uuid:0b0ce0b1-8d4f-4f9f-8a52-3c5a4b7d2e11</a:RelatesTo></s:Header>' +
    `<s:Body><d:ProbeMatches>${matches}</d:ProbeMatches></s:Body></s:Envelope>${'\0'.repeat(below(3, random))}`
  );
}

function match(random: Random): string {
  const name = random() < 0.9 ? 'd:ProbeMatch' : oneOf(names, random);
  return (
    `<${name}><a:EndpointReference><a:Address>urn:uuid:${below(9, random)}</a:Address></a:EndpointReference>` +
    `<d:Types>dn:NetworkVideoTransmitter</d:Types><d:Scopes>${oneOf(scopes, random)}</d:Scopes>` +
    `<d:XAddrs>${oneOf(addresses, random)}</d:XAddrs></${name}>`
  );
}
