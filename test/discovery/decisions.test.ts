// What a search decides, without a network: which addresses may be asked, what a camera's words mean, whose addresses are
// believed, what to advise.
import { describe, expect, test } from 'vitest';
import { mayAsk } from '../../agent/discovery/address-rules.ts';
import { advise, type SearchOutcome } from '../../agent/discovery/advice.ts';
import { alreadyAdded } from '../../agent/discovery/already-added.ts';
import { cameraFrom } from '../../agent/discovery/camera-from-match.ts';
import { FoundCameras } from '../../agent/discovery/found-cameras.ts';
import { localAddresses } from '../../agent/discovery/local-addresses.ts';
import { readProbeMatches } from '../../agent/discovery/probe-matches.ts';
import { probeProblem } from '../../agent/discovery/probe-problem.ts';
import { scanAddresses } from '../../agent/discovery/scan-range.ts';
import { describeScopes } from '../../agent/discovery/scopes.ts';
import { AgentError } from '../../agent/errors.ts';
import type { DiscoveredCamera, DiscoveryAdvice, InterfaceEvent } from '../../shared/discovery.ts';
import { answerXml, matchXml } from './pretend-device.ts';

describe('the addresses of a scan', () => {
  const rules = { ownNetworks: ['192.0.2.7/24', 'fe80::1/64'], loopback: false };

  test.each([
    ['192.168.1.7', 1, '192.168.1.7', '192.168.1.7'],
    ['192.168.1.7/24', 254, '192.168.1.1', '192.168.1.254'],
    ['10.0.0.0/22', 1022, '10.0.0.1', '10.0.3.254'],
    ['172.31.255.254/31', 2, '172.31.255.254', '172.31.255.255'],
    ['169.254.3.0/30', 2, '169.254.3.1', '169.254.3.2'],
    ['192.0.2.128/25', 126, '192.0.2.129', '192.0.2.254'],
  ])('%s are %i hosts', (range, count, first, last) => {
    const addresses = scanAddresses(range, rules);
    expect([addresses.length, addresses[0], addresses.at(-1)]).toEqual([count, first, last]);
    expect(new Set(addresses).size).toBe(count);
  });

  test.each([
    ['10.0.0.0/21', 'too many'],
    ['10.0.0.0/0', 'too many'],
    ['8.8.8.0/24', 'neither a private address'],
    ['192.0.3.0/24', 'neither a private address'],
    ['172.32.0.0/24', 'neither a private address'],
    ['127.0.0.0/24', 'neither a private address'],
    ['224.0.0.0/24', 'neither a private address'],
    ['169.254.169.254', '169.254.169.254 is neither'],
    ['169.254.169.0/24', '169.254.169.254 is neither'],
    ['10.0.0.0/33', 'not a range'],
    ['10.0.0/24', 'not a range'],
    ['10.0.0.256', 'not a range'],
    ['fe80::/120', 'not a range'],
    ['camera', 'not a range'],
    ['', 'not a range'],
  ])('%j is refused', (range, reason) => {
    expect(() => scanAddresses(range, rules)).toThrow(AgentError);
    expect(() => scanAddresses(range, rules)).toThrow(reason);
  });
});

test('one host may be anywhere, but never where clouds keep credentials, nor everybody', () => {
  const may = ['192.168.1.7', '203.0.113.9', '127.0.0.1', '169.254.1.1', 'fe80::1', '2001:db8::1'];
  const never = [
    '169.254.169.254',
    'fd00:ec2::254',
    '0.0.0.0',
    '255.255.255.255',
    '239.255.255.250',
    'ff02::c',
    '::',
    '::ffff:169.254.169.254',
  ];
  expect([...may, ...never].filter(mayAsk)).toEqual(may);
});

