// IP addresses as URLs write them. Pure.

/** Link-local IPv6 addresses hold on one cable only; sockets take them with `%interface`, URLs cannot name them at all. */
export function fitsInUrl(address: string): boolean {
  return !address.includes('%');
}

/** IPv6 in brackets. */
export function hostInUrl(address: string): string {
  return address.includes(':') ? `[${address.replace(/%.*$/, '')}]` : address;
}

/** In the one form that sockets tell them in: IPv6 in small letters and as short as can be. */
export function canonical(address: string): string {
  if (!address.includes(':')) return address;
  const url = `http://${hostInUrl(address)}/`;
  const zone = /%.*$/.exec(address)?.[0] ?? '';
  return URL.canParse(url) ? new URL(url).hostname.slice(1, -1) + zone : address;
}
