// AWS's own models of the services the embedded server stands for, and the requests they allow and forbid. The models are
// those of Debian's botocore, brought up to date with the shapes of the SDK for JavaScript and with AWS's API reference.
import { readFile } from 'node:fs/promises';
import { z } from 'zod';

const folder = '/usr/lib/python3/dist-packages/botocore/data';

export type Shape = {
  type: string;
  members?: Record<string, { shape: string }> | undefined;
  required?: string[] | undefined;
  member?: { shape: string } | undefined;
  key?: { shape: string } | undefined;
  value?: { shape: string } | undefined;
  min?: number | undefined;
  max?: number | undefined;
  pattern?: string | undefined;
  enum?: string[] | undefined;
  payload?: string | undefined;
  error?: { httpStatusCode?: number | undefined } | undefined;
};

export type Model = {
  shapes: Record<string, Shape>;
  operations: Record<
    string,
    {
      name: string;
      http: { requestUri: string };
      input: { shape: string };
      output?: { shape: string } | undefined;
      errors?: { shape: string }[] | undefined;
    }
  >;
};

const named = z.object({ shape: z.string() });
const shape = z.object({
  type: z.string(),
  members: z.record(z.string(), named).optional(),
  required: z.array(z.string()).optional(),
  member: named.optional(),
  key: named.optional(),
  value: named.optional(),
  min: z.number().optional(),
  max: z.number().optional(),
  pattern: z.string().optional(),
  enum: z.array(z.string()).optional(),
  payload: z.string().optional(),
  error: z.object({ httpStatusCode: z.number().optional() }).optional(),
});
const model = z.object({
  shapes: z.record(z.string(), shape),
  operations: z.record(
    z.string(),
    z.object({
      name: z.string(),
      http: z.object({ requestUri: z.string() }),
      input: named,
      output: named.optional(),
      errors: z.array(named).optional(),
    }),
  ),
});

export async function serviceModel(service: string, version: string): Promise<Model> {
  return model.parse(JSON.parse(await readFile(`${folder}/${service}/${version}/service-2.json`, 'utf8')));
}

export type Path = readonly (string | number)[];

/** A value for one member of a request. `undefined` leaves the member out. */
export type Trial = { path: Path; what: string; value: unknown; allowed: boolean; otherType?: boolean };

/** Every limit the model puts on the members of `base`, met and just missed. */
export function trialsOf(shapes: Model['shapes'], input: string, base: unknown): Trial[] {
  const { members = {}, required = [] } = shapes[input] ?? {};
  return Object.entries(members).flatMap(([name, { shape: type }]) =>
    memberTrials(shapes, { type, base, path: [name], required: required.includes(name) }),
  );
}

type Place = { type: string; base: unknown; path: Path; required: boolean };

function memberTrials(shapes: Model['shapes'], { type, base, path, required }: Place): Trial[] {
  const rule = shapes[type];
  if (!rule) throw new Error(`the model has no shape ${type}`);
  const present = valueAt(base, path) !== undefined;
  const trial = (what: string, value: unknown, allowed: boolean, otherType = false): Trial => {
    return { path, what, value, allowed, otherType };
  };
  const own = [
    ...(otherTypes[rule.type]?.map(value => trial(`is ${JSON.stringify(value)}`, value, false, true)) ?? []),
    ...limitTrials(shapes, rule, valueAt(base, path)).map(([what, value, allowed]) => trial(what, value, allowed)),
    ...(required ? [trial('is left out', undefined, false), trial('is null', null, false)] : []),
    ...(required || !present || typeof path.at(-1) === 'number' ? [] : [trial('is null', null, true)]),
  ];
  const place = (child: { shape: string } | undefined, key: string | number, needed = false) =>
    child && valueAt(base, [...path, key]) !== undefined
      ? memberTrials(shapes, { type: child.shape, base, path: [...path, key], required: needed })
      : [];
  const inner = Object.entries(rule.members ?? {}).flatMap(([name, child]) =>
    place(child, name, rule.required?.includes(name)),
  );
  const keys = rule.type === 'map' ? Object.keys(valueAt(base, path) ?? {}).slice(0, 1) : [];
  return [...own, ...inner, ...place(rule.member, 0), ...keys.flatMap(key => place(rule.value, key))];
}

const otherTypes: Record<string, readonly unknown[]> = {
  string: [5, {}],
  integer: ['5', 1.5],
  long: [true, 2.5],
  float: ['5', {}],
  timestamp: [true, {}],
  structure: ['x', []],
  list: ['x', {}],
  map: ['x', []],
  blob: [5, {}],
};

function limitTrials(shapes: Model['shapes'], rule: Shape, base: unknown): [string, unknown, boolean][] {
  const { type, min, max } = rule;
  if (type === 'string') return stringTrials(rule, base);
  const made = (count: number) => sized(shapes, rule, base, count);
  const measured = type === 'list' || type === 'map' || type === 'integer' || type === 'long' || type === 'float';
  if (!measured) return [];
  const trials: [string, unknown, boolean][] = [];
  if (min !== undefined) trials.push([`is of ${min}`, made(min), true], [`is of ${min - 1}`, made(min - 1), false]);
  if (max !== undefined) trials.push([`is of ${max}`, made(max), true], [`is of ${max + 1}`, made(max + 1), false]);
  if (type === 'map') trials.push(...keyTrials(shapes, rule, base));
  return trials.filter(([, value]) => value !== undefined);
}

