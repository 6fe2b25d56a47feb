// Where a camera is, and the rule that no request leaves it: every address a device names is moved to the device's own.
// Pure, but for the one look-up of a host name; the IP address found then is used for every connection that follows, so a
// name that later points elsewhere changes nothing.
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { onvifError } from '../onvif-errors.ts';

export type CameraAddress = {
  /** As the user wrote it, IPv6 without brackets. Shown in errors. */
  host: string;
  /** The IP address all connections go to. */
  ip: string;
  port: number;
  secure: boolean;
  /** Of the device service, with its query. */
  path: string;
};

/** Host, host:port, or a whole address of a device service. */
export type AddressOptions = string | { host: string; port?: number | undefined };

const usualPath = '/onvif/device_service';

/** Resolves a host name. Rejects with `camera-host-unknown`, or `camera-unreachable` when the address makes no sense. */
export async function locate(address: AddressOptions): Promise<CameraAddress> {
  const { host, port, secure, path } = readAddress(address);
  if (isIP(host) !== 0) return { host, ip: host, port, secure, path };
  const found = await lookup(host).catch((cause: unknown) => {
    throw onvifError('hostUnknown', { host, cause });
  });
  return { host, ip: found.address, port, secure, path };
}

type WrittenAddress = Omit<CameraAddress, 'ip'>;

/** @throws AgentError `camera-host-unknown` for what is no address */
export function readAddress(address: AddressOptions): WrittenAddress {
  const text = typeof address === 'string' ? address : `${bracketed(address.host)}:${address.port ?? ''}`;
  const whole = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${isIP(text) === 6 ? `[${text}]` : text}`;
  const url = URL.canParse(whole) ? new URL(whole) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '')
    throw onvifError('hostUnknown', { host: url?.hostname || 'this address' });
  const secure = url.protocol === 'https:';
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? webPort({ secure }) : Number(url.port),
    secure,
    path: url.pathname === '/' && url.search === '' ? usualPath : url.pathname + url.search,
  };
}

/** A place on the camera that HTTP requests may go to. */
export type CameraPath = { port: number; path: string };

/**
 * An address the device names, moved to the device itself: of an address elsewhere only the path is used, on the port we
 * came by. `portless` is the port of an address that is the device's and names none: some forget it for their services.
 * Undefined when it is no http address at all.
 */
export function onCamera(named: string, camera: CameraAddress, portless = camera.port): CameraPath | undefined {
  const url = URL.canParse(named, baseUrl(camera)) ? new URL(named, baseUrl(camera)) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) return undefined;
  const path = url.pathname + url.search;
  const same = isOwnHost(url.hostname, camera) && (url.protocol === 'https:') === camera.secure;
  const written = /^\w+:\/\/[^/?#]*:(\d{1,5})(?:[/?#]|$)/.exec(named)?.[1];
  if (!same) return { port: camera.port, path };
  return { port: written === undefined ? portless : Number(written), path };
}

/** The port of web pages, where cameras keep their pictures. */
export function webPort({ secure }: Pick<CameraAddress, 'secure'>): number {
  return secure ? 443 : 80;
}

export type StreamAddress = {
  /** rtsp or rtsps, without user and password. */
  url: string;
  /** The host the device named in place of its own address. */
  insteadOf?: string;
};

/** The address of a stream, moved to the device's own. Undefined unless it is RTSP. */
export function streamOnCamera(named: string, camera: CameraAddress): StreamAddress | undefined {
  const url = URL.canParse(named) ? new URL(named) : undefined;
  if (!url || !/^rtsps?:$/.test(url.protocol) || url.hostname === '') return undefined;
  url.username = '';
  url.password = '';
  url.hash = '';
  if (isOwnHost(url.hostname, camera)) return { url: url.href };
  const insteadOf = url.hostname;
  url.hostname = bracketed(camera.host);
  return { url: url.href, insteadOf };
}

/** For Host, and for the `To` of WS-Addressing. */
export function authorityOf({ host, secure }: CameraAddress, port: number): string {
  return port === webPort({ secure }) ? bracketed(host) : `${bracketed(host)}:${port}`;
}

export function urlOf(camera: CameraAddress, { port, path }: CameraPath): string {
  return `http${camera.secure ? 's' : ''}://${authorityOf(camera, port)}${path}`;
}

function baseUrl(camera: CameraAddress): string {
  return urlOf(camera, camera);
}

function isOwnHost(hostname: string, { host, ip }: CameraAddress): boolean {
  const bare = hostname.replace(/^\[|\]$/g, '').toLowerCase();
  return bare === host.toLowerCase() || bare === ip.toLowerCase();
}

function bracketed(host: string): string {
  return isIP(host) === 6 ? `[${host}]` : host;
}
