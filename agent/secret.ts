// A value that must never reach a log, an argv, a URL, an API answer or an error message.
import { inspect } from 'node:util';

const hidden = '***';

/** Wraps a secret so that printing, serialising or inspecting it shows `***`. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The secret itself. Call this only where the bytes go onto a socket or into a hash. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return hidden;
  }

  toJSON(): string {
    return hidden;
  }

  [inspect.custom](): string {
    return hidden;
  }
}

/** Removes `user:password@` from every URL in a text made by somebody else (ffmpeg, a camera, a proxy). */
export function withoutUserinfo(text: string): string {
  return text.replace(/(\b[a-z][a-z0-9+.-]*:\/\/)[^/\s'"]*@/gi, '$1');
}
