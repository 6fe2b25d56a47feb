// What the browser may load and do on the console's pages.

/**
 * `hlsOrigins` are the places video comes from: hls.js fetches it, Safari's own player loads it as media.
 * Player workers start from blobs, captured pictures are data and blobs.
 */
export function securityHeaders(hlsOrigins: readonly string[]): Record<string, string> {
  const video = hlsOrigins.join(' ');
  const policy = [
    "default-src 'self'",
    `connect-src 'self' ${video}`,
    `media-src 'self' blob: ${video}`,
    "img-src 'self' blob: data:",
    "worker-src 'self' blob:",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ];
  return {
    'content-security-policy': policy.map(directive => directive.trim()).join('; '),
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
  };
}
