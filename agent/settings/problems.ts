// What the schema objects to, as one line a problem: place, key, rule and an example.
import { stringify } from 'yaml';
import type { z } from 'zod';
import { cameraSchema } from '../../shared/camera-settings.ts';
import { parseOutside } from '../../shared/parse-outside.ts';
import { ruleSchema } from '../../shared/rule-settings.ts';
import { disagreements } from '../../shared/settings-agreement.ts';
import { exampleOf, ruleOf, type SchemaNode, schemaNodeAt, settingsJsonSchema } from './json-schema.ts';
import { nearestKey } from './nearest-key.ts';
import type { SettingPath, SettingsDocument } from './yaml-document.ts';

type Problem = { path: SettingPath; rule: string; example?: unknown };

/** What is wrong with one camera, beside the models it may name, by the setting's path within it, in words as the file's own problems have. */
export function cameraProblems(camera: unknown, models: readonly unknown[]): { path: string; message: string }[] {
  const issues = parseOutside(cameraSchema, camera, { error: () => '' }).error?.issues ?? [];
  const schema = issues.length === 0 ? {} : (schemaNodeAt(settingsJsonSchema(), ['cameras', 0]) ?? {});
  const own = disagreements({ cameras: [camera], models })
    .filter(({ path }) => path[0] === 'cameras')
    .map(problem => ({ ...problem, path: problem.path.slice(2) }));
  return [...issues.flatMap(issue => problemsOf(issue, schema, camera)), ...own].map(({ path, rule, example }) => ({
    path: keyOf(path),
    message: `${rule}${exampleWords(example)}`,
  }));
}

/** The same of one rule, beside the cameras and destinations that it may name. */
export function ruleProblems(
  rule: unknown,
  { cameras, destinations }: { cameras: readonly unknown[]; destinations: readonly unknown[] },
): { path: string; message: string }[] {
  const issues = parseOutside(ruleSchema, rule, { error: () => '' }).error?.issues ?? [];
  const schema = issues.length === 0 ? {} : (schemaNodeAt(settingsJsonSchema(), ['rules', 0]) ?? {});
  const own = disagreements({ cameras, destinations, rules: [rule] }).filter(({ path }) => path[0] === 'rules');
  return [
    ...issues.flatMap(issue => problemsOf(issue, schema, rule)),
    ...own.map(problem => ({ ...problem, path: problem.path.slice(2) })),
  ].map(({ path, rule, example }) => ({ path: keyOf(path), message: `${rule}${exampleWords(example)}` }));
}

/**
 * Everything wrong with a document, in the order of the file, each as
 * `file.yaml:12  cameras[0].retentionHours  must be a whole number from 1 to 87600, for example 24`.
 * Values are never quoted: one of them may be a secret in the wrong place.
 */
export function problemLines(file: string, document: SettingsDocument, issues: z.core.$ZodIssue[]): string[] {
  const root = settingsJsonSchema();
  return [...issues.flatMap(issue => problemsOf(issue, root, document.data)), ...disagreements(document.data)]
    .map(problem => ({ ...problem, line: document.lineOf(problem.path) }))
    .sort((a, b) => a.line - b.line)
    .map(({ line, path, rule, example }) => {
      const key = path.length === 0 ? '(the whole file)' : keyOf(path);
      return `${file}:${line}  ${key}  ${rule}${exampleWords(example)}`;
    });
}

function problemsOf(issue: z.core.$ZodIssue, root: SchemaNode, data: unknown): Problem[] {
  const schema = schemaNodeAt(root, issue.path);
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map(key => ({ path: [...issue.path, key], rule: unknownKeyRule(key, schema) }));
  const rule = issue.message || (schema ? ruleOf(schema) : 'is not valid here');
  const example = schema ? exampleOf(schema) : undefined;
  return [{ path: issue.path, rule: `${absence(data, issue.path)}${rule}`, example }];
}

function unknownKeyRule(key: string, schema: SchemaNode | undefined): string {
  const known = Object.keys(schema?.properties ?? {});
  const nearest = nearestKey(key, known);
  return nearest
    ? `is not a setting: did you mean ${nearest}?`
    : `is not a setting: known here are ${known.join(', ')}`;
}

function absence(data: unknown, path: SettingPath): string {
  const value = path.reduce<unknown>(
    (parent, key) => (parent instanceof Object ? Reflect.get(parent, key) : undefined),
    data,
  );
  if (value === undefined) return 'is missing: it ';
  return value === null ? 'is empty: it ' : '';
}

function keyOf(path: SettingPath): string {
  return path.map((key, at) => (typeof key === 'number' ? `[${key}]` : `${at ? '.' : ''}${String(key)}`)).join('');
}

function exampleWords(example: unknown): string {
  if (example === undefined) return '';
  return `, for example ${stringify(example, { collectionStyle: 'flow', lineWidth: 0 }).trim()}`;
}
