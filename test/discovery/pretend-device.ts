// A device that answers WS-Discovery, with as much of the truth as a test wants. As a program it joins the multicast
// groups on every interface: node pretend-device.ts '{"name":"Door"}'
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { networkInterfaces } from 'node:os';

export type Device = {
  urn?: string;
  name?: string;
  types?: string;
  /** Whole scopes, in place of the usual ones. */
  scopes?: string;
  /** `{host}` becomes the address that the device is asked at. */
  addresses?: string;
};

/** What to send back for a probe; a datagram each. */
export type Answering = (probe: { messageId: string; host: string; question: string }) => (string | Buffer)[];

export function matchXml({ urn, name = 'Door', types, scopes, addresses }: Device, host: string): string {
  return (
    '<d:ProbeMatch>' +
    `<a:EndpointReference><a:Address>${urn ?? `urn:uuid:${name}`}</a:Address></a:EndpointReference>` +
    `<d:Types>${types ?? 'dn:NetworkVideoTransmitter tds:Device'}</d:Types>` +
    `<d:Scopes>${scopes ?? usualScopes(name)}</d:Scopes>` +
    `<d:XAddrs>${(addresses ?? 'http://{host}/onvif/device_service').replaceAll('{host}', host)}</d:XAddrs>` +
    '<d:MetadataVersion>1</d:MetadataVersion>' +
    '</d:ProbeMatch>'
  );
}

export function answerXml(messageId: string, matches: string): string {
  return (
    '<?xml version="1.0" encoding="UTF-8"?>' +
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"' +
    ' xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery" xmlns:dn="http://www.onvif.org/ver10/network/wsdl">' +
    `<s:Header><a:RelatesTo>${messageId}</a:RelatesTo></s:Header>` +
    `<s:Body><d:ProbeMatches>${matches}</d:ProbeMatches></s:Body></s:Envelope>`
  );
}

function usualScopes(name: string): string {
  const scopes = [
    'type/video_encoder',
    `name/${encodeURIComponent(name)}`,
    'hardware/Pretend-1',
    'location/country/nowhere',
  ];
  return scopes.map(scope => `onvif://www.onvif.org/${scope}`).join(' ');
}

/** Answers at one address of this machine until it is disposed. */
export async function startDevice(
  address: string,
  answering: Answering,
): Promise<AsyncDisposable & { probes: string[] }> {
  const socket = createSocket({ type: 'udp4', reuseAddr: true });
  const probes: string[] = [];
  socket.on('message', (datagram, asker) => {
    probes.push(datagram.toString());
    reply(socket, { answering, asker, host: address, question: datagram.toString() });
  });
  await new Promise<void>(resolve => socket.bind(3702, address, resolve));
  return { probes, [Symbol.asyncDispose]: () => new Promise(resolve => socket.close(() => resolve())) };
}

type Reply = { answering: Answering; asker: RemoteInfo; host: string; question: string };

function reply(socket: Socket, { answering, asker, host, question }: Reply): void {
  const messageId = /MessageID>([^<]+)</.exec(question)?.[1];
  if (messageId === undefined) return;
  for (const datagram of answering({ messageId, host, question })) socket.send(datagram, asker.port, asker.address);
}

async function main(device: Device): Promise<void> {
  const groups = { IPv4: '239.255.255.250', IPv6: 'ff02::c' } as const;
  const answering: Answering = ({ messageId, host }) => [answerXml(messageId, matchXml(device, host))];
  const addresses = Object.entries(networkInterfaces()).flatMap(([name, infos = []]) =>
    infos
      .map(info => ({ name, ...info }))
      .filter(({ family, address }) => family === 'IPv4' || address.startsWith('fe80')),
  );
  for (const family of ['IPv4', 'IPv6'] as const) {
    const own = addresses.filter(info => info.family === family);
    if (own.length === 0) continue;
    const socket = createSocket({ type: family === 'IPv4' ? 'udp4' : 'udp6', reuseAddr: true });
    const host = family === 'IPv4' ? (own.at(-1)?.address ?? '') : `[${own.at(-1)?.address}]`;
    socket.on('message', (datagram, asker) => reply(socket, { answering, asker, host, question: datagram.toString() }));
    await new Promise<void>(resolve => socket.bind(3702, resolve));
    for (const { name, address } of own)
      socket.addMembership(groups[family], family === 'IPv4' ? address : `::%${name}`);
  }
  process.stdout.write('ready\n');
}

if (import.meta.filename === process.argv[1]) await main(JSON.parse(process.argv[2] ?? '{}'));
