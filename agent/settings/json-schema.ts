// The settings as a JSON Schema: published for editors as docs/settings.schema.json, and read back here so that a
// problem's rule and example are worded from the very schema that is published.
import { z } from 'zod';
import { settingsSchema } from '../../shared/settings.ts';
import type { SettingPath } from './yaml-document.ts';

const node = z.looseObject({
  type: z.string().optional(),
  enum: z.array(z.unknown()).optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  maxLength: z.number().optional(),
  minItems: z.number().optional(),
  default: z.unknown().optional(),
  examples: z.array(z.unknown()).optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  items: z.unknown().optional(),
  /** Of lists that have a place for each item, such as [x, y]. */
  prefixItems: z.array(z.unknown()).optional(),
});

export type SchemaNode = z.output<typeof node>;

/** It takes a while to make, and is asked for with each problem. */
let made: SchemaNode | undefined;

/** What `kvs-edge` publishes; a test keeps docs/settings.schema.json equal to it. */
export function settingsJsonSchema(): SchemaNode {
  made ??= makeJsonSchema();
  return made;
}

function makeJsonSchema(): SchemaNode {
  const { $schema, ...schema } = z.toJSONSchema(settingsSchema, { io: 'input' });
  return node.parse({ $schema, title: 'kvs-edge settings', ...schema });
}

/** The part of the schema that describes the setting; `undefined` inside a choice between shapes. */
export function schemaNodeAt(root: SchemaNode, path: SettingPath): SchemaNode | undefined {
  return path.reduce<SchemaNode | undefined>((parent, key) => {
    const child =
      typeof key === 'number' ? (parent?.prefixItems?.[key] ?? parent?.items) : parent?.properties?.[String(key)];
    // `items: false` says that there are no more.
    return child instanceof Object ? node.parse(child) : undefined;
  }, root);
}

/** The rule in words, continuing "<key> …". */
export function ruleOf(schema: SchemaNode): string {
  const { type, enum: values, minimum, maximum, maxLength, properties } = schema;
  if (values) return `must be ${values.map(String).join(' or ')}`;
  if (properties) return `must be a group of settings: ${Object.keys(properties).join(', ')}`;
  if (type === 'array') return listRuleOf(schema);
  if (type === 'string') return maxLength ? `must be text of 1 to ${maxLength} characters` : 'must be text';
  return `must be a ${type === 'integer' ? 'whole number' : 'number'}${rangeOf(minimum, maximum)}`;
}

function listRuleOf({ minItems = 0, prefixItems }: SchemaNode): string {
  if (prefixItems) return `must be a list of ${prefixItems.length} numbers`;
  if (minItems === 0) return 'must be a list';
  return `must be a list with at least ${minItems === 1 ? 'one item' : `${minItems} items`}`;
}

function rangeOf(minimum: number | undefined, maximum: number | undefined): string {
  if (minimum !== undefined && maximum !== undefined) return ` from ${minimum} to ${maximum}`;
  return minimum === undefined ? '' : ` of at least ${minimum}`;
}

/** A value that would be right, for a group its first setting; `undefined` when there is none to show. */
export function exampleOf(schema: SchemaNode): unknown {
  const plain = schema.examples?.[0] ?? schema.enum?.[0];
  if (plain !== undefined) return plain;
  for (const key of Object.keys(schema.properties ?? {})) {
    const child = schemaNodeAt(schema, [key]);
    const example = child && exampleOf(child);
    if (example !== undefined) return { [key]: example };
  }
  return schema.default;
}
