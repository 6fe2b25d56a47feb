// A client that sends what no SDK would: any body to any operation, rightly signed.
import { createHash, createHmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import { keys } from './control-cloud.ts';

type Data = string | ArrayBuffer | ArrayBufferView;

/** For thousands of signatures: the SDK's own, in JavaScript, is slow. */
export class Sha256 {
  readonly #hash;

  constructor(secret?: Data) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', bytesOf(secret));
  }

  update(data: Data): void {
    this.#hash.update(bytesOf(data));
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }

  reset(): void {
    throw new Error('nothing here is hashed twice');
  }
}

function bytesOf(data: Data): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data);
  return ArrayBuffer.isView(data) ? Buffer.from(data.buffer, data.byteOffset, data.byteLength) : Buffer.from(data);
}

export type Called = { service?: 'kinesisvideo' | 'rekognition'; path: string; target?: string };

/** `body` is of JSON answers; `bytes` of others, when they were to be read whole. */
export type Answer = {
  status: number;
  type: string | undefined;
  body: unknown;
  bytes?: Uint8Array;
  headers: Headers;
};

/** @param body as it goes out; left out: an empty one */
export async function signedCall(
  url: string,
  { service = 'kinesisvideo', path, target }: Called,
  {
    body = '',
    headers: added = {},
    whole = false,
  }: { body?: string; headers?: Record<string, string>; whole?: boolean } = {},
): Promise<Answer> {
  const { host, hostname } = new URL(url);
  const signer = new SignatureV4({ credentials: keys, region: 'us-west-2', service, sha256: Sha256 });
  const sent = { host, ...(target === undefined ? {} : { 'x-amz-target': target }), ...added };
  const unsigned = { method: 'POST', protocol: 'http:', hostname, path, query: {}, headers: sent, body };
  const { headers } = await signer.sign(unsigned);
  const leave = new AbortController();
  const response = await fetch(`${url}${path}`, { method: 'POST', headers, body, signal: leave.signal });
  const isJson = /json/.test(response.headers.get('content-type') ?? '');
  const answer = isJson ? await response.json() : undefined;
  const bytes = whole && !isJson ? { bytes: await response.bytes() } : {};
  // GetMedia has no end of its own.
  if (!isJson && !whole) leave.abort();
  const type = response.headers.get('x-amzn-errortype') ?? undefined;
  return { status: response.status, type, body: answer, headers: response.headers, ...bytes };
}
