// `kvs-edge discover`: cameras as they are found, then where was searched, and what can be done when some are missing.
import type { DiscoveredCamera, DiscoveryEvent, InterfaceEvent } from '../../shared/discovery.ts';
import { systemClock } from '../clock.ts';
import { discover, type SearchPlace } from '../discovery/discover.ts';
import { isAbort } from '../errors.ts';
import { loadSettings } from '../settings/load.ts';

/** As of a process that SIGINT ended. */
const interruptedExitCode = 130;

export type DiscoverArguments = {
  settingsFile?: string | undefined;
  host?: string | undefined;
  /** Typing it is the consent to scan it. */
  range?: string | undefined;
  seconds: number;
  json: boolean;
};

/**
 * Resolves with the exit code: 0 also when nothing was found, 130 when it was interrupted. Rejects with an AgentError when
 * the settings cannot be read, the host is not known, or the range may not be scanned.
 */
export async function discoverCommand(
  { settingsFile, host, range, seconds, json }: DiscoverArguments,
  print: (text: string) => void,
  signal: AbortSignal,
): Promise<number> {
  const cameras = settingsFile === undefined ? [] : (await loadSettings(settingsFile)).cameras;
  const place = placeOf(host, range);
  const events = discover({ place, cameras, durationMs: seconds * 1000, clock: systemClock, signal });
  const told: DiscoveryEvent[] = [];
  try {
    for await (const event of events) {
      told.push(event);
      if (json) print(`${JSON.stringify(event)}\n`);
      else if (event.type === 'found') print(row(event.camera));
      else if (event.type === 'done') print(closing(told));
    }
    return 0;
  } catch (error) {
    if (isAbort(error, signal)) return interruptedExitCode;
    throw error;
  }
}

function placeOf(host?: string, range?: string): SearchPlace {
  if (host !== undefined) return { kind: 'host', host };
  if (range !== undefined) return { kind: 'scan', range, consent: true };
  return { kind: 'network' };
}

function row({ address, vendor, model, name, location, onvifUrl, rtspUrl, ...camera }: DiscoveredCamera): string {
  const repeats = [vendor, model].filter(word => word !== undefined && !name?.includes(word));
  const what = [name, ...repeats, location && `(${location})`].filter(word => word !== undefined).join(' ');
  const columns = [
    address.padEnd(15),
    (what || (camera.rtspServer ?? 'unnamed')).padEnd(32),
    ...[onvifUrl, rtspUrl].filter(url => url !== undefined),
    ...(camera.alreadyAdded ? [`already added as ${camera.alreadyAdded}`] : []),
  ];
  return `${columns.join('  ').trimEnd()}\n`;
}

function closing(told: DiscoveryEvent[]): string {
  const interfaces = told.filter(({ type }) => type === 'interface') as InterfaceEvent[];
  const found = told.filter(({ type }) => type === 'found').length;
  const advice = told.flatMap(event => (event.type === 'done' ? event.advice : []));
  const probed = interfaces.filter(({ probed }) => probed).map(({ name, address }) => `${name} (${address})`);
  const left = interfaces
    .filter(({ probed }) => !probed)
    .map(({ name, address, reason }) => {
      return `Not searched: ${address === '' ? name : `${name} (${address})`}: ${reason}.`;
    });
  return [
    ...(found > 0 ? [''] : []),
    found === 1 ? '1 camera found.' : `${found === 0 ? 'No' : found} cameras found.`,
    ...(probed.length > 0 ? [`Searched: ${probed.join(', ')}.`] : []),
    ...left,
    ...advice.map(({ text }) => `- ${text}`),
    '',
  ].join('\n');
}
