// A camera's rtsp:// or rtsps:// address, taken apart once.
import { domainToASCII } from 'node:url';

export type RtspAddress = {
  tls: boolean;
  /** Without the brackets of IPv6. */
  hostname: string;
  port: number;
  /** Host and port as they may be shown: path and query of some cameras' addresses hold the password. */
  host: string;
  /** As requests name it: without user, password and fragment, in ASCII. */
  url: string;
};

const defaultPorts = { 'rtsp:': 554, 'rtsps:': 322 };

/** @throws TypeError for anything but rtsp:// and rtsps:// */
export function readRtspAddress(text: string): RtspAddress {
  const { protocol, hostname, port, host, pathname, search } = new URL(text);
  if (protocol !== 'rtsp:' && protocol !== 'rtsps:') throw new TypeError('url must be an rtsp:// or rtsps:// address');
  return {
    tls: protocol === 'rtsps:',
    // Names may have other letters than ASCII; an IPv6 address is no name.
    hostname: hostname.startsWith('[') ? hostname.slice(1, -1) : domainToASCII(hostname),
    port: port === '' ? defaultPorts[protocol] : Number(port),
    host,
    url: `${protocol}//${host}${pathname || '/'}${search}`,
  };
}
