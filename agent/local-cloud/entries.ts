// A JSON object whose names are the client's own words, such as tags. zod's `record` leaves `__proto__` out; here every
// name is one like any other, and an entry of its own in what comes out.
import { z } from 'zod';

type Issue = z.core.$ZodRawIssue;

/** Refuses what `z.record(key, value)` refuses, with the same issues. */
export function entries<Value>(key: z.ZodType<string>, value: z.ZodType<Value>) {
  return z.unknown().transform((given, context): Record<string, Value> => {
    if (!isObject(given)) {
      context.issues.push({ code: 'invalid_type', expected: 'record', input: given });
      return z.NEVER;
    }
    const read: [string, Value][] = [];
    for (const [name, told] of Object.entries(given)) {
      const [keyResult, valueResult] = [key.safeParse(name), value.safeParse(told)];
      if (keyResult.success && valueResult.success) read.push([name, valueResult.data]);
      context.issues.push(...issuesOf(name, keyResult, valueResult));
    }
    // As own entries, which assigning one by one would not make of `__proto__`.
    return Object.fromEntries(read);
  });
}

function issuesOf(name: string, key: z.ZodSafeParseResult<string>, value: z.ZodSafeParseResult<unknown>): Issue[] {
  if (!key.success)
    return [{ code: 'invalid_key', origin: 'record', issues: key.error.issues, input: name, path: [name] }];
  const issues = value.success ? [] : value.error.issues;
  return issues.map(issue => ({ ...issue, path: [name, ...issue.path] }) as Issue);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
