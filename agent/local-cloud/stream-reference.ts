// How requests name a stream, and what happens when it is not there.
import { z } from 'zod';
import type { MediaStore, StoredStream } from './store/media-store.ts';
import { WireError } from './wire-error.ts';

export const streamName = z
  .string()
  .min(1)
  .max(256)
  .regex(/^[a-zA-Z0-9_.-]+$/);
export const streamArn = z
  .string()
  .min(1)
  .max(1024)
  .regex(/^arn:[a-z\d-]+:kinesisvideo:[a-z0-9-]+:[0-9]+:[a-z]+\/[a-zA-Z0-9_.-]+\/[0-9]+$/);

/** Members of every request about one stream. */
export const streamReference = { StreamName: streamName.optional(), StreamARN: streamArn.optional() };

export type StreamReference = { StreamName?: string | undefined; StreamARN?: string | undefined };

/** @throws WireError InvalidArgumentException unless exactly one is given, ResourceNotFoundException without a stream */
export function requireStream(
  store: Pick<MediaStore, 'findStream'>,
  { StreamName, StreamARN }: StreamReference,
): StoredStream {
  const reference = StreamName ?? StreamARN;
  if (reference === undefined || (StreamName !== undefined && StreamARN !== undefined))
    throw new WireError('InvalidArgumentException', 'Exactly one of StreamName and StreamARN must be given.');
  const stream = store.findStream(reference);
  if (stream) return stream;
  throw new WireError('ResourceNotFoundException', `The requested stream ${reference} is not found or not active.`);
}
