// Matroska from a process that may be ended at any moment.
import { AgentError } from '../errors.ts';
import type { MatroskaEvent } from './event.ts';

/** What comes before the end, also when the end cuts an element short. Other errors are passed on. */
export async function* untilCut(events: AsyncIterable<MatroskaEvent>): AsyncGenerator<MatroskaEvent, void, undefined> {
  try {
    yield* events;
  } catch (error) {
    if (!(error instanceof AgentError && error.code === 'matroska-truncated')) throw error;
  }
}
