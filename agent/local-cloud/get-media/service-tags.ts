// What the service itself says within the media it sends: Matroska tags of its own, beside those every stored fragment
// begins with (see store/fragment-file.ts).
import type { Tag } from '../../matroska/event.ts';
import { writeHeader, writeTags } from '../../matroska/write.ts';
import type { StoredFragment } from '../store/media-store.ts';

/** Of the errors in media that are documented for GetMedia. */
const fragmentNotFound = '4000';

/** Follows each fragment of GetMedia: how far behind it is, and where to go on after it. */
export function closingTags({ number, serverMs }: StoredFragment, nowMs: number): Uint8Array {
  return writeTags([
    { name: 'AWS_KINESISVIDEO_MILLIS_BEHIND_NOW', value: String(Math.max(0, Math.round(nowMs - serverMs))) },
    { name: 'AWS_KINESISVIDEO_CONTINUATION_TOKEN', value: number },
  ]);
}

/** The last word of a GetMedia answer whose start is not kept. A segment of its own: nothing came before. */
export function notFoundError(): Uint8Array {
  return inSegment([
    { name: 'AWS_KINESISVIDEO_ERROR_CODE', value: 'FRAGMENT_NOT_FOUND' },
    { name: 'AWS_KINESISVIDEO_ERROR_ID', value: fragmentNotFound },
  ]);
}

/** The last word of a GetMediaForFragmentList answer whose next fragment is not kept any more. */
export function exception(number: string, message: string): Uint8Array {
  return inSegment([
    { name: 'AWS_KINESISVIDEO_FRAGMENT_NUMBER', value: number },
    { name: 'AWS_KINESISVIDEO_EXCEPTION_ERROR_CODE', value: fragmentNotFound },
    { name: 'AWS_KINESISVIDEO_EXCEPTION_MESSAGE', value: message },
  ]);
}

function inSegment(tags: readonly Tag[]): Uint8Array {
  return Buffer.concat([writeHeader([]), writeTags(tags)]);
}
