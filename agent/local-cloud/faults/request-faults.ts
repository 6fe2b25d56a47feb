// Faults of single requests, before any handler sees them: errors in place of answers, late answers, no answers.
import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../clock.ts';
import { isAbort } from '../../errors.ts';
import { pathOf } from '../request-target.ts';
import type { Answer } from '../route.ts';
import { json } from '../route.ts';
import { statusOfError } from '../wire-error.ts';
import type { Shape } from './answer-shape.ts';
import type { Faults, StruckRequest } from './faults.ts';
import { operationOf, streamNamedBy } from './operations.ts';
import type { FaultOf } from './plan.ts';

/** What befalls a request: another answer in place of its own, none ever, or its own in another shape. */
export type Befallen = { instead?: Answer | 'silence'; shape?: Shape };

/** Calls that go to a data endpoint and so notice when it moved. */
const mediaPaths: readonly string[] = [
  ...['/putMedia', '/getMedia', '/listFragments', '/getMediaForFragmentList', '/getClip', '/getImages'],
  ...['/getHLSStreamingSessionURL', '/getDASHStreamingSessionURL'],
];
/** Answered to pages of any origin, errors too. */
const playerPaths = /^\/(hls|dash)\//;

export class RequestFaults {
  readonly #faults: Faults;
  readonly #clock: Clock;
  /** Where media goes while `endpoint-moved` is active. */
  readonly #movedPort: () => number | undefined;
  readonly #shapes = new WeakMap<IncomingMessage, Shape>();
  readonly #closing = new AbortController();

  constructor(faults: Faults, clock: Clock, movedPort: () => number | undefined) {
    this.#faults = faults;
    this.#clock = clock;
    this.#movedPort = movedPort;
  }

  /** What is to be answered late is not answered any more. */
  close(): void {
    this.#closing.abort();
  }

  /** Before anything of the request is read but its head. */
  async meet(request: IncomingMessage, path: string): Promise<Befallen> {
    this.#faults.countRequest(path);
    if (path.startsWith('/admin/')) return {};
    const halfOpen = this.#faults.find('half-open');
    if (halfOpen) {
      this.#faults.meet(halfOpen);
      return { instead: 'silence' };
    }
    const stream = streamNamedBy(request.headers);
    const slow = this.#faults.find('slow', stream);
    if (slow && slow.headersMs > 0) {
      this.#faults.meet(slow);
      if (await this.#isClosedWithin(slow.headersMs)) return { instead: 'silence' };
    }
    const befallen = await this.#strike(request, path, stream, path === '/putMedia' ? undefined : 'all-streams');
    const instead = befallen.instead ?? this.#movedAway(request, path) ?? this.#expiry(request);
    if (befallen.shape) this.#shapes.set(request, befallen.shape);
    return instead ? { instead } : befallen;
  }

  /** Once it is known what stream the request is about. Never for PutMedia, whose head says it. */
  meetStream(request: IncomingMessage, streamName: () => string | undefined): Promise<Befallen> {
    return this.#strike(request, pathOf(request), streamName(), 'one-stream');
  }

  /** The shape the acks of a PutMedia request are to have. */
  shapeOf(request: IncomingMessage): Shape {
    return this.#shapes.get(request) ?? {};
  }

  /** The key id a request is signed with, when a fault has the server accept it. */
  acceptedKeyId(request: IncomingMessage): string | undefined {
    const keyId = signerOf(request);
    const renewed = this.#faults.all('token-expired').map(fault => fault.renewedAccessKeyId);
    return keyId !== undefined && renewed.includes(keyId) ? keyId : undefined;
  }

  async #strike(
    { method, headers }: IncomingMessage,
    path: string,
    stream: string | undefined,
    faultsOf: StruckRequest['faultsOf'],
  ): Promise<Befallen> {
    const operation = operationOf({ method, path, headers });
    if (!operation) return {};
    const struck = this.#faults.strike({ operation, stream, ...(faultsOf ? { faultsOf } : {}) });
    const late = struck['late-answer'];
    if (late && (await this.#isClosedWithin(late.lateMs))) return { instead: 'silence' };
    if (struck['no-answer']) return { instead: 'silence' };
    if (struck.answer) return { instead: answerOf(struck.answer, path) };
    const { 'cut-answer': cut, 'slow-answer': slow } = struck;
    if (!cut && !slow) return {};
    return {
      shape: {
        ...(cut ? { cutAfterBytes: cut.afterBytes } : {}),
        ...(slow ? { bytesPerSecond: slow.bytesPerSecond } : {}),
      },
    };
  }

  /** Waits, and says whether the server was closed meanwhile. */
  #isClosedWithin(ms: number): Promise<boolean> {
    const { signal } = this.#closing;
    return this.#clock.sleep(ms, signal).then(
      () => false,
      (error: unknown) => {
        if (isAbort(error, signal)) return true;
        throw error;
      },
    );
  }

  #movedAway({ socket }: IncomingMessage, path: string): Answer | undefined {
    const fault = this.#faults.find('endpoint-moved');
    if (!fault || !mediaPaths.includes(path) || socket.localPort === this.#movedPort()) return undefined;
    this.#faults.meet(fault);
    return refusal(400, 'InvalidEndpointException');
  }

  #expiry(request: IncomingMessage): Answer | undefined {
    const keyId = signerOf(request);
    const fault = this.#faults.all('token-expired').find(({ accessKeyId }) => accessKeyId === keyId);
    if (!fault) return undefined;
    this.#faults.meet(fault);
    return refusal(403, 'ExpiredTokenException');
  }
}

export function signerOf({ headers }: Pick<IncomingMessage, 'headers'>): string | undefined {
  return /Credential=([^/,\s]+)\//.exec(headers.authorization ?? '')?.[1];
}

function answerOf({ errorType, status = statusOfError(errorType) }: FaultOf<'answer'>, path: string): Answer {
  const answer = refusal(status, errorType);
  if (!playerPaths.test(path)) return answer;
  return { ...answer, headers: { ...answer.headers, 'access-control-allow-origin': '*' } };
}

function refusal(status: number, errorType: string): Answer {
  const message = `The server was told to answer ${errorType}.`;
  const answer = json({ __type: errorType, Message: message, message }, status);
  // The body is not read, so the connection cannot be used again.
  return { ...answer, headers: { ...answer.headers, 'x-amzn-ErrorType': errorType, connection: 'close' } };
}
