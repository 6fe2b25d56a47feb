// RTSP 1.0 as text (RFC 2326): what clients ask, and what is answered.

export type RtspRequest = {
  method: string;
  url: string;
  /** By lower-case name. */
  headers: ReadonlyMap<string, string>;
  body: string;
  /** When it came, monotonic. */
  atMs: number;
};

export type RtspAnswer = {
  status: number;
  headers: Record<string, string>;
  body?: string;
  /** Written in place of all the rest: for answers that no server should give. */
  raw?: AsyncIterable<Buffer> | Iterable<Buffer>;
};

const reasons: Record<number, string> = {
  200: 'OK',
  301: 'Moved Permanently',
  302: 'Moved Temporarily',
  400: 'Bad Request',
  401: 'Unauthorized',
  404: 'Not Found',
  405: 'Method Not Allowed',
  453: 'Not Enough Bandwidth',
  454: 'Session Not Found',
  455: 'Method Not Valid in This State',
  461: 'Unsupported Transport',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

export function answerText({ status, headers, body = '' }: RtspAnswer, cseq: string): string {
  const length = body === '' ? {} : { 'Content-Length': String(Buffer.byteLength(body)) };
  const lines = Object.entries({ CSeq: cseq, ...headers, ...length }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `RTSP/1.0 ${status} ${reasons[status] ?? 'Unknown'}\r\n${lines.join('')}\r\n${body}`;
}

/** Whole requests out of a connection's bytes. The client's interleaved frames, its reports, are left out. */
export class RequestReader {
  #rest = Buffer.alloc(0);
  readonly #onAnswer: (statusLine: string) => void;

  /** @param onAnswer called when the client answers what the camera asked it */
  constructor(onAnswer: (statusLine: string) => void) {
    this.#onAnswer = onAnswer;
  }

  /** @throws Error when a client sends what is no request */
  *add(chunk: Buffer, atMs: number): Generator<RtspRequest> {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    while (this.#rest.length >= 4) {
      const taken = this.#rest[0] === 0x24 ? this.#frame() : this.#request(atMs);
      if (taken === undefined) return;
      if (taken !== 'other') yield taken;
    }
  }

  #frame(): 'other' | undefined {
    const length = 4 + this.#rest.readUInt16BE(2);
    if (this.#rest.length < length) return undefined;
    this.#rest = this.#rest.subarray(length);
    return 'other';
  }

  #request(atMs: number): RtspRequest | 'other' | undefined {
    const end = this.#rest.indexOf('\r\n\r\n');
    if (end < 0) return undefined;
    const [first = '', ...lines] = this.#rest.toString('utf8', 0, end).split('\r\n');
    if (first.startsWith('RTSP/1.0 ')) {
      this.#rest = this.#rest.subarray(end + 4);
      this.#onAnswer(first);
      return 'other';
    }
    const [, method, url] = /^([A-Z_]+) (\S+) RTSP\/1\.0$/.exec(first) ?? [];
    if (method === undefined || url === undefined) throw new Error(`This is no RTSP request: ${first}`);
    const headers = new Map<string, string>();
    for (const line of lines) {
      const colon = line.indexOf(':');
      headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
    }
    const bodyBytes = Number(headers.get('content-length') ?? 0);
    const start = end + 4;
    if (this.#rest.length < start + bodyBytes) return undefined;
    const body = this.#rest.toString('utf8', start, start + bodyBytes);
    this.#rest = this.#rest.subarray(start + bodyBytes);
    return { method, url, headers, body, atMs };
  }
}
