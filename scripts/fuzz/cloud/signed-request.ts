// Signs as AWS's clients do, but anything: paths, headers and bodies that no client of AWS would send, thousands a second.
import { createHmac } from 'node:crypto';
import { canonicalRequest, sha256Hex } from '../../../agent/local-cloud/canonical-request.ts';

export const fuzzKeys = { accessKeyId: 'local', secretAccessKey: 'local-secret' };

export type Unsigned = {
  method?: string;
  /** Path and query as they stand in the request line. */
  target: string;
  host: string;
  /** Left out: the hash of an empty body is signed, as PutMedia's clients do. */
  body?: Uint8Array | string;
  nowMs: number;
  service?: string;
  region?: string;
};

/** The headers that make it a signed request. */
export function signedHeaders(request: Unsigned): Record<string, string> {
  const { method = 'POST', target, host, body = '', nowMs, service = 'kinesisvideo', region = 'us-west-2' } = request;
  const date = new Date(nowMs).toISOString().replace(/[-:]|\.\d+/g, '');
  const scope = `${date.slice(0, 8)}/${region}/${service}/aws4_request`;
  const names = ['host', 'x-amz-date'];
  const head = { method, target, rawHeaders: ['host', host, 'x-amz-date', date] };
  const canonical = canonicalRequest(head, names, sha256Hex(body));
  const key = [date.slice(0, 8), region, service, 'aws4_request'].reduce(
    (parent: Buffer, part) => createHmac('sha256', parent).update(part).digest(),
    Buffer.from(`AWS4${fuzzKeys.secretAccessKey}`),
  );
  const text = ['AWS4-HMAC-SHA256', date, scope, sha256Hex(canonical)].join('\n');
  const signature = createHmac('sha256', key).update(text).digest('hex');
  const credential = `Credential=${fuzzKeys.accessKeyId}/${scope}`;
  return {
    host,
    'x-amz-date': date,
    authorization: `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=${names.join(';')}, Signature=${signature}`,
  };
}
