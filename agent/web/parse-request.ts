// Queries and bodies, parsed once at the door.
import { z } from 'zod';
import type { PlaybackRequest } from '../../shared/api.ts';
import { parseOutside } from '../../shared/parse-outside.ts';
import type { ReplayRequest, SnoozeRequest } from '../../shared/rule-answers.ts';
import { Refusal } from './refusal.ts';

const dayMs = 86_400_000;
const timeMs = z.coerce.number().int().min(0).max(8_640_000_000_000_000);

/** At most 31 days at once: a timeline never shows more, and the index is read row by row. */
export const rangeQuery = z
  .object({ fromMs: timeMs, toMs: timeMs })
  .refine(({ fromMs, toMs }) => fromMs < toMs && toMs - fromMs <= 31 * dayMs, {
    message: 'fromMs must be before toMs, at most 31 days',
  });

export const pageQuery = z
  .object({ limit: z.coerce.number().int().min(1).max(500).default(100), beforeMs: timeMs.optional() })
  .transform(({ limit, beforeMs }) => ({ limit, ...(beforeMs === undefined ? {} : { beforeMs }) }));

/** As a page of alerts, of one camera or with a delivery in a state. */
export const alertsQuery = z.object({
  limit: z.coerce.number().int().min(1).max(500).default(100),
  beforeMs: timeMs.optional(),
  cameraId: z.string().max(64).optional(),
  state: z.enum(['waiting', 'delivered', 'dead']).optional(),
});

export const redeliverBody = z.strictObject({ destination: z.string().max(1024).optional() });

/** `?force` and `?force=true`. */
export const forceQuery = z
  .object({ force: z.enum(['', 'true', 'false']).default('false') })
  .transform(({ force }) => ({ force: force !== 'false' }));

export const credentialsBody = z.strictObject({ password: z.string().max(1024) });

/** A week at most: longer, and somebody should change the rule instead. */
export const snoozeBody: z.ZodType<SnoozeRequest> = z
  .strictObject({
    ruleId: z.string().max(63).optional(),
    cameraId: z.string().max(63).optional(),
    minutes: z.number().min(0).max(10_080),
  })
  .transform(({ ruleId, cameraId, minutes }) => ({
    minutes,
    ...(ruleId === undefined ? {} : { ruleId }),
    ...(cameraId === undefined ? {} : { cameraId }),
  }));

export const replayBody: z.ZodType<ReplayRequest> = z
  .strictObject({
    rule: z.unknown().optional(),
    ruleId: z.string().max(63).optional(),
    hours: z.number().positive().max(168).default(24),
  })
  .refine(({ rule, ruleId }) => (rule === undefined) !== (ruleId === undefined), {
    message: 'takes a rule or the id of one',
  })
  .transform(({ rule, ruleId, hours }) => ({ rule, hours, ...(ruleId === undefined ? {} : { ruleId }) }));

/** KVS plays at most 24 hours in one session. */
export const playbackBody: z.ZodType<PlaybackRequest> = z.discriminatedUnion('mode', [
  z.strictObject({ mode: z.literal('LIVE') }),
  z
    .strictObject({ mode: z.literal('ON_DEMAND'), startMs: z.int().min(0), endMs: z.int().min(0) })
    .refine(({ startMs, endMs }) => startMs < endMs && endMs - startMs <= dayMs, {
      message: 'startMs must be before endMs, at most 24 hours',
    }),
]);

/** Throws Refusal 400 that names the fields, never their values. */
export function parseRequest<T>(schema: z.ZodType<T>, input: unknown): T {
  const parsed = parseOutside(schema, input ?? {});
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.map(({ path, message }) => [path.join('.'), message].filter(Boolean).join(': '));
  throw new Refusal(400, 'request-invalid', `The request is not valid (${fields.join('; ')}).`);
}
