// The largest picture that AWS's services take in a request.
import { AgentError } from '../errors.ts';

/** DetectLabels' limit for a picture in the request; SageMaker's, for anything, is a little more. */
const maxBytes = 5 * 1024 * 1024;

/** @throws AgentError `labels-failed`, before a call that would be refused. Stills of the sampler are a tenth of the limit. */
export function checkPictureSize({ jpeg }: { jpeg: Uint8Array }, service: string): void {
  if (jpeg.length <= maxBytes) return;
  throw new AgentError({
    code: 'labels-failed',
    kind: 'invalid',
    retry: 'never',
    message: `A picture of ${(jpeg.length / 1e6).toFixed(1)} MB is too large for ${service}, which takes 5 MB. It is left out; the next one is sent.`,
  });
}
