// Everything one host can be asked without signing in: WS-Discovery to its own address, ONVIF at the ports cameras use,
// RTSP.
import type { DiscoveredCamera } from '../../shared/discovery.ts';
import type { Clock } from '../clock.ts';
import { cameraFrom } from './camera-from-match.ts';
import { fitsInUrl } from './host-in-url.ts';
import { onvifServices } from './onvif-ports.ts';
import { type HostAnswers, probeHost } from './probe-host.ts';
import { askRtspOptions, type RtspVerdict, rtspPorts } from './rtsp-options.ts';

/** For one host there is time; of many each is asked twice, half a second apart, and the answer to a unicast is due at once. */
const probeWaitMs = { named: 1_500, scanned: 500 };

export type HostSearch = { address: string; clock: Clock; signal: AbortSignal };

export type HostFindings = {
  cameras: DiscoveredCamera[];
  /** The host is there, whether or not it is a camera. */
  reached: boolean;
  /** It answered something that could not be read. */
  unreadable: boolean;
};

/** All of it at the same time, for a host that its owner named. Rejects only with the signal's reason. */
export async function searchHost(search: HostSearch): Promise<HostFindings> {
  const asking = [
    probeHost({ ...search, waitMs: probeWaitMs.named }),
    onvifServices(search),
    Promise.all(rtspPorts.map(port => askRtspOptions({ ...search, ...port }))),
  ] as const;
  // When one is stopped the others are too: nothing of them is left when this ends.
  await Promise.allSettled(asking);
  const [probed, services, verdicts] = await Promise.all(asking);
  return findings(search.address, { probed, services, verdicts });
}

/**
 * For one address of many, most of which are nobody's: only who shows at the RTSP ports that it is there is asked more,
 * and only RTSP servers are asked for ONVIF over HTTP. Rejects only with the signal's reason.
 */
export async function searchScanned(search: HostSearch): Promise<HostFindings> {
  const verdicts = await Promise.all(rtspPorts.map(port => askRtspOptions({ ...search, ...port })));
  if (!verdicts.some(isSignOfLife)) return { cameras: [], reached: false, unreadable: false };
  const probed = await probeHost({ ...search, waitMs: probeWaitMs.scanned });
  const isUnknown = probed.answers.length === 0 && verdicts.some(({ port }) => port === 'rtsp');
  const services = isUnknown ? await onvifServices(search) : [];
  return findings(search.address, { probed, services, verdicts });
}

type Evidence = { probed: HostAnswers; services: string[]; verdicts: RtspVerdict[] };

function findings(address: string, { probed, services, verdicts }: Evidence): HostFindings {
  const [onvifUrl] = services;
  const stream = streamOf(verdicts);
  const urls = fitsInUrl(address) ? { ...(onvifUrl ? { onvifUrl } : {}), ...stream } : {};
  // A recorder answers for each of its channels.
  const devices = probed.answers.flatMap(answer => cameraFrom({ ...answer, how: 'unicast' }) ?? []);
  const unnamed: DiscoveredCamera = { id: address, address, how: onvifUrl ? 'unicast' : 'scan' };
  const isCamera = onvifUrl !== undefined || stream.rtspUrl !== undefined;
  const cameras = devices.length > 0 || !isCamera ? devices : [unnamed];
  return {
    cameras: cameras.map(camera => ({ ...urls, ...camera })),
    reached: cameras.length > 0 || probed.unreadable || verdicts.some(isSignOfLife),
    unreadable: probed.unreadable && devices.length === 0,
  };
}

function isSignOfLife({ port }: RtspVerdict): boolean {
  return port !== 'silent';
}

/** What the first RTSP server of these ports says of itself. */
function streamOf(verdicts: RtspVerdict[]): Pick<DiscoveredCamera, 'rtspUrl' | 'rtspServer'> {
  const verdict = verdicts.find(({ port }) => port === 'rtsp');
  if (verdict?.port !== 'rtsp') return {};
  return { rtspUrl: verdict.url, ...(verdict.server ? { rtspServer: verdict.server } : {}) };
}
