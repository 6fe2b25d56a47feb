// What the settings must keep between themselves: names that are unique, names that exist, settings that need each other.
// Looks at whatever is there, also when single settings are wrong, so that one run reports every problem of a file.
import { z } from 'zod';
import { destinationKinds } from './destination-settings.ts';

/** `rule` continues the sentence "<key> …"; `example` is a value that would be right. */
export type Disagreement = { path: (string | number)[]; rule: string; example?: string };

const name = z.string().optional().catch(undefined);
const names = z.array(name).catch([]);
const named = z.object({ id: name });
const things = z.array(z.looseObject({ name }).catch({ name: undefined })).catch([]);

const cameraOutline = named
  .extend({
    username: z.unknown().optional(),
    password: z.unknown().optional(),
    groups: names.optional(),
    zones: things.optional(),
    lines: things.optional(),
    labels: z.object({ provider: name, model: name }).optional().catch(undefined),
  })
  .catch({ username: undefined, password: undefined });
const whenOutline = z
  .object({
    cameras: names.optional(),
    groups: names.optional(),
    zones: names.optional(),
    line: z.object({ name }).optional().catch(undefined),
    labels: z.unknown().optional(),
    health: z.unknown().optional(),
    everyMinutes: z.unknown().optional(),
  })
  .catch({ labels: true });
const route = z.looseObject({ to: name }).catch({ to: undefined });
const ruleOutline = named
  // biome-ignore lint/suspicious/noThenProperty: the setting's name; the value is never awaited
  .extend({ when: whenOutline, then: z.array(route).catch([]) })
  // biome-ignore lint/suspicious/noThenProperty: the setting's name; the value is never awaited
  .catch({ when: { labels: true }, then: [] });
const kinded = named.loose().catch({ id: undefined });

const outline = z
  .object({
    cameras: z.array(cameraOutline).catch([]),
    rules: z.array(ruleOutline).catch([]),
    destinations: z.array(kinded).catch([]),
    models: z.array(kinded).catch([]),
  })
  .catch({ cameras: [], rules: [], destinations: [], models: [] });

type Outline = z.output<typeof outline>;

/** `settings` is anything; parts of the wrong shape are passed over, the schema reports those. */
export function disagreements(settings: unknown): Disagreement[] {
  const seen = outline.parse(settings);
  const { cameras, rules, destinations, models } = seen;
  return [
    ...repeats(cameras, 'cameras'),
    ...repeats(rules, 'rules'),
    ...repeats(destinations, 'destinations'),
    ...repeats(models, 'models'),
    ...unknownNames(seen),
    ...lonePasswords(seen),
    ...kindless(destinations, 'destinations', destinationKinds),
    ...kindless(models, 'models', ['onnx', 'sagemaker']),
    ...labelless(models),
    ...rules.flatMap(ruleProblems),
  ];
}

function repeats(items: { id?: string | undefined }[], list: string): Disagreement[] {
  return items.flatMap(({ id }, index) => {
    const first = items.findIndex(item => item.id === id);
    if (id === undefined || first === index) return [];
    return [{ path: [list, index, 'id'], rule: `must be unique: ${list}[${first}] has the same`, example: `${id}-2` }];
  });
}

/** Names that rules and cameras use and nothing in the file has. */
function unknownNames({ cameras, rules, destinations, models }: Outline): Disagreement[] {
  const cameraIds = known(cameras.map(({ id }) => id));
  const groups = known(cameras.flatMap(({ groups = [] }) => groups));
  const zones = known(cameras.flatMap(({ zones = [] }) => zones.map(({ name }) => name)));
  const lines = known(cameras.flatMap(({ lines = [] }) => lines.map(({ name }) => name)));
  const to = known(destinations.map(({ id }) => id));
  const modelIds = known(models.map(({ id }) => id));
  return [
    ...rules.flatMap(({ when, then: routes }, rule) => [
      ...strangers(when.cameras, cameraIds, ['rules', rule, 'when', 'cameras'], 'the id of a camera'),
      ...strangers(when.groups, groups, ['rules', rule, 'when', 'groups'], 'a group of a camera'),
      ...strangers(when.zones, zones, ['rules', rule, 'when', 'zones'], 'the name of a zone of a camera'),
      ...stranger(when.line?.name, lines, ['rules', rule, 'when', 'line', 'name'], 'the name of a line of a camera'),
      ...routes.flatMap((route, at) =>
        stranger(route.to, to, ['rules', rule, 'then', at, 'to'], 'the id of one of the destinations'),
      ),
    ]),
    ...cameras.flatMap(({ labels }, camera) => modelProblems(labels, modelIds, ['cameras', camera, 'labels', 'model'])),
  ];
}

