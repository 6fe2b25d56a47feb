// The acknowledgements of a PutMedia answer: JSON objects that arrive glued, split or with rubbish between them. They are
// found by their braces, never by chunk or line; what cannot be read is skipped and the next one is found again.
import { z } from 'zod';

export type Ack = {
  eventType: string;
  /** Timecode of the fragment's cluster as it was sent; absent on IDLE and on errors of the whole stream. */
  timecodeMs?: number;
  /** Decimal, longer than a JavaScript number. */
  fragmentNumber?: string;
  errorId?: number;
  errorCode?: string;
};

/** Fragment numbers have up to 128 digits and error codes 40 letters: no ack comes near. */
const longestAckChars = 16 * 1024;

// The documentation spells two names unlike the wire; both are read.
const wireAck = z
  .looseObject({
    EventType: z.string().optional(),
    AckEventType: z.string().optional(),
    FragmentTimecode: z.number().nullish(),
    FragmentTimeCode: z.number().nullish(),
    FragmentNumber: z.string().nullish(),
    ErrorId: z.coerce.number().nullish().catch(undefined),
    ErrorCode: z.string().nullish(),
  })
  .transform((wire, context): Ack => {
    const eventType = wire.EventType ?? wire.AckEventType;
    if (eventType === undefined) context.addIssue('has no event type');
    const timecodeMs = wire.FragmentTimecode ?? wire.FragmentTimeCode;
    return {
      eventType: eventType ?? '',
      ...(typeof timecodeMs === 'number' ? { timecodeMs } : {}),
      ...(wire.FragmentNumber ? { fragmentNumber: wire.FragmentNumber } : {}),
      ...(typeof wire.ErrorId === 'number' ? { errorId: wire.ErrorId } : {}),
      ...(wire.ErrorCode ? { errorCode: wire.ErrorCode } : {}),
    };
  });

export class AckParser {
  readonly #decoder = new TextDecoder();
  #text = '';
  #depth = 0;
  #inString = false;
  #escaped = false;
  #lineStart = true;

  /** The acks that end in this chunk. Memory is bounded whatever arrives. Never throws. */
  push(chunk: Uint8Array): Ack[] {
    const acks: Ack[] = [];
    for (const char of this.#decoder.decode(chunk, { stream: true })) {
      const text = this.#take(char);
      const ack = text === undefined ? undefined : parseAck(text);
      if (ack) acks.push(ack);
    }
    return acks;
  }

  /** The whole object when `char` closes it. */
  #take(char: string): string | undefined {
    this.#resynchronize(char);
    if (this.#depth === 0 && char !== '{') return undefined;
    this.#text += char;
    if (this.#inString) this.#takeInString(char);
    else if (char === '"') this.#inString = true;
    else if (char === '{') this.#depth++;
    else if (char === '}' && --this.#depth === 0) return this.#reset();
    return undefined;
  }

  #takeInString(char: string): void {
    if (this.#escaped) this.#escaped = false;
    else if (char === '\\') this.#escaped = true;
    else if (char === '"') this.#inString = false;
  }

  /** Drops a broken object where it shows: at a line's end within a string, at a line that opens anew, at the limit. */
  #resynchronize(char: string): void {
    const endsLine = char === '\n' || char === '\r';
    const opensAnew = this.#lineStart && char === '{';
    if ((endsLine && this.#inString) || opensAnew || this.#text.length >= longestAckChars) this.#reset();
    this.#lineStart = endsLine;
  }

  #reset(): string {
    const text = this.#text;
    this.#text = '';
    this.#depth = 0;
    this.#inString = false;
    this.#escaped = false;
    return text;
  }
}

function parseAck(text: string): Ack | undefined {
  try {
    return wireAck.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
