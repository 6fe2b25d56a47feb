// Everything that can go wrong between the agent and a webhook's receiver, as errors the owner can act on.
import { AgentError, systemCode } from '../../errors.ts';
import { type DeliveryRow, deliveryError, denied, failed, refused } from './delivery-error.ts';

const byStatus: Record<number, DeliveryRow> = {
  401: { ...denied, says: 'does not accept the signature (401): both sides need the same secret' },
  403: { ...denied, says: 'forbids the request (403): check its access rules and the secret' },
  404: { ...refused, says: 'knows no such path (404): check the url in the settings' },
  408: { ...failed, says: 'gave up waiting for the request (408)' },
  410: { ...refused, retry: 'never', says: 'is gone for good (410): remove it from the settings' },
  413: { ...refused, says: 'takes no request of this size (413): raise its limit' },
  429: { ...failed, kind: 'exhausted', says: 'asks for fewer requests (429): a longer cooldownSeconds helps' },
};

const redirect: DeliveryRow = {
  ...refused,
  says: 'answers with a redirect, which is not followed: enter the final address in the settings',
};

/** Undefined for 2xx: delivered. */
export function statusError(status: number, destination: string): AgentError | undefined {
  if (status >= 200 && status < 300) return undefined;
  if (status >= 300 && status < 400) return deliveryError(redirect, destination);
  const otherwise: DeliveryRow =
    status >= 500
      ? { ...failed, says: `has trouble of its own (${status})` }
      : { ...refused, says: `refuses the alert (${status})` };
  return deliveryError(byStatus[status] ?? otherwise, destination);
}

const hostUnknown: DeliveryRow = {
  ...failed,
  says: 'cannot be found: check the host name and the DNS of this network',
};
const byConnectionCode: Record<string, DeliveryRow> = {
  ENOTFOUND: hostUnknown,
  EAI_AGAIN: hostUnknown,
  ECONNREFUSED: { ...failed, says: 'accepts no connection: check that it runs and that the port is right' },
  ECONNRESET: { ...failed, says: 'closed the connection before it answered' },
  EHOSTUNREACH: { ...failed, says: 'cannot be reached from this network' },
  ENETUNREACH: { ...failed, says: 'cannot be reached: this device has no network' },
};

const certificate: DeliveryRow = {
  ...denied,
  says: 'shows a certificate that cannot be trusted: check its name, its issuer and this device’s clock',
};

/** For a request that got no answer. What refused to connect has said why. */
export function connectionError(cause: unknown, destination: string): AgentError {
  if (cause instanceof AgentError) return cause;
  const code = codeOf(cause);
  const row = byConnectionCode[code] ?? (/CERT|_SIGNATURE|TLS|SSL/.test(code) ? certificate : undefined);
  return deliveryError(row ?? { ...failed, says: `gave no answer${code ? ` (${code})` : ''}` }, destination, cause);
}

export function caFileError(caFile: string, destination: string, cause: unknown): AgentError {
  const reason = systemCode(cause) ?? 'unknown error';
  const says = `cannot be trusted: its caFile ${caFile} cannot be read (${reason})`;
  return deliveryError({ ...failed, kind: 'invalid', says }, destination, cause);
}

/** errno names, and OpenSSL's own such as `DEPTH_ZERO_SELF_SIGNED_CERT`. */
function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
