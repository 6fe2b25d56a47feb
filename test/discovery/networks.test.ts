// Cameras found across real networks: namespaces joined by cables, with the agent's command in one and cameras in others.
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { DiscoveryEvent } from '../../shared/discovery.ts';
import { cannotMakeNetworks, NetworkLab, type Place } from './network-lab.ts';
import { ownAddress } from './own-addresses.ts';
import type { Device } from './pretend-device.ts';

const command = join(import.meta.dirname, '../../agent/cli.ts');
const deviceProgram = join(import.meta.dirname, 'pretend-device.ts');
const cannot = await cannotMakeNetworks();
if (cannot) console.warn(`Searches across networks are not tested: ${cannot}.`);

async function discover(place: Place, ...args: string[]): Promise<DiscoveryEvent[]> {
  const warnings = '--disable-warning=ExperimentalWarning';
  const printed = await place.run(process.execPath, warnings, command, 'discover', '--json', '--seconds', '2', ...args);
  return printed
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line));
}

function found(events: DiscoveryEvent[]) {
  return events.flatMap(event => (event.type === 'found' ? event.camera : []));
}

function advice(events: DiscoveryEvent[]) {
  return events.flatMap(event => (event.type === 'done' ? event.advice.map(({ code }) => code) : []));
}

type Cable = { agent: string[]; camera: string[]; device: Device };

/** A device with an interface (eth1, eth2, …) and a camera for each cable; its default route leads over the first. */
async function site(lab: NetworkLab, cables: Cable[]): Promise<Place> {
  const agent = await lab.place();
  for (const [index, cable] of cables.entries()) {
    const camera = await lab.place();
    const ends = [
      { place: agent, name: `eth${index + 1}`, addresses: cable.agent },
      { place: camera, name: 'eth0', addresses: cable.camera },
    ] as const;
    await lab.cable(...ends);
    await camera.ip('route', 'add', 'default', 'dev', 'eth0');
    if (index === 0) await agent.ip('route', 'add', 'default', 'dev', 'eth1');
    await camera.start(deviceProgram, JSON.stringify(cable.device));
  }
  return agent;
}

