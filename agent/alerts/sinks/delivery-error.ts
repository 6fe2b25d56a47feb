// What every table of what can go wrong on the way to a destination is made of.
import { AgentError, type AgentErrorOptions } from '../../errors.ts';

/** `says` completes "The webhook example.com …". */
export type DeliveryRow = Pick<AgentErrorOptions, 'code' | 'kind' | 'retry'> & { says: string };

/** The other side, or the settings, must change. */
export const refused = { code: 'delivery-refused', kind: 'invalid', retry: 'later' } as const;
/** It does not let this device in. */
export const denied = { ...refused, kind: 'denied' } as const;
/** It may work the next time. */
export const failed = { code: 'delivery-failed', kind: 'unavailable', retry: 'later' } as const;

/** `destination` as people know it, with its kind. */
export function deliveryError({ says, ...row }: DeliveryRow, destination: string, cause?: unknown): AgentError {
  return new AgentError({ ...row, message: `The ${destination} ${says}.`, cause });
}

export function timeoutError(timeoutMs: number, destination: string): AgentError {
  return deliveryError({ ...failed, says: `did not answer within ${timeoutMs / 1000} s` }, destination);
}