test('sockets get one IPv6 address of each interface, the link-local one, and every IPv4 address', () => {
  const info = (family: 'IPv4' | 'IPv6', address: string, internal = false) =>
    ({ family, address, internal, cidr: `${address}/24`, netmask: '', mac: '', scopeid: 2 }) as const;
  const table = {
    lo: [info('IPv4', '127.0.0.1', true), info('IPv6', '::1', true)],
    eth0: [info('IPv4', '192.0.2.7'), info('IPv4', '192.0.2.8'), info('IPv6', '2001:db8::7'), info('IPv6', 'fe80::7')],
    'wlan-0': [info('IPv6', 'fe80::9')],
  };
  expect(localAddresses(table).map(({ name, address, family }) => [name, address, family])).toEqual([
    ['lo', '127.0.0.1', 4],
    ['eth0', '192.0.2.7', 4],
    ['eth0', '192.0.2.8', 4],
    ['eth0', 'fe80::7%eth0', 6],
    ['wlan-0', 'fe80::9%wlan-0', 6],
  ]);
});

describe('the words of a camera', () => {
  const onvif = (...paths: string[]) => paths.map(path => `onvif://www.onvif.org/${path}`);

  test.each<[string, string[], ReturnType<typeof describeScopes>]>([
    [
      'percent-encoded',
      onvif('name/Front%20door', 'hardware/X%2F1', 'location/country/china', 'location/city/Sh%C4%81nghai'),
      { name: 'Front door', model: 'X/1', location: 'china, Shānghai' },
    ],
    [
      'a maker in the name',
      onvif('name/HIKVISION%20DS-2CD2042WD'),
      { vendor: 'Hikvision', name: 'HIKVISION DS-2CD2042WD' },
    ],
    ['a maker of its own scope', onvif('mfr/Acme', 'name/IPC'), { vendor: 'Acme', name: 'IPC' }],
    ['a maker that is only part of a word', onvif('name/praxis'), { name: 'praxis' }],
    ['said twice', onvif('location/home', 'location/home'), { location: 'home' }],
    ['broken percent signs', onvif('name/100%25%', 'hardware/%E0%A4%A'), { name: '100%25%', model: '%E0%A4%A' }],
    ['empty or no ONVIF', [...onvif('name/', 'name'), 'http://x/name/y', 'onvif:', 'ldap:///ou=x'], {}],
    ['capitals', ['ONVIF://www.onvif.org/Name/Yard'], { name: 'Yard' }],
    ['a terminal’s control characters', onvif('name/a%1B%5B2J%0D%0Ab%E2%80%AEc%C2%9Bd'), { name: 'a [2J b c d' }],
    ['too long', onvif(`name/${'ä'.repeat(200)}`), { name: 'ä'.repeat(80) }],
  ])('%s', (_, scopes, description) => {
    expect(describeScopes(scopes)).toEqual(description);
  });
});

