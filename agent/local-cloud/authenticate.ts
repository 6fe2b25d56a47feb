// Who signed a request: checked in part once its head is there, in full once it is known what its body is.
import type { IncomingMessage } from 'node:http';
import type { Clock } from '../clock.ts';
import type { Secret } from '../secret.ts';
import type { Caller, Route } from './route.ts';
import { checkCredential, unsignedPayload, type Verifier, verifySignature } from './sigv4.ts';
import { WireError } from './wire-error.ts';

export type Keys = {
  accessKeyId: string;
  secretAccessKey: Secret;
  clock: Clock;
  /** A fault may have another key id accepted. */
  faults?: { acceptedKeyId(request: IncomingMessage): string | undefined } | undefined;
};

/** All that can be known before the body is read. @throws WireError as verifySignature */
export function checkHead(request: IncomingMessage, route: Route, keys: Keys): void {
  checkCredential(request, verifierOf(request, route, keys));
}

/**
 * The payload hash a client states counts when it says "unsigned"; otherwise it must be the one of what arrived.
 * @throws WireError as verifySignature
 */
export function callerOf(request: IncomingMessage, payloadHash: string, route: Route, keys: Keys): Caller {
  const stated = request.headers['x-amz-content-sha256'];
  const hash = stated === unsignedPayload ? unsignedPayload : payloadHash;
  if (stated !== undefined && stated !== hash)
    throw new WireError('InvalidSignatureException', 'The body does not have the hash in x-amz-content-sha256.');
  const { method = '', url: target = '', rawHeaders } = request;
  return verifySignature({ method, target, rawHeaders }, hash, verifierOf(request, route, keys));
}

function verifierOf(
  request: IncomingMessage,
  route: Route,
  { accessKeyId, secretAccessKey, faults, clock }: Keys,
): Verifier {
  const accepted = faults?.acceptedKeyId(request) ?? accessKeyId;
  // JSON 1.1 services name their operations in a header, and there is one of them; paths are those of KVS.
  const service = 'target' in route ? 'rekognition' : 'kinesisvideo';
  return { accessKeyId: accepted, secretAccessKey, services: [service], nowMs: clock.nowMs() };
}