describe.skipIf(cannot)('across networks', { concurrent: true, timeout: 120_000 }, () => {
  test('cameras on three interfaces are found in one search, wherever the default route leads', async () => {
    await using lab = new NetworkLab();
    const agent = await site(
      lab,
      [1, 2, 3].map(n => ({
        agent: [`10.61.${n}.1/24`],
        camera: [`10.61.${n}.2/24`],
        device: { name: `Camera ${n}` },
      })),
    );
    const events = await discover(agent);
    expect(found(events).sort((a, b) => (a.address < b.address ? -1 : 1))).toEqual(
      [1, 2, 3].map(n => ({
        id: `urn:uuid:Camera ${n}`,
        address: `10.61.${n}.2`,
        name: `Camera ${n}`,
        model: 'Pretend-1',
        location: 'nowhere',
        onvifUrl: `http://10.61.${n}.2/onvif/device_service`,
        how: 'ws-discovery',
      })),
    );
    expect(events.filter(({ type }) => type === 'interface')).toEqual(
      expect.arrayContaining(
        [1, 2, 3].map(n => ({ type: 'interface', name: `eth${n}`, address: `10.61.${n}.1`, probed: true })),
      ),
    );
    expect(advice(events)).toEqual([]);
  });

  test('without a network the reason is that there is none', async () => {
    await using lab = new NetworkLab();
    const events = await discover(await lab.place());
    expect(events).toEqual([{ type: 'done', advice: [{ code: 'no-network', text: expect.any(String) }] }]);
  });

  test('one interface and no camera: every usual reason is named, and the interface that was searched', async () => {
    await using lab = new NetworkLab();
    const [agent, neighbour] = [await lab.place(), await lab.place()];
    await lab.cable(
      { place: agent, name: 'eth0', addresses: ['192.168.61.1/24'] },
      { place: neighbour, name: 'eth0', addresses: ['192.168.61.2/24'] },
    );
    const events = await discover(agent);
    expect(advice(events)).toEqual(['nothing-answered', 'onvif-off', 'other-network', 'firewall']);
    expect(JSON.stringify(events.at(-1))).toContain('eth0 (192.168.61.1)');
  });

  test('a container with a network of its own is told so', async () => {
    await using lab = new NetworkLab();
    const [container, host] = [await lab.place(), await lab.place()];
    await lab.cable(
      { place: container, name: 'eth0', addresses: ['172.17.0.2/16'] },
      { place: host, name: 'docker0', addresses: ['172.17.0.1/16'] },
    );
    await container.ip('route', 'add', 'default', 'via', '172.17.0.1');
    expect(advice(await discover(container))).toEqual(['container-network']);
  });

  test('an interface that cannot be used is told with its reason, and the others are searched', async () => {
    await using lab = new NetworkLab();
    const agent = await site(lab, [
      { agent: ['10.61.1.1/24'], camera: ['10.61.1.2/24'], device: { name: 'Camera 1' } },
      { agent: [], camera: [], device: { name: 'Camera 2' } },
    ]);
    // The system goes on asking whether another device has the same address, and lets nobody use it meanwhile.
    await agent.set('net/ipv6/conf/eth2/accept_dad', 1);
    await agent.set('net/ipv6/conf/eth2/dad_transmits', 1_000);
    for (const state of ['down', 'up']) await agent.ip('link', 'set', 'eth2', state);
    await expect.poll(() => agent.run('ip', 'address', 'show', 'dev', 'eth2')).toContain('tentative');
    const events = await discover(agent);
    expect(found(events).map(({ address }) => address)).toEqual(['10.61.1.2']);
    expect(events).toContainEqual({
      ...{ type: 'interface', name: 'eth2', address: expect.stringContaining('%eth2'), probed: false },
      reason: 'its address is not usable yet, or no more',
    });
    expect(advice(events)).toEqual(['probe-failed']);
  });

  test('a camera without IPv4 is found over IPv6; one with both is shown once, with IPv4', async () => {
    await using lab = new NetworkLab();
    const agent = await site(lab, [
      { agent: ['10.61.1.1/24'], camera: ['10.61.1.2/24'], device: { name: 'Both' } },
      { agent: [], camera: [], device: { name: 'Six' } },
    ]);
    const events = await discover(agent);
    expect(found(events)).toMatchObject([
      { name: 'Both', address: '10.61.1.2' },
      { name: 'Six', address: expect.stringMatching(/^fe80::.*%eth2$/) },
    ]);
    expect(found(events)[1]).not.toHaveProperty('onvifUrl');
    expect(advice(events)).toEqual(['ipv6-only']);
  });

  test('a camera that hears two interfaces of this device is one camera', async () => {
    await using lab = new NetworkLab();
    const [agent, lan, camera] = [await lab.place(), await lab.place(), await lab.place()];
    await lan.ip('link', 'add', 'bridge', 'type', 'bridge', 'mcast_snooping', '0');
    await lan.ip('link', 'set', 'bridge', 'up');
    const ends = [
      { place: agent, name: 'eth0', addresses: ['10.61.1.1/24'] },
      { place: agent, name: 'wlan0', addresses: ['10.61.1.3/24'] },
      { place: camera, name: 'eth0', addresses: ['10.61.1.2/24'] },
    ];
    for (const [index, end] of ends.entries()) {
      await lab.cable(end, { place: lan, name: `port${index}` });
      await lan.ip('link', 'set', `port${index}`, 'master', 'bridge');
    }
    await camera.start(deviceProgram, JSON.stringify({ name: 'Yard' }));
    const events = await discover(agent);
    expect(events.filter(event => event.type === 'interface' && event.probed).length).toBe(4);
    expect(found(events)).toMatchObject([{ name: 'Yard', address: '10.61.1.2' }]);
  });

  test('a camera behind a router, which no multicast reaches, is found by its address and by a scan', async () => {
    await using lab = new NetworkLab();
    const [agent, router, camera] = [await lab.place(), await lab.place(), await lab.place()];
    await lab.cable(
      { place: agent, name: 'eth0', addresses: ['192.168.61.1/24'] },
      { place: router, name: 'lan', addresses: ['192.168.61.254/24'] },
    );
    await lab.cable(
      { place: camera, name: 'eth0', addresses: ['192.168.62.2/24'] },
      { place: router, name: 'vlan2', addresses: ['192.168.62.254/24'] },
    );
    await router.set('net/ipv4/ip_forward', 1);
    await agent.ip('route', 'add', 'default', 'via', '192.168.61.254');
    await camera.ip('route', 'add', 'default', 'via', '192.168.62.254');
    await camera.start(deviceProgram, JSON.stringify({ name: 'Far' }));
    const camera2 = { name: 'Far', address: '192.168.62.2', how: 'unicast' };
    const [everywhere, byAddress, byScan] = await Promise.all([
      discover(agent),
      discover(agent, '--host', '192.168.62.2'),
      discover(agent, '--scan', '192.168.62.0/29'),
    ]);
    expect(found(everywhere)).toEqual([]);
    expect(advice(everywhere)).toContain('other-network');
    expect(found(byAddress)).toMatchObject([camera2]);
    expect(found(byScan)).toMatchObject([camera2]);
  });

  test('people read rows, what was searched, and which camera they have already', async () => {
    await using lab = new NetworkLab();
    const agent = await site(lab, [
      { agent: ['10.61.1.1/24'], camera: ['10.61.1.2/24'], device: { name: 'Front door' } },
    ]);
    await using settings = await settingsFile('cameras: [{ id: door, url: "rtsp://10.61.1.2/main" }]\n');
    const printed = await agent.run(process.execPath, command, 'discover', '--seconds', '2', '--config', settings.path);
    expect(printed.split('\n')).toEqual([
      expect.stringMatching(
        /^10\.61\.1\.2 {8}Front door Pretend-1 \(nowhere\) +http:\/\/10\.61\.1\.2\/onvif\/device_service {2}already added as door$/,
      ),
      '',
      '1 camera found.',
      expect.stringMatching(/^Searched: eth1 \(10\.61\.1\.1\), eth1 \(fe80::[0-9a-f:]+%eth1\)\.$/),
      '',
    ]);
  });
});

