// A camera's settings by name, each as one piece of text: columns of a CSV file and `--set` on the command line. Groups are
// written with a dot: `labels.everySeconds`. What a text means is decided by the settings' own schema.
import { z } from 'zod';
import { type SchemaNode, schemaNodeAt, settingsJsonSchema } from './json-schema.ts';
import { type Group, isGroup } from './merge-patch.ts';
import { nearestKey } from './nearest-key.ts';

const openGroup = z.looseObject({ additionalProperties: z.unknown().optional() });

/** The place of a password is a setting like others here; the password itself is not. */
const passwordPlaces = ['password.env', 'password.file'];

let known: Map<string, SchemaNode> | undefined;

/** Every setting of a camera with its schema, in their order; a group that takes any name ends in a dot (`tags.`). */
export function cameraFields(): ReadonlyMap<string, SchemaNode> {
  known ??= new Map(fieldsOf(schemaNodeAt(settingsJsonSchema(), ['cameras', 0]) ?? {}, ''));
  return known;
}

function fieldsOf(group: SchemaNode, prefix: string): [string, SchemaNode][] {
  return Object.keys(group.properties ?? {}).flatMap(key => {
    const node = schemaNodeAt(group, [key]) ?? {};
    const name = `${prefix}${key}`;
    if (name === 'password') return passwordPlaces.map((place): [string, SchemaNode] => [place, { type: 'string' }]);
    if (node.properties) return fieldsOf(node, `${name}.`);
    const takesAnyName = node.type === 'object' && openGroup.parse(node).additionalProperties !== undefined;
    return [[takesAnyName ? `${name}.` : name, node]];
  });
}

/** As it is written in the schema, whatever its case; undefined when there is no such setting. */
export function fieldNamed(text: string): string | undefined {
  const wanted = text.trim();
  for (const name of cameraFields().keys()) {
    if (name.endsWith('.') && wanted.toLowerCase().startsWith(name)) return name + wanted.slice(name.length);
    if (name.toLowerCase() === wanted.toLowerCase()) return name;
  }
  return undefined;
}

/** The rule of a name that is no setting, continuing "<name> …". */
export function unknownFieldRule(name: string): string {
  const nearest = nearestKey(name.trim(), [...cameraFields().keys()]);
  return `is not a setting of a camera${nearest ? `: did you mean ${nearest}?` : ''}`;
}

/** What the text means for this setting. A text that fits nothing stays one: the schema says what is wrong with it. */
export function fieldValue(name: string, text: string): unknown {
  const { type, enum: words } = cameraFields().get(name) ?? {};
  if (words) return text.toLowerCase();
  if (type === 'boolean' && /^(true|false)$/i.test(text)) return text.toLowerCase() === 'true';
  // Half of the world writes half a second as 0,5.
  if ((type === 'number' || type === 'integer') && /^-?\d+([.,]\d+)?$/.test(text))
    return Number(text.replace(',', '.'));
  return text;
}

/** A change that sets the setting to the value, as `mergePatch` takes it. */
export function fieldChange(name: string, value: unknown): Group {
  const [first = '', ...rest] = name.split('.');
  // Only the first dot parts a group from its settings: a tag may have dots of its own.
  return { [first]: rest.length === 0 ? value : { [rest.join('.')]: value } };
}

/** The camera's settings as texts by their names. */
export function fieldTexts(camera: Group, prefix = ''): Map<string, string> {
  const texts = new Map<string, string>();
  for (const [key, value] of Object.entries(camera)) {
    const name = `${prefix}${key}`;
    if (isGroup(value)) for (const [inner, text] of fieldTexts(value, `${name}.`)) texts.set(inner, text);
    else texts.set(name, String(value));
  }
  return texts;
}
