// The picture of an alert, as an event carries it: a link or the picture itself. An alert leaves also when there is none.
import type { Alert } from '../../shared/alert.ts';
import type { AlertData } from '../../shared/alert-event.ts';
import type { PayloadContext } from './payload.ts';
import type { SinkParts } from './sink.ts';

/** An event with its picture stays under the mebibyte that receivers commonly take. */
const mostAttachedBytes = 512 * 1024;

export type StillParts = { stillOf: SinkParts['stillOf']; context: Pick<PayloadContext, 'stillLinkOf'> };

/** Of the first of its sightings whose picture is kept and fits. Never rejects. */
export async function sentStill(
  { sightings }: Pick<Alert, 'sightings'>,
  how: 'link' | 'attachment',
  { stillOf, context }: StillParts,
): Promise<AlertData['still']> {
  for (const { id } of sightings) {
    const jpeg = await stillOf(id).catch(() => undefined);
    const still = jpeg && (how === 'link' ? linked(id, context) : attached(jpeg));
    if (still) return still;
  }
  return undefined;
}

function linked(sightingId: string, context: StillParts['context']): AlertData['still'] {
  const link = context.stillLinkOf?.(sightingId);
  return link && { contentType: 'image/jpeg', url: link.url, expires: new Date(link.expiresMs).toISOString() };
}

function attached(jpeg: Uint8Array): AlertData['still'] {
  if (jpeg.length > mostAttachedBytes) return undefined;
  return { contentType: 'image/jpeg', base64: Buffer.from(jpeg).toString('base64') };
}
