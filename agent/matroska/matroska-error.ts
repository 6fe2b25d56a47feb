// The three ways a Matroska stream can be wrong, as errors the rest of the agent understands.
import { AgentError } from '../errors.ts';

const advice = 'Reading starts again with the next session; if it keeps happening, check the sender and the network.';

/** The bytes at `offset` break the format's rules; `what` completes "The stream is not valid Matroska: …". */
export function invalid(offset: number, what: string): AgentError {
  return new AgentError({
    code: 'matroska-invalid',
    kind: 'invalid',
    retry: 'later',
    message: `The stream is not valid Matroska at byte ${offset}: ${what}. ${advice}`,
  });
}

/** An element at `offset` is larger than the reader was told to accept. */
export function tooLarge(offset: number, sizeBytes: number, limitBytes: number): AgentError {
  return new AgentError({
    code: 'matroska-too-large',
    kind: 'exhausted',
    retry: 'later',
    message: `The stream holds an element of ${sizeBytes} bytes at byte ${offset}; at most ${limitBytes} are accepted. ${advice}`,
  });
}

/** The stream stopped at `offset`, inside an element that announced more. */
export function truncated(offset: number): AgentError {
  return new AgentError({
    code: 'matroska-truncated',
    kind: 'data-loss',
    retry: 'later',
    message: `The stream ended at byte ${offset}, in the middle of an element. ${advice}`,
  });
}
