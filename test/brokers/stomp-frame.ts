// Frames of STOMP 1.2 (https://stomp.github.io/stomp-specification-1.2.html), written for the tests: nothing here shares code
// with the product's STOMP client.

export type Frame = { command: string; headers: Record<string, string>; body: Buffer };

const headLimitBytes = 65_536;

/** Cuts what a socket brings into frames, wherever the pieces end. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);

  /** @throws {Error} for what is no frame of STOMP */
  push(piece: Buffer): Frame[] {
    this.#rest = Buffer.concat([this.#rest, piece]);
    const frames: Frame[] = [];
    for (let frame = this.#next(); frame; frame = this.#next()) frames.push(frame);
    return frames;
  }

  #next(): Frame | undefined {
    // Line feeds between frames are heartbeats.
    const start = this.#rest.findIndex(byte => byte !== 0x0a && byte !== 0x0d);
    this.#rest = start < 0 ? Buffer.alloc(0) : this.#rest.subarray(start);
    const begin = this.#rest.subarray(0, headLimitBytes).toString('latin1');
    const head = /^([A-Z]+)\r?\n((?:[^\r\n]+\r?\n)*)\r?\n/.exec(begin);
    if (!head) return undefined;
    const [whole, command = '', lines = ''] = head;
    const headers = headersOf(command, Buffer.from(lines, 'latin1').toString());
    const length = headers['content-length'];
    const end = length === undefined ? this.#rest.indexOf(0, whole.length) : whole.length + Number(length);
    if (end < 0 || this.#rest.length <= end) return undefined;
    if (this.#rest[end] !== 0) throw new Error(`A frame does not end where it says: ${whole}`);
    const body = this.#rest.subarray(whole.length, end);
    this.#rest = this.#rest.subarray(end + 1);
    return { command, headers, body };
  }
}

function headersOf(command: string, lines: string): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const line of lines.split(/\r?\n/).filter(text => text !== '')) {
    const colon = line.indexOf(':');
    const [name, value] = [line.slice(0, colon), line.slice(colon + 1)].map(part =>
      command === 'CONNECTED' ? part : unescaped(part),
    );
    // Of a header that comes twice the first counts.
    if (name !== undefined && value !== undefined) headers[name] ??= value;
  }
  return headers;
}

export function encodeFrame(command: string, headers: Record<string, string>, body: string | Uint8Array = ''): Buffer {
  const content = Buffer.from(body);
  const encode = command === 'CONNECT' ? (text: string) => text : escaped;
  const lines = Object.entries(headers).map(([name, value]) => `${encode(name)}:${encode(value)}\n`);
  const length = command === 'SEND' ? `content-length:${content.length}\n` : '';
  return Buffer.concat([Buffer.from(`${command}\n${lines.join('')}${length}\n`), content, Buffer.of(0)]);
}

const escapes: Record<string, string> = { '\\': '\\\\', '\r': '\\r', '\n': '\\n', ':': '\\c' };

function escaped(text: string): string {
  return text.replace(/[\\\r\n:]/g, character => escapes[character] ?? character);
}

function unescaped(text: string): string {
  return text.replace(/\\[\\rnc]/g, pair => Object.entries(escapes).find(([, it]) => it === pair)?.[0] ?? pair);
}
