// A host that somebody named without a port: where it answers ONVIF and RTSP, asked at the ports that cameras use.
import type { Clock } from '../clock.ts';
import { mayAsk } from '../discovery/address-rules.ts';
import { resolveHost } from '../discovery/resolve-host.ts';
import { searchHost } from '../discovery/search-host.ts';

export type FoundAtHost = {
  onvifUrl?: string | undefined;
  rtspUrl?: string | undefined;
  /** Why there is neither. */
  trouble: 'hostUnknown' | 'unreachable';
};

/** Rejects only with the signal's reason. */
export async function findAtHost(host: string, options: { clock: Clock; signal: AbortSignal }): Promise<FoundAtHost> {
  const { clock, signal } = options;
  const addresses = await resolveHost(host.replace(/^\[|\]$/g, ''), clock);
  const address = addresses.find(address => address.includes('.')) ?? addresses[0];
  if (address === undefined) return { trouble: 'hostUnknown' };
  if (!mayAsk(address)) return { trouble: 'unreachable' };
  const { cameras } = await searchHost({ address, clock, signal });
  const [first] = cameras;
  return { onvifUrl: first?.onvifUrl, rtspUrl: first?.rtspUrl, trouble: 'unreachable' };
}
