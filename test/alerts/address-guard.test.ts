// Where webhooks may not go: literal addresses in every writing, names, names that change their meaning.
import { execFileSync } from 'node:child_process';
import { createServer } from 'node:http';
import { isIPv4, type LookupFunction } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { AddressGuard } from '../../agent/alerts/address-guard.ts';
import { type AddressKind, kindOf } from '../../agent/alerts/address-kinds.ts';
import { webhookDestination, webhookSink } from '../../agent/alerts/sinks/webhook.ts';
import { systemClock } from '../../agent/clock.ts';
import { Secret } from '../../agent/secret.ts';
import { seededRandom } from '../spool/scene.ts';
import { firing } from './scene.ts';
import { scriptedNameServer } from './scripted-name-server.ts';

const kinds: [AddressKind, string[]][] = [
  ['public', ['1.1.1.1', '8.8.8.8', '9.255.255.255', '11.0.0.0', '100.63.255.255', '100.128.0.0', '126.255.255.255']],
  ['public', ['128.0.0.0', '169.253.255.255', '169.255.0.0', '172.15.255.255', '172.32.0.0', '192.167.255.255']],
  ['public', ['192.169.0.0', '198.17.255.255', '198.20.0.0', '223.255.255.255', '2606:4700::1111', '2a00::1']],
  ['public', ['::ffff:8.8.8.8', '::ffff:808:808', '64:ff9b::8.8.8.8', '2002:808:808::1']],
  ['device', ['127.0.0.1', '127.255.255.255', '0.0.0.0', '0.1.2.3', '::1', '::', '0:0:0:0:0:0:0:1']],
  [
    'device',
    ['::ffff:127.0.0.1', '::FFFF:7F00:1', '64:ff9b::127.0.0.1', '64:ff9b::7f00:1', '2002:7f00:1::', '::ffff:0:0'],
  ],
  ['private', ['10.0.0.0', '10.255.255.255', '172.16.0.0', '172.31.255.255', '192.168.0.0', '192.168.255.255']],
  [
    'private',
    ['100.64.0.0', '100.127.255.255', 'fc00::', 'fdff::1', 'fec0::1', '::ffff:192.168.1.1', '2002:c0a8:101::1'],
  ],
  ['link-local', ['169.254.0.0', '169.254.255.255', 'fe80::1', 'fe80::1%eth0', 'febf::1', '64:ff9b::a9fe:1']],
  [
    'metadata',
    ['169.254.169.254', '::ffff:169.254.169.254', '64:ff9b::a9fe:a9fe', '2002:a9fe:a9fe::', 'fd00:ec2::254'],
  ],
  ['metadata', ['169.254.170.2', '100.100.100.200', '168.63.129.16', '192.0.0.192', 'fd20:ce::254']],
  [
    'reserved',
    ['224.0.0.1', '239.255.255.255', '240.0.0.1', '255.255.255.255', '192.0.0.1', '192.0.2.1', '198.18.0.1'],
  ],
  [
    'reserved',
    ['198.51.100.1', '203.0.113.1', '192.88.99.1', 'ff02::1', '2001::1', '2001:db8::1', '3fff::1', '100::1'],
  ],
  [
    'reserved',
    ['::127.0.0.1', '::8.8.8.8', '::ffff:0:127.0.0.1', '64:ff9b:1::7f00:1', '5f00::1', '4000::1', 'e000::1'],
  ],
];

test.each(kinds)('%s: %j', (kind, addresses) => {
  expect(addresses.map(kindOf)).toEqual(addresses.map(() => kind));
});

function randomAddresses(count: number): string[] {
  const random = seededRandom(20_261_123);
  const upTo = (bound: number) => Math.floor(random() * bound);
  const starts = ['0', '10', '100', '127', '169', '172', '192', '198', '203', '224', '240', '255'];
  const quad = () =>
    [random() < 0.7 ? starts[upTo(starts.length)] : upTo(256), upTo(256), upTo(256), upTo(256)].join('.');
  const prefixes = ['', 'fc00:', 'fd00:', 'fe80:', 'fec0:', 'ff02:', '2001:', '2001:db8:', '3fff:', '100:', '2606:'];
  const group = () => upTo(65_536).toString(16);
  const six = () => `${prefixes[upTo(prefixes.length)]}${group()}::${group()}`;
  return Array.from({ length: count }, () => (random() < 0.6 ? quad() : six()));
}