/** A number itself, or a list or map of that many entries like the first of `base`. */
function sized(shapes: Model['shapes'], rule: Shape, base: unknown, count: number): unknown {
  if (rule.type !== 'list' && rule.type !== 'map') return count;
  if (count < 0) return undefined;
  if (Array.isArray(base)) return Array.from({ length: count }, () => base[0]);
  const [first = ''] = Object.values(base ?? {});
  const names = rule.key && shapes[rule.key.shape]?.enum;
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [names?.[index] ?? `key${index}`, first]));
}

function keyTrials(shapes: Model['shapes'], rule: Shape, base: unknown): [string, unknown, boolean][] {
  const keyRule = rule.key && shapes[rule.key.shape];
  const [[key, value] = []] = Object.entries(base ?? {});
  if (!keyRule || key === undefined) return [];
  return stringTrials(keyRule, key).map(([what, name, allowed]) => [
    `has a key that ${what}`,
    { [String(name)]: value },
    allowed,
  ]);
}

function stringTrials({ min = 0, max, pattern, enum: names }: Shape, base: unknown): [string, unknown, boolean][] {
  if (names)
    return [
      ...names.map((name): [string, string, boolean] => [`is ${name}`, name, true]),
      ['is an unknown name', 'NO_SUCH_NAME', false],
      ['is in small letters', (names[0] ?? '').toLowerCase(), false],
      ['is empty', '', false],
    ];
  const matching = new RegExp(`^(?:${pattern ?? '[^]*'})$`, 'u');
  const trials: [string, unknown, boolean][] = [];
  const ofLength = (length: number) => stretched(String(base ?? ''), length).find(text => matching.test(text));
  const shortest = ofLength(min);
  if (shortest !== undefined) trials.push([`has ${min} characters`, shortest, true]);
  if (min > 0) trials.push([`has ${min - 1} characters`, 'a'.repeat(min - 1), false]);
  const longest = max === undefined ? undefined : ofLength(max);
  const tooLong = max === undefined ? undefined : ofLength(max + 1);
  if (longest !== undefined) trials.push([`has ${max} characters`, longest, true]);
  if (tooLong !== undefined) trials.push([`has ${max} characters and one more`, tooLong, false]);
  const odd = ['!', '~', '\n', '\u0000x', 'a b', '*'].find(text => text.length >= min && !matching.test(text));
  if (pattern !== undefined && odd !== undefined) trials.push([`is ${JSON.stringify(odd)}`, odd, false]);
  return trials;
}

/** Texts of this length, some of which have the form of `base`. */
function stretched(base: string, length: number): string[] {
  const missing = length - base.length;
  const at = base.search(/[a-zA-Z0-9](?=[^a-zA-Z0-9]*$)/);
  const grown = missing >= 0 && at >= 0 ? [base.slice(0, at) + (base[at] ?? '').repeat(missing) + base.slice(at)] : [];
  return ['a'.repeat(length), '1'.repeat(length), ...grown];
}

/** The request with this value in this place. */
export function withValue(base: unknown, [key, ...rest]: Path, value: unknown): unknown {
  if (key === undefined) return value;
  if (Array.isArray(base)) return base.map((entry, index) => (index === key ? withValue(entry, rest, value) : entry));
  return { ...Object(base), [key]: withValue(Object(base)[key], rest, value) };
}

export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((found, key) => Object(found)[key], value);
}

/** What keeps an answer's body from having the output's shape; empty when nothing does. */
export function shapeProblems(shapes: Model['shapes'], type: string, value: unknown, at = ''): string[] {
  const rule = shapes[type];
  if (!rule) return [`${at}: the model has no shape ${type}`];
  const child = (inner: { shape: string } | undefined, entry: unknown, key: string) =>
    inner ? shapeProblems(shapes, inner.shape, entry, `${at}.${key}`) : [`${at}.${key}: not in the model`];
  switch (rule.type) {
    case 'structure':
      if (!isObject(value)) return [`${at}: is no object`];
      return [
        ...(rule.required ?? []).filter(name => value[name] === undefined).map(name => `${at}.${name}: missing`),
        ...Object.entries(value).flatMap(([name, entry]) => child(rule.members?.[name], entry, name)),
      ];
    case 'list':
      if (!Array.isArray(value)) return [`${at}: is no list`];
      return value.flatMap((entry, index) => child(rule.member, entry, String(index)));
    case 'map':
      if (!isObject(value)) return [`${at}: is no map`];
      return Object.entries(value).flatMap(([name, entry]) => [
        ...child(rule.key, name, name),
        ...child(rule.value, entry, name),
      ]);
    case 'string':
      return stringProblems(rule, value, at);
    case 'integer':
    case 'long':
      return Number.isSafeInteger(value) ? [] : [`${at}: ${JSON.stringify(value)} is no whole number`];
    default:
      return typeof value === 'number' ? [] : [`${at}: ${JSON.stringify(value)} is no ${rule.type}`];
  }
}

function stringProblems(
  { min = 0, max = Infinity, pattern, enum: names }: Shape,
  value: unknown,
  at: string,
): string[] {
  if (typeof value !== 'string') return [`${at}: is no string`];
  const wrong =
    value.length < min ||
    value.length > max ||
    (names && !names.includes(value)) ||
    (pattern !== undefined && !new RegExp(`^(?:${pattern})$`, 'u').test(value));
  return wrong ? [`${at}: ${value.slice(0, 80)}`] : [];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
