// A subnet, looked through: first each address is asked by WS-Discovery, which costs a datagram, then those that did not
// answer get one connection for each RTSP port.
import type { DiscoveredCamera } from '../../shared/discovery.ts';
import type { Clock } from '../clock.ts';
import type { AnswerInbox } from './answer-inbox.ts';
import { cameraFrom } from './camera-from-match.ts';
import { inParallel } from './in-parallel.ts';
import { onvifServices } from './onvif-ports.ts';
import { probeHosts } from './probe-hosts.ts';
import { askRtspOptions, type RtspPort, rtspPorts } from './rtsp-options.ts';
import { streamOf } from './search-host.ts';

const connectionsAtOnce = 64;
const probeWaitMs = 1_500;

export type Scan = {
  /** Checked: see scan-range.ts. */
  addresses: string[];
  inbox: AnswerInbox;
  clock: Clock;
  signal: AbortSignal;
};

/** Cameras as they are found, RTSP servers once for each address. Rejects only with the signal's reason. */
export async function* scan({ addresses, ...search }: Scan): AsyncGenerator<DiscoveredCamera, void, undefined> {
  const found = new Set<string>();
  for await (const answer of probeHosts({ ...search, addresses, waitMs: probeWaitMs })) {
    const camera = cameraFrom({ ...answer, how: 'unicast' });
    if (!camera) continue;
    found.add(camera.address);
    yield camera;
  }
  const servers = inParallel({
    items: portsOf(addresses, found),
    atOnce: connectionsAtOnce,
    work: (target, signal) => rtspServerAt({ ...search, ...target, signal }),
    signal: search.signal,
  });
  for await (const camera of servers) {
    if (!camera || found.has(camera.address)) continue;
    found.add(camera.address);
    yield camera;
  }
}

/** The usual port of all addresses first: most cameras are found in the first fifth of the time. */
function* portsOf(addresses: string[], found: ReadonlySet<string>): Generator<RtspPort & { address: string }> {
  for (const port of rtspPorts) for (const address of addresses) if (!found.has(address)) yield { ...port, address };
}

type Target = RtspPort & { address: string; clock: Clock; signal: AbortSignal };

async function rtspServerAt(target: Target): Promise<DiscoveredCamera | undefined> {
  const { address } = target;
  const stream = streamOf([await askRtspOptions(target)]);
  if (!stream.rtspUrl) return undefined;
  const [onvifUrl] = await onvifServices(target);
  return { id: address, address, ...(onvifUrl ? { onvifUrl } : {}), ...stream, how: 'scan' };
}
