// The pretend camera as a program on its network finds it: datagrams on loopback, read by Python's parser.
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { test as sequentialTest } from 'vitest';
import { ownAddress } from '../discovery/own-addresses.ts';
import { shortClip, startCamera } from './running-camera.ts';
import { textsOf, xmlOutlines } from './xml-outline.ts';

const test = sequentialTest.concurrent;
const GROUP = '239.255.255.250';
const PORT = 3702;
/** All of 127.0.0.0/8 is loopback: an address of its own keeps the camera of each test apart from all others. */
const addressOf = { announced: ownAddress(2), probed: ownAddress(3), taken: ownAddress(4) };
const TRANSMITTER = '<d:Types xmlns:dn="http://www.onvif.org/ver10/network/wsdl">dn:NetworkVideoTransmitter</d:Types>';
const DEVICE = '<d:Types xmlns:tds="http://www.onvif.org/ver10/device/wsdl">tds:Device</d:Types>';
const PRINTER = '<d:Types xmlns:p="http://schemas.microsoft.com/windows/2006/08/wdp/print">p:PrintDeviceType</d:Types>';

function probe(messageId: string, content: string): string {
  return (
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" ' +
    'xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"><s:Header><a:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</a:Action>' +
    `<a:MessageID>${messageId}</a:MessageID><a:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To></s:Header>` +
    `<s:Body><d:Probe>${content}</d:Probe></s:Body></s:Envelope>`
  );
}

/** Keeps every datagram from `address`; closed at the end of the scope. */
async function listen(address: string, port = 0) {
  const socket: Socket = createSocket({ type: 'udp4', reuseAddr: true });
  const heard: string[] = [];
  socket.on('message', (data, sender) => {
    if (sender.address === address) heard.push(String(data));
  });
  socket.bind(port, port === PORT ? GROUP : '127.0.0.1');
  await once(socket, 'listening');
  if (port === PORT) socket.addMembership(GROUP, '127.0.0.1');
  socket.setMulticastInterface('127.0.0.1');
  return { socket, heard, [Symbol.dispose]: () => void socket.close() };
}

async function startDiscoverable(address: string) {
  const discovery = ['--discovery', address, '--listen', address, '--name', 'Yard & door', '--location', 'Back yard/2'];
  return startCamera(['--video', await shortClip(), '--onvif', '0', ...discovery]);
}

const header = (relatesTo: string) =>
  `s:Header(wsa04:Action wsa04:MessageID ${relatesTo}wsa04:To d:AppSequence[InstanceId MessageNumber])`;
const endpoint = 'wsa04:EndpointReference(wsa04:Address)';
const description = `${endpoint} d:Types d:Scopes d:XAddrs d:MetadataVersion`;

test('a camera says hello and bye, and the same of itself after every start', async ({ expect }) => {
  using listener = await listen(addressOf.announced, PORT);
  const urns: string[] = [];
  for (const start of [0, 1]) {
    const camera = await startDiscoverable(addressOf.announced);
    expect(await camera.stop()).toBe(0);
    await expect.poll(() => listener.heard.length).toBe(2 * start + 2);
    const [hello = '', bye = ''] = listener.heard.slice(-2);
    expect(await xmlOutlines([hello, bye])).toEqual([
      `${header('')} s:Body(d:Hello(${description}))`,
      `${header('')} s:Body(d:Bye(${endpoint}))`,
    ]);
    urns.push(...textsOf(hello, 'Address'), ...textsOf(bye, 'Address'));
  }
  expect(urns[0]).toMatch(/^urn:uuid:[0-9a-f-]{36}$/);
  expect(urns).toEqual(Array(4).fill(urns[0]));
});

test('it answers probes by multicast and unicast that fit, and no others', async ({ expect }) => {
  await using camera = await startDiscoverable(addressOf.probed);
  using prober = await listen(addressOf.probed);
  const scopes = (text: string) => `<d:Scopes>${text}</d:Scopes>`;
  const fitting: [string, string][] = [
    [GROUP, TRANSMITTER],
    [GROUP, DEVICE],
    [addressOf.probed, TRANSMITTER],
    [addressOf.probed, ''],
    [addressOf.probed, scopes('onvif://www.onvif.org/location/Back%20yard%2F2 onvif://www.onvif.org/type')],
  ];
  const others: [string, string][] = [
    [GROUP, PRINTER],
    [addressOf.probed, scopes('onvif://www.onvif.org/location/Back')],
    // What has no prefix is of no namespace, or of another.
    [addressOf.probed, '<d:Types>NetworkVideoTransmitter</d:Types>'],
  ];
  prober.socket.send('<not XML', PORT, addressOf.probed);
  for (const [index, [to, content]] of [...others, ...fitting].entries())
    prober.socket.send(probe(`urn:uuid:${index}`, content), PORT, to);
  const answered = () => prober.heard.map(answer => textsOf(answer, 'RelatesTo')[0]).sort();
  await expect.poll(() => answered().length).toBe(fitting.length);
  // Each of its two sockets is asked once more: an answer to what does not fit would have come before these.
  for (const to of [GROUP, addressOf.probed]) prober.socket.send(probe(`urn:uuid:last-${to}`, ''), PORT, to);
  await expect.poll(() => answered().filter(id => id?.includes('last')).length).toBe(2);
  expect(answered().filter(id => !id?.includes('last'))).toEqual([3, 4, 5, 6, 7].map(index => `urn:uuid:${index}`));
  const [answer = ''] = prober.heard;
  expect(await xmlOutlines([answer])).toEqual([
    `${header('wsa04:RelatesTo ')} s:Body(d:ProbeMatches(d:ProbeMatch(${description})))`,
  ]);
  expect(textsOf(answer, 'XAddrs')).toEqual([camera.onvifUrl]);
  expect(textsOf(answer, 'Types')).toEqual(['dn:NetworkVideoTransmitter tds:Device']);
  const told = textsOf(answer, 'Scopes')[0]?.split(' ');
  for (const scope of [
    'Profile/Streaming',
    'Profile/T',
    'name/Yard%20%26%20door',
    'hardware/Yard%201',
    'location/Back%20yard%2F2',
  ]) {
    expect(told).toContain(`onvif://www.onvif.org/${scope}`);
  }
});

test('what keeps it from being found is said in one sentence', async ({ expect }) => {
  const socket = createSocket('udp4').bind(PORT, addressOf.taken);
  await once(socket, 'listening');
  const start = startDiscoverable(addressOf.taken);
  await expect(start).rejects.toThrow(
    `ended with 1: WS-Discovery cannot start on ${addressOf.taken}: Address already in use.`,
  );
  socket.close();
  await expect(startCamera(['--onvif', '0', '--discovery', '127.0.0.1', '--listen', '127.0.0.2'])).rejects.toThrow(
    'to --listen',
  );
});
