// Everything one host can be asked without signing in, at the same time: WS-Discovery to its own address, ONVIF at the
// ports cameras use, RTSP.
import type { DiscoveredCamera } from '../../shared/discovery.ts';
import type { Clock } from '../clock.ts';
import type { AnswerInbox } from './answer-inbox.ts';
import { cameraFrom } from './camera-from-match.ts';
import { onvifServices } from './onvif-ports.ts';
import { probeHosts } from './probe-hosts.ts';
import { askRtspOptions, type RtspVerdict, rtspPorts } from './rtsp-options.ts';

const probeWaitMs = 1_500;

export type HostSearch = { address: string; inbox: AnswerInbox; clock: Clock; signal: AbortSignal };

/** `reached`: the host is there, whether or not it is a camera. Rejects only with the signal's reason. */
export async function searchHost(search: HostSearch): Promise<{ cameras: DiscoveredCamera[]; reached: boolean }> {
  const asking = [
    devicesAt(search),
    onvifServices(search),
    Promise.all(rtspPorts.map(port => askRtspOptions({ ...search, ...port }))),
  ] as const;
  // When one is stopped the others are too: nothing of them is left when this ends.
  await Promise.allSettled(asking);
  const [devices, services, verdicts] = await Promise.all(asking);
  const stream = streamOf(verdicts);
  const [onvifUrl] = services;
  const { address } = search;
  const unnamed: DiscoveredCamera[] =
    onvifUrl || stream.rtspUrl ? [{ id: address, address, how: onvifUrl ? 'unicast' : 'scan' }] : [];
  const cameras = devices.length > 0 ? devices : unnamed;
  return {
    cameras: cameras.map(camera => ({ ...(onvifUrl ? { onvifUrl } : {}), ...camera, ...stream })),
    reached: cameras.length > 0 || verdicts.some(({ port }) => port !== 'silent'),
  };
}

/** What the first RTSP server of these ports says of itself. */
export function streamOf(verdicts: RtspVerdict[]): Pick<DiscoveredCamera, 'rtspUrl' | 'rtspServer'> {
  const verdict = verdicts.find(({ port }) => port === 'rtsp');
  if (verdict?.port !== 'rtsp') return {};
  return { rtspUrl: verdict.url, ...(verdict.server ? { rtspServer: verdict.server } : {}) };
}

/** A recorder answers for each of its channels. */
async function devicesAt({ address, ...search }: HostSearch): Promise<DiscoveredCamera[]> {
  const cameras = new Map<string, DiscoveredCamera>();
  for await (const answer of probeHosts({ ...search, addresses: [address], waitMs: probeWaitMs })) {
    const camera = cameraFrom({ ...answer, how: 'unicast' });
    if (camera) cameras.set(camera.id, camera);
  }
  return [...cameras.values()];
}
