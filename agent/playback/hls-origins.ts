// Where browsers fetch HLS from, for the console's content security policy.
import { isLoopbackHost } from '../../shared/loopback-host.ts';

/**
 * AWS answers with a host name of its own for every stream. Any other endpoint serves everything itself; the embedded
 * server on this machine may be named in two ways.
 */
export function hlsOrigins({ region, endpoint }: { region: string; endpoint?: string }): string[] {
  const custom = endpoint === undefined ? undefined : new URL(endpoint);
  if (!custom || /\.amazonaws\.com(\.cn)?$/.test(custom.hostname))
    return [`https://*.kinesisvideo.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`];
  if (!isLoopbackHost(custom.hostname)) return [custom.origin];
  const port = custom.port === '' ? '' : `:${custom.port}`;
  return ['127.0.0.1', 'localhost'].map(host => `${custom.protocol}//${host}${port}`);
}
