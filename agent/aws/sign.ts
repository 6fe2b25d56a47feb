// Signature Version 4 of a PutMedia request. The signature covers the request's head only: the body is media without an
// end, so the service takes the hash of an empty one.
import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';
import type { Aws } from './aws.ts';
import { serviceError } from './service-errors.ts';

export type SignOptions = {
  url: URL;
  /** `x-amzn-…` headers; whatever else the HTTP client adds is not signed. */
  headers: Record<string, string>;
  nowMs: number;
};

/**
 * The headers to send: those given, `host`, `x-amz-date`, `authorization` and, with temporary credentials,
 * `x-amz-security-token`. Rejects with `service-denied` when there are no credentials.
 */
export async function signPutMedia(
  { region, credentials }: Pick<Aws, 'region' | 'credentials'>,
  { url, headers, nowMs }: SignOptions,
): Promise<Record<string, string>> {
  const signer = new SignatureV4({
    service: 'kinesisvideo',
    region,
    credentials,
    sha256: Sha256,
    // No x-amz-content-sha256 header: PutMedia takes the empty hash for granted.
    applyChecksum: false,
  });
  const request = {
    method: 'POST',
    protocol: url.protocol,
    hostname: url.hostname,
    ...(url.port ? { port: Number(url.port) } : {}),
    path: url.pathname,
    query: {},
    headers: { ...headers, host: url.host },
  };
  try {
    const signed = await signer.sign(request, { signingDate: new Date(nowMs) });
    return signed.headers;
  } catch (error) {
    throw serviceError(error, 'send video');
  }
}
