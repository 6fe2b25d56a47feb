// What the settings must keep between themselves: names that are unique, names that exist, settings that need each other.
// Looks at whatever is there, also when single settings are wrong, so that one run reports every problem of a file.
import { z } from 'zod';

/** `rule` continues the sentence "<key> …"; `example` is a value that would be right. */
export type Disagreement = { path: (string | number)[]; rule: string; example?: string };

const name = z.string().optional().catch(undefined);
const named = z.object({ id: name });

const cameraOutline = named
  .extend({ username: z.unknown().optional(), password: z.unknown().optional() })
  .catch({ username: undefined, password: undefined });
const ruleOutline = named
  .extend({ when: z.object({ cameras: z.array(name).catch([]) }).catch({ cameras: [] }) })
  .catch({ when: { cameras: [] } });

const outline = z
  .object({ cameras: z.array(cameraOutline).catch([]), rules: z.array(ruleOutline).catch([]) })
  .catch({ cameras: [], rules: [] });

type Outline = z.output<typeof outline>;

/** `settings` is anything; parts of the wrong shape are passed over, the schema reports those. */
export function disagreements(settings: unknown): Disagreement[] {
  const seen = outline.parse(settings);
  return [
    ...repeats(seen.cameras, 'cameras'),
    ...repeats(seen.rules, 'rules'),
    ...unknownCameras(seen),
    ...lonePasswords(seen),
  ];
}

function repeats(items: { id?: string | undefined }[], list: string): Disagreement[] {
  return items.flatMap(({ id }, index) => {
    const first = items.findIndex(item => item.id === id);
    if (id === undefined || first === index) return [];
    return [{ path: [list, index, 'id'], rule: `must be unique: ${list}[${first}] has the same`, example: `${id}-2` }];
  });
}

function unknownCameras({ cameras, rules }: Outline): Disagreement[] {
  const known = cameras.flatMap(camera => camera.id ?? []);
  const rule = `must be the id of a camera in this file: ${known.join(', ')}`;
  return rules.flatMap(({ when }, index) =>
    when.cameras.flatMap((camera, position) =>
      camera === undefined || known.includes(camera)
        ? []
        : [{ path: ['rules', index, 'when', 'cameras', position], rule, ...(known[0] ? { example: known[0] } : {}) }],
    ),
  );
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