test('nothing is public that Python’s ipaddress does not take for global', () => {
  const addresses = randomAddresses(5_000);
  const program = [
    'import ipaddress, json, sys',
    'addresses = map(ipaddress.ip_address, json.load(sys.stdin))',
    'print(json.dumps([a.is_global and not getattr(a, "is_site_local", False) for a in addresses]))',
  ].join('\n');
  const globals: boolean[] = JSON.parse(
    execFileSync('python3', ['-c', program], { input: JSON.stringify(addresses), encoding: 'utf8' }),
  );
  const wrong = addresses.filter((address, at) => kindOf(address) === 'public' && !globals[at]);
  expect(wrong).toEqual([]);
  // The other way round only where it is meant: multicast, metadata services and what has no use.
  const missed = addresses.filter(
    (address, at) => globals[at] && !['public', 'reserved', 'metadata'].includes(kindOf(address)),
  );
  expect(missed).toEqual([]);
  expect(addresses.filter(address => kindOf(address) === 'public').length).toBeGreaterThan(500);
});

test('an IPv4 address stays what it is inside an IPv6 one', () => {
  const addresses = randomAddresses(2_000).filter(isIPv4);
  for (const address of addresses) {
    const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
    const hex = `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
    const forms = [
      `::ffff:${address}`,
      `0:0:0:0:0:FFFF:${hex}`,
      `64:ff9b::${address}`,
      `64:ff9b::${hex}`,
      `2002:${hex}::5`,
    ];
    expect(forms.map(kindOf), address).toEqual(forms.map(() => kindOf(address)));
  }
});

const never = new AbortController().signal;

/** Listens on every IPv4 and IPv6 address of loopback, so that whoever gets through is seen, by what it asked for. */
async function openReceiver() {
  const hosts: string[] = [];
  const server = createServer((request, response) => {
    hosts.push(`${request.headers.host} at ${request.socket.localAddress?.replace('::ffff:', '')}`);
    response.writeHead(204).end();
  });
  await new Promise<void>(resolve => server.listen(0, '::', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return { port: typeof address === 'object' && address ? address.port : 0, hosts };
}

function deliver(
  url: string,
  { allow = [], resolve }: { allow?: string[]; resolve?: LookupFunction } = {},
): Promise<void> {
  const sink = webhookSink({
    ...{ url, allow, secret: new Secret('s'), destination: webhookDestination(url), clock: systemClock },
    ...(resolve ? { resolve } : {}),
    ...{ context: { streamOf: () => undefined }, timeoutMs: 60_000 },
  });
  return sink.deliver({ id: 'a', ...firing(), deliveries: [] }, never);
}

const forbidden = { code: 'delivery-forbidden', kind: 'denied', retry: 'later' };

test.each([
  ...[
    '127.0.0.1',
    '127.1',
    '2130706433',
    '0x7f000001',
    '0x7f.1',
    '0177.0.0.1',
    '017700000001',
    '１２７.0.0.1',
    '0',
    '0.0.0.0',
  ],
  ...[
    '[::1]',
    '[::]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[0:0:0:0:0:ffff:7f00:1]',
    '[64:ff9b::7f00:1]',
    '[2002:7f00:1::]',
  ],
  ...['localhost', 'LOCALHOST', '%6c%6fcalhost', '127.0.0.1.'],
])('http://%s is refused, and nothing is sent', async host => {
  const { port, hosts } = await openReceiver();
  await expect(deliver(`http://${host}:${port}/hook?token=canary`)).rejects.toMatchObject({
    ...forbidden,
    message: expect.stringMatching(/^(?!.*canary).*allow: \['[\d.:a-f]+'\]$/),
  });
  expect(hosts).toEqual([]);
});

test.each([
  ['169.254.169.254', /hands out this machine’s cloud credentials/],
  ['[fd00:ec2::254]', /hands out this machine’s cloud credentials.*allow: \['fd00:ec2::254'\]/],
  ['169.254.7.7', /link-local/],
  ['[fe80::1]', /link-local/],
  ['10.1.2.3', /a private network.*allow: \['10\.1\.2\.3'\]$/],
  ['192.168.178.20', /a private network/],
  ['100.64.0.1', /a private network/],
  ['[fd12::1]', /a private network/],
  ['224.0.0.1', /reserved or multicast/],
  ['255.255.255.255', /reserved or multicast/],
])('%s is refused before a socket opens, and why is said with the line that would allow it', async (host, says) => {
  const refused = { ...forbidden, message: expect.stringMatching(says) };
  await expect(deliver(`http://${host}/hook`)).rejects.toMatchObject(refused);
  await expect(deliver(`https://${host}/hook`)).rejects.toMatchObject(refused);
});

test('the line that the refusal names lets the alert through', async () => {
  const { port, hosts } = await openReceiver();
  for (const host of ['127.0.0.1', '[::1]', 'localhost', '[::ffff:127.0.0.1]']) {
    const url = `http://${host}:${port}/hook`;
    const refusal = await deliver(url).catch((error: unknown) => String(error));
    const [, line = '[]'] = /allow: (\[.*\])$/.exec(refusal ?? '') ?? [];
    const allow: string[] = JSON.parse(line.replaceAll("'", '"'));
    // A name may have addresses of both families, of which each is named in its turn.
    await deliver(url, { allow }).catch(() => deliver(url, { allow: [...allow, '127.0.0.1', '::1'] }));
  }
  expect(hosts).toHaveLength(4);
});

