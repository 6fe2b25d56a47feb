// The settings file as a schema: one source for validation, defaults, types, the published JSON Schema and its examples.
// Secrets are never written here: a setting that needs one names an environment variable or a file.
import { z } from 'zod';

const id = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, 'must be lower-case letters, digits, - and _, 1 to 63 characters')
  .meta({ examples: ['front-door'] });

const secretReference = z
  .union([z.strictObject({ env: z.string().min(1) }), z.strictObject({ file: z.string().min(1) })], {
    error: 'must name where the secret is: { env: NAME } or { file: /path }; secrets are not written in this file',
  })
  .meta({ examples: [{ env: 'FRONT_DOOR_PASSWORD' }] });

const byteUnits: Record<string, number> = {
  B: 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
};

const bytes = z
  .union([z.int().positive(), z.string().regex(/^\d+(\.\d+)? ?([KMGT]iB|kB|[MGT]B|B)$/)], {
    error: 'must be a size such as 2 GiB or 500 MB',
  })
  .transform(size => {
    if (typeof size === 'number') return size;
    const [, amount, unit] = /^([\d.]+) ?(\w+)$/.exec(size) ?? [];
    return Math.floor(Number(amount) * (byteUnits[unit ?? ''] ?? Number.NaN));
  })
  .meta({ examples: ['2 GiB'] });

const httpUrl = z
  .url({ protocol: /^https?$/, error: 'must be an http:// or https:// address' })
  .refine(url => !hasUserinfo(url), 'must not contain a user or password');

function hasUserinfo(url: string): boolean {
  return URL.canParse(url) && (new URL(url).username !== '' || new URL(url).password !== '');
}

const labels = z
  .strictObject({
    provider: z.enum(['rekognition', 'none']).default('rekognition'),
    minConfidence: z.number().min(0).max(100).default(70),
    everySeconds: z.number().min(0.5).max(3600).default(2),
    /** Share of the picture that must change before a frame is sent to the provider; 0 sends every sample. */
    motionThreshold: z.number().min(0).max(1).default(0.005),
  })
  .meta({ examples: [{ provider: 'rekognition', minConfidence: 70, everySeconds: 2 }] });

const camera = z.strictObject({
  id,
  url: z
    .url({ protocol: /^rtsps?$/, error: 'must be an rtsp:// or rtsps:// address' })
    .refine(url => !hasUserinfo(url), 'must not contain a user or password: set username and password beside it')
    .meta({ examples: ['rtsp://10.0.0.20/stream1'] }),
  username: z.string().optional(),
  password: secretReference.optional(),
  stream: z
    .string()
    .regex(/^[a-zA-Z0-9_.-]{1,256}$/, 'must be a stream name of letters, digits, _ . and -, at most 256 characters')
    .optional(),
  retentionHours: z.int().min(0).max(87_600).default(24),
  /** `aac` keeps AAC as it is and re-encodes other audio to AAC; `off` leaves sound out. */
  audio: z.enum(['aac', 'off']).default('aac'),
  labels: labels.optional(),
});

const webhook = z.strictObject({
  webhook: z.strictObject({ url: httpUrl, secret: secretReference }),
});

const rule = z.strictObject({
  id,
  when: z.strictObject({
    labels: z
      .array(z.string().min(1))
      .min(1)
      .meta({ examples: [['Person']] }),
    cameras: z.array(id).min(1).optional(),
    minConfidence: z.number().min(0).max(100).optional(),
  }),
  cooldownSeconds: z.number().min(0).default(60),
  // biome-ignore lint/suspicious/noThenProperty: `then` is the word people read in the file; the value is never awaited
  then: z.array(webhook).min(1),
});

/** `host:port`; IPv6 hosts in brackets. */
const listen = z
  .string()
  .regex(/^(\[[0-9a-f:]+\]|[^:\s[\]]+):\d{1,5}$/i, 'must be host:port')
  .meta({ examples: ['127.0.0.1:8080', '0.0.0.0:8080'] });

export const settingsSchema = z
  .strictObject({
    siteName: z.string().min(1).max(80).default('My cameras'),
    dataDir: z.string().min(1).default('./data'),
    aws: z.strictObject({ region: z.string().min(1).default('us-west-2'), endpoint: httpUrl.optional() }).prefault({}),
    cameras: z.array(camera).min(1, 'needs at least one camera'),
    rules: z.array(rule).default([]),
    spool: z.strictObject({ dir: z.string().min(1).optional(), maxBytes: bytes.prefault('2 GiB') }).prefault({}),
    web: z.strictObject({ listen: listen.default('127.0.0.1:8080') }).prefault({}),
  })
  .superRefine((settings, context) => {
    refuseRepeats(settings.cameras, 'cameras', context);
    refuseRepeats(settings.rules, 'rules', context);
    const known = new Set(settings.cameras.map(camera => camera.id));
    settings.rules.forEach((rule, index) => {
      rule.when.cameras?.forEach((name, position) => {
        if (known.has(name)) return;
        context.addIssue({
          code: 'custom',
          path: ['rules', index, 'when', 'cameras', position],
          message: `names no camera: the cameras are ${[...known].join(', ')}`,
        });
      });
    });
    settings.cameras.forEach((camera, index) => {
      if (camera.password && camera.username === undefined)
        context.addIssue({
          code: 'custom',
          path: ['cameras', index, 'username'],
          message: 'is needed beside password',
        });
    });
  });

function refuseRepeats(items: { id: string }[], name: string, context: z.RefinementCtx): void {
  const seen = new Set<string>();
  items.forEach((item, index) => {
    if (seen.has(item.id)) context.addIssue({ code: 'custom', path: [name, index, 'id'], message: 'is used twice' });
    seen.add(item.id);
  });
}

/** As people write it. */
export type SettingsInput = z.input<typeof settingsSchema>;
/** With every default filled in. Secrets are still references. */
export type Settings = z.output<typeof settingsSchema>;
export type CameraSettings = Settings['cameras'][number];
export type LabelSettings = NonNullable<CameraSettings['labels']>;
export type RuleSettings = Settings['rules'][number];
export type SecretReference = z.output<typeof secretReference>;
