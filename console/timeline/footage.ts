// Questions to the list of footage spans: what is at a time, why there is nothing, where the next footage is. Pure.
import type { FootageSpan } from '../../shared/api.ts';
import { missingWords } from '../words/missing-words.ts';

/** Spans may come in any order and touch; the first that covers the time answers. */
export function spanAt(spans: readonly FootageSpan[], atMs: number): FootageSpan | undefined {
  return spans.find(span => span.startMs <= atMs && atMs < span.endMs);
}

/** What is at a time, in two or three words. */
export function footageWords(span: FootageSpan | undefined): string {
  switch (span?.at) {
    case 'cloud':
      return 'in the cloud';
    case 'disk':
      return 'on disk, waiting to be uploaded';
    case 'lost':
      return span.reason ? `lost: ${missingWords(span.reason)}` : 'lost';
    case 'offline':
      return span.reason ? `camera offline: ${missingWords(span.reason)}` : 'camera offline';
    case 'agent-down':
      return 'the agent was off';
    case undefined:
      return 'no footage';
  }
}

/** Why nothing can be played at a time. */
export function absenceWords(spans: readonly FootageSpan[], atMs: number): string {
  const span = spanAt(spans, atMs);
  switch (span?.at) {
    case 'disk':
      return 'This video is safe on the device’s disk and waits to be uploaded. It can be played once the service has it.';
    case 'lost':
      return span.reason ? `This video was lost: ${missingWords(span.reason)}` : 'This video was lost.';
    case 'offline':
      return span.reason
        ? `The camera gave no video then: ${missingWords(span.reason)}.`
        : 'The camera gave no video then.';
    case 'agent-down':
      return 'The agent was not running then.';
    case 'cloud':
      return 'The service confirmed this video but did not return it. It may be past the stream’s retention.';
    case undefined:
      return 'The agent recorded nothing then: the camera or the agent was off.';
  }
}

/** Start of the nearest playable footage after a time. */
export function nextFootage(spans: readonly FootageSpan[], atMs: number): number | undefined {
  const starts = spans.filter(span => span.at === 'cloud' && span.startMs > atMs).map(span => span.startMs);
  return starts.length === 0 ? undefined : Math.min(...starts);
}

const SHORT_OF_END_MS = 5000;

/** A moment shortly before the end of the nearest playable footage before a time. */
export function previousFootage(spans: readonly FootageSpan[], atMs: number): number | undefined {
  const before = spans.filter(span => span.at === 'cloud' && span.endMs <= atMs);
  const last = before.reduce<FootageSpan | undefined>(
    (best, span) => (best && best.endMs > span.endMs ? best : span),
    undefined,
  );
  return last && Math.max(last.startMs, last.endMs - SHORT_OF_END_MS);
}