async function settingsFile(text: string): Promise<AsyncDisposable & { path: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'kvs-edge-discovery-'));
  const path = join(folder, 'kvs-edge.yaml');
  await writeFile(path, text);
  return { path, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}

describe('the command', () => {
  const run = (...args: string[]) =>
    new Promise<{ code: number; said: string }>(resolve => {
      const all = ['--disable-warning=ExperimentalWarning', command, 'discover', ...args];
      execFile(process.execPath, all, (error, stdout, stderr) =>
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, said: stdout || stderr }),
      );
    });

  test.concurrent.each([
    ['two places', ['--host', 'camera', '--scan', '10.0.0.0/30'], 2, 'discover takes --host or --scan, not both'],
    ['no time', ['--seconds', '0'], 2, '--seconds takes a number from 1 to 60'],
    ['a network that is not the owner’s', ['--scan', '198.51.100.0/24'], 1, '[scan-refused]'],
    ['a host that nobody knows', ['--host', 'no-such-host.invalid'], 1, '[camera-host-unknown]'],
    [
      'a host without a camera',
      ['--host', ownAddress(1)],
      0,
      `No cameras found.\n- ${ownAddress(1)} is there, but answers`,
    ],
  ])('with %s', async (_, args, code, sentence) => {
    expect(await run(...args)).toEqual({ code, said: expect.stringContaining(sentence) });
  });
});
