// Data from outside, held to a schema, whatever it is. zod measures everything that has a `length`, also where a text or a list
// belongs, and throws when that is an object nothing compares with. Here such data is refused like any other. Pure.
import type { z } from 'zod';

/** No schema looks as deep; what lies deeper is left out when data is parsed anew. */
const maxDepth = 64;

/** As `schema.safeParse`, which it never throws for. The schema must not be asynchronous. */
export function parseOutside<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  params?: Parameters<Schema['safeParse']>[1],
): z.ZodSafeParseResult<z.output<Schema>> {
  try {
    return schema.safeParse(value, params);
  } catch (error) {
    if (!(error instanceof TypeError && /primitive value/.test(error.message))) throw error;
    return schema.safeParse(measurable(value), params);
  }
}

/** A copy without every `length` that is an object: what had one is of another type still, and that is what zod then says. */
function measurable(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (depth > maxDepth) return undefined;
  if (Array.isArray(value)) return value.map(item => measurable(item, depth + 1));
  const kept = Object.entries(value).filter(([key, item]) => key !== 'length' || typeof item !== 'object');
  return Object.fromEntries(kept.map(([key, item]) => [key, measurable(item, depth + 1)]));
}
