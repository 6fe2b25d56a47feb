// The headers that the settings give a webhook; their values are secrets.
import { validateHeaderValue } from 'node:http';
import { AgentError } from '../../errors.ts';
import type { Secret } from '../../secret.ts';

/** @throws AgentError `settings-invalid` for a value that no header can have; it is not in the message */
export function headersOf(headers: Readonly<Record<string, Secret>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, secret]) => [name.toLowerCase(), textOf(name, secret)]),
  );
}

function textOf(name: string, secret: Secret): string {
  const value = secret.reveal().trim();
  try {
    validateHeaderValue(name, value);
    if (value !== '') return value;
  } catch {
    // Said below: Node's error shows the value.
  }
  throw new AgentError({
    code: 'settings-invalid',
    kind: 'invalid',
    retry: 'never',
    message: `The value of a webhook’s header ${name} is empty or has characters that no header can have. Look where headers.${name} in the settings points to.`,
  });
}
