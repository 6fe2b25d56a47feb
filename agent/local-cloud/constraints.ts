// What is wrong with a request's members: found by a schema, told in the words AWS's services use. A member that breaks a
// constraint of the service's model is refused with the error the operation documents; one of another JSON type cannot be
// read at all, which every AWS service calls SerializationException.
import type { z } from 'zod';
import { parseOutside } from '../../shared/parse-outside.ts';
import { WireError, type WireErrorType } from './wire-error.ts';

type Issue = z.core.$ZodIssue;

/** Enough to see what is wrong with a list. */
const toldIssues = 10;
const maxNameLength = 100;

/**
 * @param value parsed JSON, without nulls
 * @throws WireError `refusal` or SerializationException, with a message that names the member
 */
export function parseMembers<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  refusal: WireErrorType,
): z.output<Schema> {
  const result = parseOutside(schema, value);
  if (result.success) return result.data;
  const issues = result.error.issues.map(issue => ({ issue, found: valueAt(value, issue.path) }));
  const unreadable = issues.find(({ issue, found }) => isOtherType(issue, found));
  if (unreadable)
    throw new WireError(
      'SerializationException',
      `Value at '${nameOf(unreadable.issue)}' cannot be read: ${typeName(unreadable.found)} is not what belongs there.`,
    );
  const told = issues.slice(0, toldIssues).map(({ issue, found }) => {
    return `Value at '${nameOf(issue)}' failed to satisfy constraint: ${constraintOf(issue, found)}`;
  });
  const errors = issues.length === 1 ? 'error' : 'errors';
  throw new WireError(refusal, `${issues.length} validation ${errors} detected: ${told.join('; ')}`);
}

function isOtherType(issue: Issue, found: unknown): boolean {
  if (found === undefined) return false;
  return issue.code === 'invalid_type' || (issue.code === 'invalid_value' && typeof found !== 'string');
}

function constraintOf(issue: Issue, found: unknown): string {
  if (found === undefined) return 'Member must not be null';
  switch (issue.code) {
    case 'too_small':
      return `Member must have ${measure(issue.origin)} greater than or equal to ${issue.minimum}`;
    case 'too_big':
      return `Member must have ${measure(issue.origin)} less than or equal to ${issue.maximum}`;
    case 'invalid_value':
      return `Member must satisfy enum value set: [${issue.values.join(', ')}]`;
    case 'invalid_key':
      return `Map keys must satisfy constraint: [${issue.issues.map(inner => constraintOf(inner, '')).join(', ')}]`;
    case 'invalid_format':
      return `Member must satisfy regular expression pattern: ${issue.pattern ?? issue.format}`;
    default:
      return `Member ${issue.message}`;
  }
}

function measure(origin: string): string {
  return origin === 'number' || origin === 'int' ? 'value' : 'length';
}

/** Keys of maps are the client's own words: bounded. */
function nameOf({ path }: Issue): string {
  return path.join('.').slice(0, maxNameLength) || 'request';
}

function valueAt(value: unknown, path: Issue['path']): unknown {
  return path.reduce<unknown>(
    (found, key) => (typeof found === 'object' && found !== null ? Reflect.get(found, key) : undefined),
    value,
  );
}

function typeName(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
