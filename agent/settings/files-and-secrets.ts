// Finds what settings refer to outside the settings file: files by the names of their keys (`caFile`, `modelFile`), secrets
// by their shape. So a new setting of that kind needs no line anywhere else.
import { resolve } from 'node:path';
import { type SecretReference, secretReference } from '../../shared/names.ts';

/** A copy in which every file, also that of a secret, is an absolute path; relative ones start at `folder`. */
export function withAbsoluteFiles<Value>(value: Value, folder: string): Value;
export function withAbsoluteFiles(value: unknown, folder: string): unknown {
  if (Array.isArray(value)) return value.map(item => withAbsoluteFiles(item, folder));
  if (!isRecord(value)) return value;
  const isSecret = secretReference.safeParse(value).success;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      const isFile = typeof item === 'string' && (key.endsWith('File') || (isSecret && key === 'file'));
      return [key, isFile ? resolve(folder, item) : withAbsoluteFiles(item, folder)];
    }),
  );
}

/** Every reference to a secret within `value`, with the setting it stands at. */
export function* secretsWithin(value: unknown, key: string): Generator<{ key: string; reference: SecretReference }> {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield* secretsWithin(item, `${key}[${index}]`);
    return;
  }
  if (!isRecord(value)) return;
  const { success, data: reference } = secretReference.safeParse(value);
  if (success) yield { key, reference };
  else for (const [name, item] of Object.entries(value)) yield* secretsWithin(item, `${key}.${name}`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
