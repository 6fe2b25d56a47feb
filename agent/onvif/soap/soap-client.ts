// One SOAP call to one camera and its answer. Knows how this camera wants its sign-in (WS-Security, HTTP digest or basic),
// and offers the password once in each way: cameras lock an account after a few wrong ones. What was refused is not offered
// again for as long as this client lives: not at all when nothing was ever accepted, otherwise not for the same request.
import { randomBytes } from 'node:crypto';
import { AgentError } from '../../errors.ts';
import type { Credentials } from '../../sign-in/challenge.ts';
import { bodyOf, OnvifFault } from '../answers/fault.ts';
import { UnreadableAnswer } from '../answers/unreadable.ts';
import type { CameraPath } from '../http/camera-address.ts';
import { exchange, type HttpAnswer, type HttpOptions } from '../http/exchange.ts';
import { HttpSignIn } from '../http/sign-in.ts';
import { answerError, type OnvifTrouble, onvifError, type Purpose } from '../onvif-errors.ts';
import { answerText, WebPage } from './answer-text.ts';
import { DeviceClock } from './device-clock.ts';
import { envelope, type SoapRequest, usernameToken } from './envelope.ts';
import { getSystemDateAndTime } from './requests.ts';
import { parseXml, type XmlElement } from './xml.ts';

export type SoapOptions = HttpOptions & {
  credentials?: Credentials | undefined;
  allowBasic: boolean;
  /** For one exchange. */
  deadlineMs: number;
};

export type SoapCall = Pick<Purpose, 'todo' | 'offer'> & {
  target: CameraPath;
  request: SoapRequest;
  signal?: AbortSignal | undefined;
  /** Instead of the usual one: the camera is asked to wait. */
  deadlineMs?: number;
};

/** What an answer holds; a fault is thrown only after its meaning for the sign-in is clear. */
type Reply = { http: HttpAnswer; content: XmlElement | OnvifFault };
type Manner = 'unsigned' | 'ws-security' | 'http';

/** A camera with many profiles answers with some 100 kB. */
const maxAnswerBytes = 2 ** 20;
/** Nobody refuses a token for less. */
const noticeableMs = 1_500;
/** Answered to everybody (access class PRE_AUTH): that the camera answers proves no password. */
const openOperations: ReadonlySet<string> = new Set(['GetServices', 'GetCapabilities', 'GetSystemDateAndTime']);
/** So many refused requests in a row are no matter of rights: the password was changed. */
const mostRefusals = 3;

export class SoapClient {
  readonly clock: DeviceClock;
  readonly #options: SoapOptions;
  readonly #signIn: HttpSignIn | undefined;
  #manner: Exclude<Manner, 'unsigned'> = 'ws-security';
  /** Whether the camera has accepted the user once. */
  #isAccepted = false;
  #denied: AgentError | undefined;
  /** What the user may not do, by operation. */
  readonly #refused = new Map<string, AgentError>();
  #refusals = 0;
  /** While nobody knows whether the password is right, one call at a time finds out. */
  #first: Promise<unknown> = Promise.resolve();

  constructor(options: SoapOptions) {
    const { credentials, allowBasic } = options;
    this.#options = options;
    this.#signIn = credentials && new HttpSignIn({ credentials, allowBasic });
    this.clock = new DeviceClock(options.clock, signal => this.#askTime(signal));
  }

  /**
   * The content of the answer's body. Rejects with an AgentError, or with the signal's reason.
   * A camera is asked at most four times for it, the clock included.
   */
  async call(call: SoapCall): Promise<XmlElement> {
    if (!this.#options.credentials) return this.#accept(await this.#send(call, 'unsigned'), call);
    if (this.#isAccepted) return await this.#signed(call);
    const mine = this.#first.then(() => this.#signed(call));
    this.#first = mine.catch(() => undefined);
    return await mine;
  }

  async #signed(call: SoapCall): Promise<XmlElement> {
    call.signal?.throwIfAborted();
    const refusedBefore = this.#denied ?? this.#refused.get(call.request.operation);
    if (refusedBefore) throw refusedBefore;
    const reply = await this.#send(call, this.#manner);
    if (!isRefusal(reply)) return this.#accept(reply, call);
    const again = this.#manner === 'http' ? await this.#withNewNonce(call, reply) : await this.#otherwise(call, reply);
    if (!again || isRefusal(again.reply)) throw this.#refusal(call, again?.reply ?? reply);
    this.#manner = again.manner;
    return this.#accept(again.reply, call);
  }

  #refusal({ request, todo }: SoapCall, reply: Reply): AgentError {
    const { host } = this.#options.camera;
    const cause = faultIn(reply);
    if (this.#isAccepted && ++this.#refusals < mostRefusals) {
      const error = onvifError('notAllowed', { host, detail: todo, cause });
      this.#refused.set(request.operation, error);
      return error;
    }
    const isBasic = reply.http.status === 401 && this.#signIn?.learn(reply.http.headers) === 'basic-not-allowed';
    this.#denied = onvifError(isBasic ? 'basicOnly' : 'denied', { host, cause });
    return this.#denied;
  }

  /** WS-Security was refused: by a camera that wants HTTP's own sign-in, or whose clock is not where it seemed. */
  async #otherwise(
    call: SoapCall,
    refused: Reply,
  ): Promise<{ reply: Reply; manner: 'ws-security' | 'http' } | undefined> {
    const asked = refused.http.status === 401 ? this.#signIn?.learn(refused.http.headers) : undefined;
    if (asked === 'digest' || asked === 'basic') {
      const reply = await this.#send(call, 'http');
      const stale = isRefusal(reply) ? await this.#withNewNonce(call, reply) : undefined;
      return stale ?? { reply, manner: 'http' };
    }
    const usedMs = this.clock.time.offsetMs;
    const measured = await this.clock.measure(call.signal);
    const offsetMs =
      Math.abs((measured?.offsetMs ?? usedMs) - usedMs) > noticeableMs ? measured?.offsetMs : measured?.otherOffsetMs;
    if (offsetMs === undefined) return undefined;
    const reply = await this.#send(call, 'ws-security', offsetMs);
    if (!isRefusal(reply)) this.clock.correct(offsetMs);
    return { reply, manner: 'ws-security' };
  }

