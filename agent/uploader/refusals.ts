// Fragments that are refused for good, one after the other for the same reason, are hardly each at fault: the stream or the
// service is. Then they are kept, tried slowly, and given up only one at a time.
import { AgentError } from '../errors.ts';

/** Refusals in a row that are still taken for bad fragments. */
const believed = 3;
/** Refusals of one fragment within a row after which it is set aside all the same: nothing blocks the rest for ever. */
const lastTries = 3;

export type Refusal = { reason: string; startMs: number };

/** Refusals since something was persisted or refused for another reason. */
export type Streak = { reason: string; fragments: number; startMs: number; tries: number };

/** The streak with one more refusal in it, what becomes of the refused fragment, and whether the service is doubted. Pure. */
export function takeRefusal(
  streak: Streak | undefined,
  { reason, startMs }: Refusal,
): { action: 'set-aside' | 'hold'; doubted: boolean; streak: Streak } {
  const fragments = streak?.reason === reason ? streak.fragments : 0;
  const tries = fragments > 0 && streak?.startMs === startMs ? streak.tries + 1 : 1;
  const doubted = fragments >= believed;
  const setAside = !doubted || tries >= lastTries;
  return {
    doubted,
    action: setAside ? 'set-aside' : 'hold',
    streak: { reason, startMs, tries, fragments: setAside ? fragments + 1 : fragments },
  };
}

/** What the owner is told while fragments are held back. */
export function heldBack(streak: Streak, cause: AgentError): AgentError {
  return new AgentError({
    code: 'service-rejected-fragment',
    kind: 'invalid',
    retry: 'never',
    message: `AWS refused ${streak.fragments} recordings in a row, so the rest is kept here and tried slowly: look at the stream in the AWS console. ${cause.message}`,
    cause,
  });
}