describe('whose address is believed', () => {
  const from = (sender: string, addresses: string, alone = true) =>
    cameraFrom({
      ...{ sender, alone, how: 'ws-discovery' },
      match: { urn: 'urn:x', types: [], scopes: [], addresses: addresses.split(' ') },
    });

  test.each<[string, string, string, string | undefined, string[] | undefined]>([
    ['its own', '10.0.0.5', 'http://10.0.0.5/onvif/device_service', 'http://10.0.0.5/onvif/device_service', undefined],
    [
      'its own among others',
      '10.0.0.5',
      'http://10.0.0.9/a http://10.0.0.5:8000/b',
      'http://10.0.0.5:8000/b',
      ['http://10.0.0.9'],
    ],
    ['its own with TLS', '10.0.0.5', 'https://10.0.0.5/a', 'https://10.0.0.5/a', undefined],
    ['written oddly', '10.0.0.5', 'http://0x0a.0.0.5:80/a', 'http://10.0.0.5/a', undefined],
    [
      'the credentials of a cloud',
      '10.0.0.5',
      'http://169.254.169.254/latest',
      'http://10.0.0.5/latest',
      ['http://169.254.169.254'],
    ],
    [
      'the agent itself',
      '10.0.0.5',
      'http://127.0.0.1:8080/api',
      'http://10.0.0.5:8080/api',
      ['http://127.0.0.1:8080'],
    ],
    ['a name', '10.0.0.5', 'http://camera.local/a', 'http://10.0.0.5/a', ['http://camera.local']],
    ['with a password', '10.0.0.5', 'http://u:p@10.0.0.5/a', undefined, undefined],
    ['no http', '10.0.0.5', 'file:///etc/passwd gopher://10.0.0.5/ javascript:1 x', undefined, undefined],
    ['too long', '10.0.0.5', `http://10.0.0.5/${'a'.repeat(600)}`, undefined, undefined],
    ['IPv6', '2001:db8::5', 'http://[2001:DB8:0::5]:81/a', 'http://[2001:db8::5]:81/a', undefined],
    ['IPv6 of one cable, which no URL can name', 'fe80::5%eth0', 'http://[fe80::5]/a', undefined, undefined],
  ])('%s', (_, sender, addresses, onvifUrl, ignoredAddresses) => {
    const camera = from(sender, addresses);
    expect(camera).toMatchObject({ id: 'urn:x', address: sender });
    expect([camera?.onvifUrl, camera?.ignoredAddresses]).toEqual([onvifUrl, ignoredAddresses]);
  });

  test('a datagram that speaks for several others adds none of them', () => {
    expect(from('10.0.0.5', 'http://10.0.0.6/a', false)).toBeUndefined();
    expect(from('10.0.0.5', 'http://10.0.0.5/a', false)).toBeDefined();
  });
});

describe('each camera once', () => {
  const camera = (id: string, address: string, onvifUrl?: string): DiscoveredCamera => ({
    ...{ id, address, how: 'ws-discovery' },
    ...(onvifUrl ? { onvifUrl } : {}),
  });

  test('the same urn at the same address, and the same service under another urn, are one camera', () => {
    const found = new FoundCameras();
    const added = [
      camera('a', '10.0.0.5', 'http://10.0.0.5/x'),
      camera('a', '10.0.0.5', 'http://10.0.0.5/x'),
      camera('new-each-time', '10.0.0.5', 'http://10.0.0.5/x'),
      camera('a', '10.0.0.6', 'http://10.0.0.6/x'),
      camera('channel-2', '10.0.0.5', 'http://10.0.0.5:81/x'),
    ].map(each => found.add(each));
    expect(added).toEqual([true, false, false, true, true]);
  });

  test('a camera with IPv4 and IPv6 is shown with IPv4, whichever comes first; one with IPv6 alone at the end', () => {
    const found = new FoundCameras();
    const heard = [
      camera('a', 'fe80::1%eth0'),
      camera('a', '10.0.0.5'),
      camera('b', '10.0.0.6'),
      camera('b', 'fe80::2%eth0'),
      camera('c', 'fe80::3%eth0'),
      camera('c', 'fe80::3%eth0'),
    ];
    expect(heard.filter(each => found.add(each)).map(({ address }) => address)).toEqual(['10.0.0.5', '10.0.0.6']);
    expect([...found.onlyIpv6()].map(({ address }) => address)).toEqual(['fe80::3%eth0']);
  });

  test('however many there are said to be, no more than 512 are shown, and 64 of one address', () => {
    const found = new FoundCameras();
    const shown = new Map<string, number>();
    for (let index = 0; index < 20_000; index++) {
      const address = index < 10_000 ? '10.0.0.5' : `10.0.${index % 250}.${index % 251}`;
      if (found.add(camera(`urn:${index}`, address))) shown.set(address, (shown.get(address) ?? 0) + 1);
      found.add(camera(`six:${index}`, 'fe80::1%eth0'));
    }
    expect(shown.get('10.0.0.5')).toBe(64);
    expect([...shown.values()].reduce((sum, each) => sum + each, 0)).toBe(512);
    expect([...found.onlyIpv6()]).toEqual([]);
    expect(found.overflowed).toBe(true);
  });
});