  /** A nonce wears out; a password that was accepted before does not become wrong by it. */
  async #withNewNonce(call: SoapCall, refused: Reply): Promise<{ reply: Reply; manner: 'http' } | undefined> {
    if (refused.http.status !== 401) return undefined;
    const asked = this.#signIn?.learn(refused.http.headers);
    if (asked !== 'digest' || !(this.#signIn?.isStale || this.#isAccepted)) return undefined;
    return { reply: await this.#send(call, 'http'), manner: 'http' };
  }

  async #send({ target, request, signal, deadlineMs }: SoapCall, manner: Manner, offsetMs?: number): Promise<Reply> {
    const { credentials } = this.#options;
    const token =
      manner === 'ws-security' && credentials
        ? usernameToken({ ...credentials, createdMs: this.clock.nowMs(offsetMs), nonce: randomBytes(16) })
        : '';
    const signIn = manner === 'http' ? this.#signIn?.authorize('POST', target.path) : undefined;
    const http = await exchange(this.#options, {
      method: 'POST',
      target,
      headers: {
        'content-type': `application/soap+xml; charset=utf-8; action="${request.action}"`,
        ...(signIn === undefined ? {} : { authorization: signIn }),
      },
      body: envelope(request, token),
      deadlineMs: deadlineMs ?? this.#options.deadlineMs,
      maxBytes: maxAnswerBytes,
      signal,
    });
    if (manner === 'http' && http.status !== 401) this.#signIn?.accepted(http.headers);
    return { http, content: this.#contentOf(http) };
  }

  /** @throws AgentError when there is no content to judge, and not for want of a sign-in */
  #contentOf({ status, headers, body }: HttpAnswer): XmlElement | OnvifFault {
    const { host } = this.#options.camera;
    const byStatus = troubleOf(status);
    if (byStatus) throw onvifError(byStatus, { host });
    try {
      return bodyOf(parseXml(answerText(headers, body)));
    } catch (error) {
      if (error instanceof OnvifFault) return error;
      // Whatever else such an answer holds, its status says enough.
      if (status === 401 || status === 403) return new OnvifFault('not-authorized', `HTTP ${status}`);
      if (status >= 400) throw onvifError('failedStatus', { host, detail: String(status), cause: error });
      if (error instanceof WebPage) throw onvifError('webPage', { host });
      if (error instanceof UnreadableAnswer)
        throw onvifError('unreadable', { host, detail: error.reason, cause: error });
      throw error;
    }
  }

  #accept({ http, content }: Reply, { todo, offer, request }: SoapCall): XmlElement {
    const { host } = this.#options.camera;
    const isUnsigned = !this.#options.credentials;
    if (isUnsigned && (http.status === 401 || (content instanceof OnvifFault && content.means === 'not-authorized')))
      throw onvifError('signInNeeded', { host, cause: content instanceof OnvifFault ? content : undefined });
    if (!isUnsigned && (this.#manner === 'http' || !openOperations.has(request.operation))) {
      this.#isAccepted = true;
      this.#refusals = 0;
    }
    if (content instanceof OnvifFault) throw answerError(content, { host, todo, offer });
    return content;
  }

  async #askTime(
    signal: AbortSignal | undefined,
  ): Promise<{ content: XmlElement | OnvifFault; dateMs: number | undefined }> {
    const { port, path } = this.#options.camera;
    const request = getSystemDateAndTime();
    const call = { target: { port, path }, request, signal, todo: 'tell its time', offer: 'its time' };
    try {
      const { http, content } = await this.#send(call, 'unsigned');
      const dateMs = Date.parse(http.headers.date ?? '');
      return { content, dateMs: Number.isNaN(dateMs) ? undefined : dateMs };
    } catch (error) {
      // Some cameras fail with what they do not expect from strangers.
      if (!(error instanceof AgentError && error.code === 'camera-failed')) throw error;
      return { content: new OnvifFault('refused', error.message), dateMs: undefined };
    }
  }
}

/** Statuses that say all there is to say, whatever the body holds. */
function troubleOf(status: number): OnvifTrouble | undefined {
  if (status >= 300 && status < 400) return 'redirects';
  if (status === 404 || status === 405 || status === 410) return 'notFound';
  return status === 429 || status === 503 ? 'busy' : undefined;
}

function isRefusal({ http, content }: Reply): boolean {
  return http.status === 401 || (content instanceof OnvifFault && content.means === 'not-authorized');
}

function faultIn({ content }: Reply): OnvifFault | undefined {
  return content instanceof OnvifFault ? content : undefined;
}
