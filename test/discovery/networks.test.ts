// Cameras found across real networks: namespaces joined by cables, with the agent's command in one and cameras in others.
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { DiscoveryEvent } from '../../shared/discovery.ts';
import { cannotMakeNetworks, NetworkLab, type Place } from './network-lab.ts';
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

describe.skipIf(cannot)('across networks', { timeout: 30_000 }, () => {
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
});