test.each<[string, string | undefined]>([
  ['10.0.0.5', 'by-address'],
  ['10.0.0.6', 'by-name'],
  ['10.0.0.7', undefined],
  ['fe80::5%eth0', 'by-ipv6'],
  ['FE80::5%eth1', 'by-ipv6'],
])('the camera at %s is already added: %s', (address, id) => {
  const known = [
    { id: 'by-address', host: '10.0.0.5', addresses: ['10.0.0.5'] },
    { id: 'second-channel', host: '10.0.0.5', addresses: ['10.0.0.5'] },
    { id: 'by-name', host: 'yard.lan', addresses: ['10.0.0.6', 'fd00::6'] },
    { id: 'unknown-name', host: 'gone.lan', addresses: [] },
    { id: 'by-ipv6', host: 'fe80::5', addresses: ['fe80::5'] },
  ];
  expect(alreadyAdded(address, known)).toBe(id);
});

describe('a datagram', () => {
  const good = answerXml('urn:uuid:1', matchXml({}, '10.0.0.5'));

  test.each<[string, string | Buffer, number | undefined]>([
    ['an answer', good, 1],
    ['with the zeros of a C string at its end', `${good}\0\0\0`, 1],
    ['with a byte order mark', `\ufeff${good}`, 1],
    ['with two devices', answerXml('1', matchXml({}, 'a') + matchXml({ name: 'B' }, 'a')), 2],
    ['with nothing in its match', answerXml('1', '<d:ProbeMatch/>'), 1],
    ['with attributes on its addresses', good.replace('<d:XAddrs>', '<d:XAddrs x="y">'), 1],
    ['without scopes', good.replace(/<d:Scopes>.*<\/d:Scopes>/, ''), 1],
    ['without a match', answerXml('1', ''), undefined],
    ['that answers nothing', good.replace(/<a:RelatesTo>.*<\/a:RelatesTo>/, ''), undefined],
    ['a probe of somebody else', '<s:Envelope><s:Header/><s:Body><d:Probe/></s:Body></s:Envelope>', undefined],
    ['cut off', good.slice(0, -20), undefined],
    ['empty', '', undefined],
    ['noise', Buffer.from(Array.from({ length: 4096 }, (_, index) => (index * 7919) & 0xff)), undefined],
    ['with a document type', good.replace('<s:Envelope', '<!DOCTYPE x [<!ENTITY y "z">]><s:Envelope'), undefined],
    ['deep', answerXml('1', '<x>'.repeat(5_000) + '</x>'.repeat(5_000)), undefined],
    ['of many elements', answerXml('1', '<x/>'.repeat(10_000)), undefined],
    ['too large', answerXml('1', matchXml({ name: 'x'.repeat(66_000) }, 'a')), undefined],
  ])('%s', (_, datagram, matches) => {
    expect(readProbeMatches(Buffer.from(datagram))?.matches.length).toBe(matches);
  });

  test('names of the language are only names', () => {
    const inside = '<__proto__><polluted>yes</polluted></__proto__><constructor>x</constructor>';
    expect(readProbeMatches(Buffer.from(answerXml('1', `<d:ProbeMatch>${inside}</d:ProbeMatch>`)))).toEqual({
      relatesTo: '1',
      matches: [{ urn: '', types: [], scopes: [], addresses: [] }],
    });
    expect(Object.keys({})).toEqual([]);
    expect('polluted' in {}).toBe(false);
  });
});

test('errors of the system become words, unknown ones keep their code', () => {
  const error = (code: string) => Object.assign(new Error('x'), { code });
  expect(probeProblem(error('EPERM'))).toContain('firewall');
  expect(probeProblem(error('ENETUNREACH'))).toContain('no way');
  expect(probeProblem(error('EWEIRD'))).toBe('the system refuses (EWEIRD)');
});

