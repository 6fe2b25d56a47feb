// One picture from a camera's snapshot address, with HTTP's own sign-in, which is apart from that of SOAP.
import type { AgentError } from '../errors.ts';
import type { CameraAddress, CameraPath } from './http/camera-address.ts';
import { exchange, type HttpAnswer, type HttpOptions } from './http/exchange.ts';
import { HttpSignIn, type SignInPolicy } from './http/sign-in.ts';
import { onvifError } from './onvif-errors.ts';

export type SnapshotOptions = HttpOptions & {
  signIn?: SignInPolicy | undefined;
  deadlineMs: number;
};

const maxPictureBytes = 5 * 2 ** 20;

export class Snapshots {
  readonly #options: SnapshotOptions;
  readonly #camera: CameraAddress;
  readonly #signIn: HttpSignIn | undefined;
  #denied: AgentError | undefined;

  constructor(options: SnapshotOptions) {
    this.#options = options;
    this.#camera = options.camera;
    this.#signIn = options.signIn && new HttpSignIn(options.signIn);
  }

  /** JPEG. Rejects with an AgentError, or with the signal's reason. A wrong password is offered once. */
  async fetch(target: CameraPath, signal?: AbortSignal): Promise<Uint8Array> {
    if (this.#denied) throw this.#denied;
    let answer = await this.#get(target, signal);
    const wasReady = this.#signIn?.isReady ?? false;
    if (answer.status === 401 && this.#mayOffer(answer, !wasReady)) {
      answer = await this.#get(target, signal);
      if (answer.status === 401 && this.#mayOffer(answer, false)) answer = await this.#get(target, signal);
    }
    return this.#picture(answer);
  }

  async #get(target: CameraPath, signal: AbortSignal | undefined): Promise<HttpAnswer> {
    const authorization = this.#signIn?.authorize('GET', target.path);
    const headers = { accept: 'image/jpeg', ...(authorization === undefined ? {} : { authorization }) };
    const { deadlineMs } = this.#options;
    const request = { method: 'GET', target, headers, deadlineMs, maxBytes: maxPictureBytes, signal } as const;
    const answer = await exchange(this.#options, request);
    if (answer.status !== 401) this.#signIn?.accepted(answer.headers);
    return answer;
  }

  /** Takes what is asked for; whether the password may be offered for it: for the first time, or with a fresh nonce. */
  #mayOffer({ headers }: HttpAnswer, isFirst: boolean): boolean {
    const asked = this.#signIn?.learn(headers);
    if (asked === 'basic-not-allowed') throw this.#deny('basicOnly');
    if (asked !== 'digest' && asked !== 'basic') return false;
    return isFirst || (this.#signIn?.isStale ?? false);
  }

  #picture({ status, headers, body }: HttpAnswer): Uint8Array {
    const { host } = this.#camera;
    if (status === 401 || status === 403) throw this.#deny(this.#signIn ? 'denied' : 'signInNeeded');
    if (status >= 300 && status < 400) throw onvifError('redirects', { host });
    if (status === 429 || status === 503) throw onvifError('busy', { host });
    if (status !== 200) throw onvifError('failedStatus', { host, detail: String(status) });
    const isJpeg = body[0] === 0xff && body[1] === 0xd8 && body[2] === 0xff;
    if (!isJpeg || headers['content-encoding'] !== undefined || !isPictureType(headers['content-type']))
      throw onvifError('notAPicture', { host });
    return body;
  }

  #deny(trouble: 'denied' | 'basicOnly' | 'signInNeeded'): AgentError {
    this.#denied = onvifError(trouble, { host: this.#camera.host });
    return this.#denied;
  }
}

/** Cameras write image/jpg too, or nothing; the first bytes say what it is. */
function isPictureType(type = ''): boolean {
  return /^($|image\/(jpe?g|pjpeg)|application\/octet-stream)/i.test(type.trim());
}
