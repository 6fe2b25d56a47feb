// RTSP messages (RFC 2326 chapters 4, 6, 7) as far as a client needs them: answers read, requests written. Cameras are
// sloppy: header names in any case, bare line feeds, no reason phrase.

export type RtspResponse = {
  type: 'response';
  status: number;
  reason: string;
  headers: RtspHeaders;
  body: Uint8Array;
};

/** A request that the server makes of the client, such as ANNOUNCE or OPTIONS. */
export type RtspRequest = { type: 'request'; method: string; headers: RtspHeaders; body: Uint8Array };

export type RtspMessage = RtspResponse | RtspRequest;

/** By lower-case name, each with its values in the order they came, cut at 4096 characters. */
export type RtspHeaders = ReadonlyMap<string, readonly string[]>;

/** What the lines before the body say; `undefined` when they are not RTSP. */
export type MessageHead = (Omit<RtspResponse, 'body'> | Omit<RtspRequest, 'body'>) & { bodyBytes: number };

/** @param text the first line and the header lines, without the empty line at their end */
export function readHead(text: string): MessageHead | undefined {
  const [first = '', ...lines] = text.split(/\r?\n/);
  const headers = readHeaders(lines);
  const bodyBytes = Number(headers.get('content-length')?.[0] ?? 0);
  if (!Number.isSafeInteger(bodyBytes) || bodyBytes < 0) return undefined;
  const response = /^RTSP\/\d\.\d (\d{3})(?: (.*))?$/.exec(first);
  if (response) {
    return { type: 'response', status: Number(response[1]), reason: response[2] ?? '', headers, bodyBytes };
  }
  const request = /^([A-Z_]+) \S+ RTSP\/\d\.\d$/.exec(first);
  return request ? { type: 'request', method: request[1] ?? '', headers, bodyBytes } : undefined;
}

const maxValueChars = 4_096;
/**
 * A realm or a nonce goes back to the camera in a header of ours, where a line must not end. Only ASCII's: a character is
 * a byte here, and the others are parts of letters.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters a header must not have
const controlCharacters = /[\u0000-\u001f\u007f]/g;

function readHeaders(lines: readonly string[]): RtspHeaders {
  const headers = new Map<string, string[]>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon < 1) continue;
    const name = line.slice(0, colon).trim().toLowerCase();
    // Longer ones say nothing that is needed, and would keep whoever looks for something in them busy.
    const value = line
      .slice(colon + 1, colon + 1 + maxValueChars)
      .replace(controlCharacters, ' ')
      .trim();
    const values = headers.get(name);
    if (values) values.push(value);
    else headers.set(name, [value]);
  }
  return headers;
}

export type RequestLines = { method: string; url: string; cseq: number; headers: Readonly<Record<string, string>> };

/** A request without a body. @throws TypeError for a line break in a header: it would begin another one */
export function writeRequest({ method, url, cseq, headers }: RequestLines): string {
  const lines = Object.entries({ CSeq: String(cseq), 'User-Agent': 'kvs-edge-agent', ...headers }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  for (const line of [url, ...lines])
    if (/[\r\n]/.test(line)) throw new TypeError('a request line must not hold a line break');
  return `${method} ${url} RTSP/1.0\r\n${lines.join('\r\n')}\r\n\r\n`;
}

/** The first value of a header. */
export function header({ headers }: Pick<RtspMessage, 'headers'>, name: string): string | undefined {
  return headers.get(name)?.[0];
}