test('a name that means another address at the next look is refused then: DNS rebinding', async () => {
  const { port, hosts } = await openReceiver();
  // 127.0.0.2 stands for a host outside, so that nothing leaves this machine.
  const { lookup, asked } = await scriptedNameServer([
    ['127.0.0.2'],
    ['127.0.0.1'],
    ['169.254.169.254'],
    ['127.0.0.2'],
  ]);
  const attempt = () => deliver(`http://rebind.example:${port}/hook`, { allow: ['127.0.0.2'], resolve: lookup });
  await attempt();
  await expect(attempt()).rejects.toMatchObject({
    ...forbidden,
    message: expect.stringContaining('127.0.0.1 (rebind.example)'),
  });
  await expect(attempt()).rejects.toMatchObject({ ...forbidden, message: expect.stringContaining('credentials') });
  await attempt();
  // One question for each attempt: between the check and the connection nobody is asked again.
  expect(asked()).toBe(4);
  expect(hosts).toEqual(Array(2).fill(`rebind.example:${port} at 127.0.0.2`));
});

test.each([[['127.0.0.2', '127.0.0.1']], [['127.0.0.1', '127.0.0.2']], [['127.0.0.2', '10.0.0.1', '127.0.0.2']]])(
  'a name with the addresses %j is refused for the one that is not allowed',
  async addresses => {
    const { port, hosts } = await openReceiver();
    const { lookup } = await scriptedNameServer([addresses]);
    const attempt = deliver(`http://mixed.example:${port}/hook`, { allow: ['127.0.0.2'], resolve: lookup });
    await expect(attempt).rejects.toMatchObject(forbidden);
    expect(hosts).toEqual([]);
  },
);

test('a name without an address is no refusal', async () => {
  const { lookup } = await scriptedNameServer([[]]);
  const notFound = { code: 'delivery-failed', message: expect.stringContaining('cannot be found') };
  await expect(deliver('http://empty.example/hook', { resolve: lookup })).rejects.toMatchObject(notFound);
});

const allowances: [allow: string[], host: string, address: string, isAllowed: boolean][] = [
  [[], 'example.com', '93.184.215.14', true],
  [[], 'nas.local', '192.168.1.5', false],
  [['192.168.1.5'], 'nas.local', '192.168.1.5', true],
  [['192.168.1.5'], 'nas.local', '::ffff:192.168.1.5', true],
  [['::ffff:192.168.1.5'], 'nas.local', '192.168.1.5', true],
  [['192.168.1.6'], 'nas.local', '192.168.1.5', false],
  [['192.168.0.0/16'], 'nas.local', '192.168.1.5', true],
  [['192.168.1.77/16'], 'nas.local', '192.168.200.5', true],
  [['10.0.0.0/8', 'fd00::/8'], 'nas.local', 'fd12::1', true],
  [['NAS.local'], 'nas.LOCAL.', '192.168.1.5', true],
  [['nas.local'], 'nas.local', 'fe80::5', true],
  [['nas.local'], 'nas.local', '127.0.0.1', false],
  [['nas.local'], 'other.nas.local', '192.168.1.5', false],
  [['nas.local'], 'nas.local', '169.254.169.254', false],
  [['nas.local'], 'nas.local', '224.0.0.1', false],
  [['localhost'], 'localhost', '127.0.0.1', true],
  [['localhost'], 'localhost', '::1', true],
  [['localhost'], 'localhost', '169.254.169.254', false],
  [['127.0.0.0/8'], 'pi', '127.0.1.1', true],
  [['169.254.0.0/16', 'fd00::/8', '0.0.0.0/0'], 'evil.example', '169.254.169.254', false],
  [['169.254.0.0/16', 'fd00::/8', '::/0'], 'evil.example', 'fd00:ec2::254', false],
  [['169.254.169.254'], 'evil.example', '169.254.169.254', true],
  [['0.0.0.0/0'], 'anything', '10.0.0.1', true],
  [['::/0'], 'anything', 'fe80::1', true],
];

test.each(allowances)('allow %j: %s at %s is allowed: %s', (allow, host, address, isAllowed) => {
  const resolve: LookupFunction = (_hostname, _options, callback) => callback(null, [{ address, family: 0 }]);
  const guard = new AddressGuard({ allow, destination: 'webhook', resolve });
  const answers: unknown[] = [];
  guard.lookup(host, { all: true }, (error, found) => answers.push(error ?? found));
  guard.lookup(host, {}, (error, found) => answers.push(error ?? found));
  const refused = expect.objectContaining({ code: 'delivery-forbidden' });
  expect(answers).toEqual(isAllowed ? [[{ address, family: 0 }], address] : [refused, refused]);
});