describe('advice', () => {
  const up = (name: string, address: string): InterfaceEvent => ({ type: 'interface', name, address, probed: true });
  const down = (name: string, address: string): InterfaceEvent => ({
    ...{ type: 'interface', name, address, probed: false, reason: 'it is down' },
  });
  const usual = ['nothing-answered', 'onvif-off', 'other-network', 'firewall'] as const;
  const nothing: SearchOutcome = {
    ...{ asked: { kind: 'network' }, interfaces: [up('eth0', '192.168.1.2')], container: false, found: 0 },
    ...{ onlyIpv6: [], namedOthers: [], unreadable: [], overflowed: false },
  };

  test.each<[string, Partial<SearchOutcome>, readonly DiscoveryAdvice['code'][]]>([
    ['cameras were found', { found: 2 }, []],
    ['nothing was found', {}, usual],
    ['there is no interface', { interfaces: [] }, ['no-network']],
    ['the only interface has no address', { interfaces: [down('eth0', '')] }, ['no-network']],
    ['the only interface refuses', { interfaces: [down('eth0', '10.0.0.2')] }, ['no-network']],
    [
      'one of two refuses',
      { interfaces: [up('eth0', '10.0.0.2'), down('eth1', '10.0.1.2')] },
      [...usual, 'probe-failed'],
    ],
    ['one of two has no cable', { found: 1, interfaces: [up('eth0', '10.0.0.2'), down('eth1', '')] }, []],
    ['a container', { container: true, interfaces: [up('eth0', '172.18.0.2')] }, ['container-network']],
    ['a container of Podman', { container: true, interfaces: [up('eth0', '10.88.0.2')] }, ['container-network']],
    [
      'a container with IPv6',
      { container: true, interfaces: [up('eth0', '172.18.0.2'), up('eth0', 'fe80::1%eth0')] },
      ['container-network'],
    ],
    ['a container that nothing else shows', { interfaces: [up('eth0', '172.17.0.2')] }, ['container-network']],
    [
      'a container in the host’s network',
      { container: true, interfaces: [up('eth0', '192.168.1.2'), up('docker0', '172.17.0.1')] },
      usual,
    ],
    ['a container with an address of the network', { container: true, interfaces: [up('eth0', '192.168.1.9')] }, usual],
    ['a host with Docker', { interfaces: [up('wlan0', '10.0.0.2'), up('docker0', '172.17.0.1')] }, usual],
    [
      'a camera found from within a container',
      { container: true, found: 1, interfaces: [up('eth0', '172.17.0.2')] },
      [],
    ],
    ['a host that is not there', { asked: { kind: 'host', host: 'x', reached: false } }, ['host-silent']],
    ['a host that is no camera', { asked: { kind: 'host', host: 'x', reached: true } }, ['host-without-camera']],
    ['an empty subnet', { asked: { kind: 'scan', range: '10.0.0.0/24' } }, ['nothing-answered']],
    ['an answer that cannot be read', { found: 1, unreadable: ['10.0.0.9'] }, ['answers-unreadable']],
    ['too many answers', { found: 512, overflowed: true }, ['answers-too-many']],
    ['wrong addresses', { found: 1, namedOthers: ['10.0.0.9'] }, ['addresses-ignored']],
    ['IPv6 alone', { found: 1, onlyIpv6: ['fe80::1%eth0'] }, ['ipv6-only']],
  ])('when %s', (_, change, codes) => {
    const advice = advise({ ...nothing, ...change });
    expect(advice.map(({ code }) => code)).toEqual(codes);
    for (const { text } of advice) expect(text).toMatch(/^\S[^\n]*\.$/);
  });

  test('it names what was searched', () => {
    const [first] = advise({ ...nothing, interfaces: [up('eth0', '10.0.0.2'), up('wlan0', '10.0.1.2')] });
    expect(first?.text).toContain('eth0 (10.0.0.2) and wlan0 (10.0.1.2)');
  });
});
