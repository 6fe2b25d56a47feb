// Devices that lie, flood or babble, over real sockets of this machine: each has an address of its own in 127.0.0.0/8.
import { createServer } from 'node:http';
import { afterAll, expect, test } from 'vitest';
import { type Clock, systemClock } from '../../agent/clock.ts';
import { type DiscoverOptions, discover } from '../../agent/discovery/discover.ts';
import { isAbort } from '../../agent/errors.ts';
import type { DiscoveredCamera, DiscoveryAdvice, DiscoveryEvent } from '../../shared/discovery.ts';
import { UnhurriedClock } from '../unhurried-clock.ts';
import { ownAddress } from './own-addresses.ts';
import { type Answering, answerXml, matchXml, startDevice } from './pretend-device.ts';

/** Devices and search are both in this process: neither is late for the other because the machine is busy. */
const unhurried = new UnhurriedClock();
afterAll(() => unhurried[Symbol.dispose]());

function search(host: string, options: Partial<DiscoverOptions> = {}): AsyncGenerator<DiscoveryEvent> {
  const signal = new AbortController().signal;
  return discover({ place: { kind: 'host', host }, clock: unhurried, signal, ...options });
}

async function outcome(host: string, options: Partial<DiscoverOptions> = {}) {
  const cameras: DiscoveredCamera[] = [];
  const advice: DiscoveryAdvice[] = [];
  for await (const event of search(host, options)) {
    if (event.type === 'found') cameras.push(event.camera);
    if (event.type === 'done') advice.push(...event.advice);
  }
  return { cameras, advice: advice.map(({ code }) => code) };
}

async function outcomeOf(address: string, answering: Answering) {
  await using _device = await startDevice(address, answering);
  return await outcome(address);
}

const good: Answering = ({ messageId, host }) => [answerXml(messageId, matchXml({}, host))];

test.concurrent('a host that answers is found with what it says of itself, and told to be added when it is', async () => {
  await using _device = await startDevice(ownAddress(1), good);
  const onvif = { url: `http://${ownAddress(1)}/onvif/device_service` };
  const cameras = [{ id: 'usb' }, { id: 'yard', url: 'rtsp://no-such-host.invalid/stream1', onvif }];
  const found = await outcome(ownAddress(1), { cameras });
  expect(found).toEqual({
    cameras: [
      {
        ...{ id: 'urn:uuid:Door', address: ownAddress(1), name: 'Door', model: 'Pretend-1', location: 'nowhere' },
        ...{ onvifUrl: `http://${ownAddress(1)}/onvif/device_service`, how: 'unicast', alreadyAdded: 'yard' },
      },
    ],
    advice: [],
  });
});

test.concurrent.each<[string, string, Answering, { cameras: number; advice: string[] }]>([
  [
    'noise',
    ownAddress(11),
    () => [Buffer.from([0xff, 0, 1]), 'hello', '', '<'],
    { cameras: 0, advice: ['host-without-camera'] },
  ],
  [
    'the answer to another question',
    ownAddress(12),
    ({ host }) => [answerXml('urn:uuid:0b0ce0b1-8d4f-4f9f-8a52-3c5a4b7d2e11', matchXml({}, host))],
    { cameras: 0, advice: ['host-without-camera'] },
  ],
  [
    'the question’s id elsewhere than where it belongs',
    ownAddress(13),
    ({ host, messageId }) => [answerXml('x', matchXml({ name: messageId }, host))],
    { cameras: 0, advice: ['host-without-camera'] },
  ],
  [
    'an answer that is not well-formed',
    ownAddress(14),
    ({ host, messageId }) => [answerXml(messageId, matchXml({}, host)).replace('</s:Body>', '')],
    { cameras: 0, advice: ['host-without-camera', 'answers-unreadable'] },
  ],
  [
    'an answer as large as a datagram can be',
    ownAddress(15),
    ({ host, messageId }) => [
      answerXml(messageId, matchXml({ scopes: `onvif://www.onvif.org/name/${'x'.repeat(64_000)}` }, host)),
    ],
    { cameras: 1, advice: [] },
  ],
  [
    'elements without end',
    ownAddress(16),
    ({ messageId }) => [answerXml(messageId, '<d:x>'.repeat(12_000))],
    { cameras: 0, advice: ['host-without-camera', 'answers-unreadable'] },
  ],
  [
    'a printer',
    ownAddress(17),
    ({ host, messageId }) => [
      answerXml(
        messageId,
        matchXml({ types: 'wsdp:Device wprt:PrintDeviceType', scopes: 'ldap:///ou=printers' }, host),
      ),
    ],
    { cameras: 0, advice: ['host-without-camera'] },
  ],
  [
    'a recorder with two channels',
    ownAddress(18),
    ({ host, messageId }) => [
      answerXml(
        messageId,
        matchXml({ name: '1' }, host) +
          matchXml({ name: '2', addresses: 'http://{host}/onvif/device_service/2' }, host),
      ),
    ],
    { cameras: 2, advice: [] },
  ],
  [
    'somebody who speaks for others',
    ownAddress(19),
    ({ host, messageId }) => {
      const others = [ownAddress(91), ownAddress(92)].map(addresses =>
        matchXml({ name: addresses, addresses: `http://${addresses}/x` }, host),
      );
      return [answerXml(messageId, others.join(''))];
    },
    { cameras: 0, advice: ['host-without-camera'] },
  ],
])('%s', async (_, address, answering, expected) => {
  const { cameras, advice } = await outcomeOf(address, answering);
  expect({ cameras: cameras.length, advice }).toEqual(expected);
});

