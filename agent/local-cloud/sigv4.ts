// Checks AWS Signature Version 4 on what clients send. Written from AWS's description and on purpose shares nothing with
// the code the agent signs with, so a mistake on one side cannot hide on the other.
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Secret } from '../secret.ts';
import type { RequestHead } from './canonical-request.ts';
import { canonicalRequest, headerValues, sha256Hex } from './canonical-request.ts';
import type { Caller } from './route.ts';
import { WireError } from './wire-error.ts';

const algorithm = 'AWS4-HMAC-SHA256';
const maxSkewMs = 5 * 60_000;

/** What PutMedia clients sign in place of the endless body. */
export const emptyPayloadHash = sha256Hex('');
export const unsignedPayload = 'UNSIGNED-PAYLOAD';

export type Verifier = {
  accessKeyId: string;
  secretAccessKey: Secret;
  /** Service names a credential scope may have. */
  services: readonly string[];
  nowMs: number;
};

type Authorization = {
  accessKeyId: string;
  /** YYYYMMDD */
  date: string;
  region: string;
  service: string;
  signedHeaders: string[];
  signature: string;
};

/**
 * The caller, if the signature is right.
 * @throws WireError with the type and status AWS gives for what is wrong
 */
export function verifySignature(head: RequestHead, payloadHash: string, verifier: Verifier): Caller {
  const { authorization, date } = checkCredential(head, verifier);
  const key = signingKey(verifier.secretAccessKey, authorization);
  const matches = hostVariants(head).some(variant => {
    const request = canonicalRequest(variant, authorization.signedHeaders, payloadHash);
    const scope = `${authorization.date}/${authorization.region}/${authorization.service}/aws4_request`;
    const expected = hmac(key, [algorithm, date, scope, sha256Hex(request)].join('\n'));
    return timingSafeEqual(expected, Buffer.from(authorization.signature, 'hex'));
  });
  if (!matches)
    throw mismatch(
      'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.',
    );
  const { accessKeyId, region, service } = authorization;
  return { accessKeyId, region, service };
}

/**
 * All that can be known to be wrong before the body is there, so that it need not be read.
 * @throws WireError as verifySignature
 */
export function checkCredential(
  { rawHeaders }: Pick<RequestHead, 'rawHeaders'>,
  verifier: Omit<Verifier, 'secretAccessKey'>,
): { authorization: Authorization; date: string } {
  const headers = headerValues(rawHeaders);
  const authorization = parseAuthorization(headers.get('authorization')?.[0]);
  if (authorization.accessKeyId !== verifier.accessKeyId)
    throw new WireError('UnrecognizedClientException', 'The security token included in the request is invalid.');
  if (!verifier.services.includes(authorization.service))
    throw mismatch(`Credential should be scoped to correct service: '${verifier.services.join("' or '")}'.`);
  const date = headers.get('x-amz-date')?.[0] ?? '';
  checkDate(date, authorization.date, verifier.nowMs);
  return { authorization, date };
}

function parseAuthorization(header: string | undefined): Authorization {
  if (!header) throw new WireError('MissingAuthenticationTokenException', 'Missing Authentication Token');
  const [, accessKeyId, date, region, service, signedHeaders, signature] =
    /^AWS4-HMAC-SHA256 +Credential=([^/,\s]+)\/(\d{8})\/([a-z0-9-]+)\/([a-z0-9-]+)\/aws4_request, *SignedHeaders=([a-z0-9;_-]+), *Signature=([0-9a-f]{64})$/.exec(
      header,
    ) ?? [];
  if (!accessKeyId || !date || !region || !service || !signedHeaders || !signature)
    throw new WireError(
      'IncompleteSignatureException',
      `Authorization header requires ${algorithm} with 'Credential', 'SignedHeaders' and 'Signature'.`,
    );
  const names = signedHeaders.split(';');
  if (!names.includes('host'))
    throw new WireError('IncompleteSignatureException', "'Host' must be a signed header of the request.");
  return { accessKeyId, date, region, service, signedHeaders: names, signature };
}

function checkDate(date: string, scopeDate: string, nowMs: number): void {
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date)?.map(Number) ?? [];
  if (year === undefined || !month)
    throw new WireError('IncompleteSignatureException', "Date must be in ISO-8601 'basic format' in X-Amz-Date.");
  if (!date.startsWith(scopeDate)) throw mismatch('Date in Credential scope does not match YYYYMMDD from X-Amz-Date.');
  const signedMs = Date.UTC(year, month - 1, day, hour, minute, second);
  if (Math.abs(nowMs - signedMs) <= maxSkewMs) return;
  const now = new Date(nowMs).toISOString().replace(/[-:]|\.\d+/g, '');
  throw mismatch(
    signedMs < nowMs
      ? `Signature expired: ${date} is now earlier than ${now} less 5 min. Check the clock of the client.`
      : `Signature not yet current: ${date} is still later than ${now} plus 5 min. Check the clock of the client.`,
  );
}

function signingKey(secret: Secret, { date, region, service }: Authorization): Buffer {
  return [date, region, service, 'aws4_request'].reduce(hmac, Buffer.from(`AWS4${secret.reveal()}`));
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

/** AWS listens on default ports, so some clients sign the host without the port they send. Both are accepted. */
function hostVariants(head: RequestHead): RequestHead[] {
  const rawHeaders = head.rawHeaders.map((value, index) =>
    index % 2 === 1 && head.rawHeaders[index - 1]?.toLowerCase() === 'host' ? value.replace(/:\d+$/, '') : value,
  );
  return [head, { ...head, rawHeaders }];
}

function mismatch(message: string): WireError {
  return new WireError('InvalidSignatureException', message);
}
