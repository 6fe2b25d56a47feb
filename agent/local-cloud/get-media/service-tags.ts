// What the service itself says within the media it sends: Matroska tags of its own, beside those every stored fragment
// begins with (see store/fragment-file.ts).
import type { Tag } from '../../matroska/event.ts';
import { writeHeader, writeTags } from '../../matroska/write.ts';
import type { StoredFragment } from '../store/media-store.ts';

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
    { name: 'AWS_KINESISVIDEO_ERROR_ID', value: '4000' },
  ]);
}

/** The last word of a GetMediaForFragmentList answer that cannot go on. */
export function exception(code: string, message: string): Uint8Array {
  return inSegment([
    { name: 'AWS_KINESISVIDEO_EXCEPTION_ERROR_CODE', value: code },
    { name: 'AWS_KINESISVIDEO_EXCEPTION_MESSAGE', value: message },
  ]);
}

function inSegment(tags: readonly Tag[]): Uint8Array {
  return Buffer.concat([writeHeader([]), writeTags(tags)]);
}
