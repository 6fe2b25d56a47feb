// Faults of single requests, before any handler sees them: errors in place of answers, late answers, no answers.
import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../clock.ts';
import type { Answer } from '../route.ts';
import { json } from '../route.ts';
import type { Faults } from './faults.ts';
import { operations } from './plan.ts';

/** An answer to give at once, `silence` when none is to be given ever, or undefined: the request goes its way. */
export type RequestFault = Answer | 'silence' | undefined;

/** Calls that go to a data endpoint and so notice when it moved. */
const mediaPaths: readonly string[] = [operations.PutMedia, operations.ListFragments, '/getHLSStreamingSessionURL'];

export class RequestFaults {
  readonly #faults: Faults;
  readonly #clock: Clock;
  /** Where media goes while `endpoint-moved` is active. */
  readonly #movedPort: () => number | undefined;

  constructor(faults: Faults, clock: Clock, movedPort: () => number | undefined) {
    this.#faults = faults;
    this.#clock = clock;
    this.#movedPort = movedPort;
  }

  async meet(request: IncomingMessage, path: string): Promise<RequestFault> {
    this.#faults.countRequest(path);
    if (path.startsWith('/admin/')) return undefined;
    const halfOpen = this.#faults.find('half-open');
    if (halfOpen) {
      this.#faults.meet(halfOpen);
      return 'silence';
    }
    const stream = streamOf(request);
    const slow = this.#faults.find('slow', stream);
    if (slow && slow.headersMs > 0) {
      this.#faults.meet(slow);
      await this.#clock.sleep(slow.headersMs);
    }
    return this.#refusal(path) ?? this.#movedAway(request, path) ?? this.#expiry(request);
  }

  /** The key id a request is signed with, when a fault has the server accept it. */
  acceptedKeyId(request: IncomingMessage): string | undefined {
    const keyId = signerOf(request);
    const renewed = this.#faults.all('token-expired').map(fault => fault.renewedAccessKeyId);
    return keyId !== undefined && renewed.includes(keyId) ? keyId : undefined;
  }

  #refusal(path: string): Answer | undefined {
    const fault = this.#faults.all('answer').find(({ operation }) => operations[operation] === path);
    if (!fault) return undefined;
    this.#faults.meet(fault);
    return refusal(fault.status, fault.errorType);
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

function streamOf({ headers }: IncomingMessage): string | undefined {
  const name = headers['x-amzn-stream-name'];
  return Array.isArray(name) ? name[0] : name;
}

function refusal(status: number, errorType: string): Answer {
  const message = `The server was told to answer ${errorType}.`;
  const answer = json({ __type: errorType, Message: message, message }, status);
  // The body is not read, so the connection cannot be used again.
  return { ...answer, headers: { ...answer.headers, 'x-amzn-ErrorType': errorType, connection: 'close' } };
}