test.concurrent('nothing is sent to an address that a device only named', async () => {
  const visits: string[] = [];
  const trap = createServer((request, response) => {
    visits.push(request.url ?? '');
    response.end();
  });
  trap.on('connection', () => visits.push('connection'));
  await new Promise<void>(resolve => trap.listen(8080, ownAddress(21), resolve));
  await using _trap = trap;
  const named = `http://${ownAddress(21)}:8080/admin http://169.254.169.254/latest/meta-data http://127.0.0.1:8080/`;
  const { cameras, advice } = await outcomeOf(ownAddress(22), ({ messageId, host }) => [
    answerXml(messageId, matchXml({ addresses: named }, host)),
  ]);
  expect(cameras).toMatchObject([
    {
      onvifUrl: `http://${ownAddress(22)}:8080/admin`,
      ignoredAddresses: [`http://${ownAddress(21)}:8080`, 'http://169.254.169.254', 'http://127.0.0.1:8080'],
    },
  ]);
  expect(advice).toEqual(['addresses-ignored']);
  // Whoever came before would be seen before this one.
  await fetch(`http://${ownAddress(21)}:8080/last`);
  expect(visits).toEqual(['connection', '/last']);
});

test.concurrent('thousands of answers, each with another name, end in a bounded list', async () => {
  let sent = 0;
  const flood: Answering = ({ messageId, host }) =>
    Array.from({ length: 2_000 }, () => {
      const name = `Camera ${++sent}`;
      return answerXml(messageId, matchXml({ name, addresses: `http://{host}/${sent}` }, host));
    });
  const { cameras, advice } = await outcomeOf(ownAddress(23), flood);
  expect(sent).toBeGreaterThan(3_000);
  // How many of them this machine takes in depends on how busy it is; 64 of one address are shown at most.
  expect(cameras.length).toBeGreaterThan(0);
  expect(cameras.length).toBeLessThanOrEqual(64);
  expect(advice).toEqual(cameras.length === 64 ? ['answers-too-many'] : []);
});

/** The system's clock, and how many waits are open on it. */
function watchedClock(): Clock & { open: number } {
  const clock = {
    ...systemClock,
    open: 0,
    sleep(ms: number, signal?: AbortSignal) {
      clock.open++;
      return systemClock.sleep(ms, signal).finally(() => clock.open--);
    },
    after(ms: number, callback: () => void) {
      clock.open++;
      let over = false;
      const end = () => {
        if (!over) clock.open--;
        over = true;
      };
      const cancel = systemClock.after(ms, () => {
        end();
        callback();
      });
      return () => {
        end();
        cancel();
      };
    },
  };
  return clock;
}

test('a search that is stopped, or that nobody follows any more, leaves no socket and no timer', async () => {
  const sockets = () => process.getActiveResourcesInfo().filter(name => /UDP|TCP|TLS/.test(name));
  await expect.poll(sockets).toEqual([]);
  const clock = watchedClock();
  const stop = new AbortController();
  const stopped = outcome(ownAddress(31), { clock, signal: stop.signal });
  stopped.catch(() => undefined);
  await expect.poll(() => clock.open).toBeGreaterThan(0);
  stop.abort(new Error('enough'));
  expect(await stopped.catch(error => isAbort(error, stop.signal))).toBe(true);
  expect(clock.open).toBe(0);
  await expect.poll(sockets).toEqual([]);

  await using _device = await startDevice(ownAddress(33), good);
  expect(sockets()).toEqual(['UDPWrap']);
  const place = { kind: 'scan', range: `${ownAddress(32)}/30`, consent: true } as const;
  for await (const { type } of search('', { place, clock, loopback: true })) if (type === 'found') break;
  expect(clock.open).toBe(0);
  await expect.poll(sockets).toEqual(['UDPWrap']);
});

test.each([
  ['169.254.169.254', 'scan-refused'],
  ['239.255.255.250', 'scan-refused'],
  ['no-such-host.invalid', 'camera-host-unknown'],
])('the host %s is refused: %s', async (host, code) => {
  await expect(outcome(host)).rejects.toMatchObject({ code });
});