function modelProblems(
  labels: Outline['cameras'][number]['labels'],
  models: string[],
  path: Disagreement['path'],
): Disagreement[] {
  const needsModel = labels?.provider === 'onnx' || labels?.provider === 'sagemaker';
  if (needsModel && labels.model === undefined)
    return [
      {
        path,
        rule: `is missing: the provider ${labels.provider} needs the id of one of the models`,
        example: models[0] ?? 'parcels',
      },
    ];
  return needsModel ? stranger(labels.model, models, path, 'the id of one of the models') : [];
}

function known(names: (string | undefined)[]): string[] {
  return [...new Set(names.flatMap(name => name ?? []))];
}

function strangers(
  used: (string | undefined)[] | undefined,
  known: string[],
  path: Disagreement['path'],
  what: string,
): Disagreement[] {
  return (used ?? []).flatMap((name, at) => stranger(name, known, [...path, at], what));
}

function stranger(name: string | undefined, known: string[], path: Disagreement['path'], what: string): Disagreement[] {
  if (name === undefined || known.includes(name)) return [];
  const there = known.length > 0 ? known.join(', ') : 'there is none yet';
  return [{ path, rule: `must be ${what} in this file: ${there}`, ...(known[0] ? { example: known[0] } : {}) }];
}

/** Things that are of one kind, which is the one key they have beside their id. */
function kindless(items: Record<string, unknown>[], list: string, kinds: readonly string[]): Disagreement[] {
  return items.flatMap((item, index) => {
    const count = kinds.filter(kind => item[kind] !== undefined).length;
    return count === 1 ? [] : [{ path: [list, index], rule: `must have exactly one of ${kinds.join(', ')}` }];
  });
}

const ownModel = z.looseObject({ output: name, labelsFile: z.unknown().optional() });

/** Models whose answers are numbers of classes, without names for them. */
function labelless(models: Record<string, unknown>[]): Disagreement[] {
  return models.flatMap(({ onnx }, index) => {
    const { success, data: model } = ownModel.safeParse(onnx);
    if (!success || model.output === 'score' || model.labelsFile !== undefined) return [];
    return [
      {
        path: ['models', index, 'onnx', 'labelsFile'],
        rule: 'is missing: it names the classes of the model, one label a line',
        example: './labels.txt',
      },
    ];
  });
}

function ruleProblems({ when, then: routes }: Outline['rules'][number], index: number): Disagreement[] {
  const bySight = when.labels !== undefined || when.line !== undefined;
  return [
    ...(bySight === (when.health !== undefined)
      ? [
          {
            path: ['rules', index, 'when'],
            rule: 'must have labels (or a line), or else health',
          },
        ]
      : []),
    ...(when.everyMinutes !== undefined && when.line === undefined
      ? [{ path: ['rules', index, 'when', 'everyMinutes'], rule: 'needs the line whose crossings are counted' }]
      : []),
    ...kindless(routes, 'then', ['to', 'webhook']).map(({ path: [, at = 0], rule }) => ({
      path: ['rules', index, 'then', at],
      rule,
    })),
  ];
}

function lonePasswords({ cameras }: Outline): Disagreement[] {
  return cameras.flatMap(({ username, password }, index) =>
    password !== undefined && username === undefined
      ? [
          {
            path: ['cameras', index, 'username'],
            rule: 'is missing: a password needs the username beside it',
            example: 'admin',
          },
        ]
      : [],
  );
}
