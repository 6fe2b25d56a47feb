// Which of the cameras in the settings a found one is: the one with the same host, or whose host is a name of that address.
import type { Clock } from '../clock.ts';
import { resolveHost } from './resolve-host.ts';

/** Cameras that are no network address (a device, a file) have no url, or one without a host. */
export type KnownCamera = { id: string; url?: string | undefined; onvif?: { url?: string | undefined } | undefined };

/** `addresses`: those its host stands for. */
export type KnownHost = { id: string; host: string; addresses: string[] };

/** Names that cannot be resolved in time have no addresses. Never rejects. */
export async function knownHosts(cameras: readonly KnownCamera[], clock: Clock): Promise<KnownHost[]> {
  const known = cameras.flatMap(({ id, url, onvif }) => {
    const hosts = [url, onvif?.url].map(hostOf).filter(host => host !== '');
    return [...new Set(hosts)].map(host => ({ id, host }));
  });
  return Promise.all(
    known.map(async ({ id, host }) => ({ id, host, addresses: (await resolveHost(host, clock)).map(bare) })),
  );
}

/** The id of the first of these cameras that is at the address. Pure. */
export function alreadyAdded(address: string, known: readonly KnownHost[]): string | undefined {
  const wanted = bare(address);
  return known.find(({ host, addresses }) => host === wanted || addresses.includes(wanted))?.id;
}

function hostOf(url = ''): string {
  return URL.canParse(url) ? bare(new URL(url).hostname) : '';
}

/** Without brackets and `%interface`, in small letters. */
function bare(host: string): string {
  return host.replace(/^\[|\]$|%.*$/g, '').toLowerCase();
}
