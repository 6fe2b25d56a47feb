// The settings file as a schema: one source for validation, defaults, types, the published JSON Schema and its examples.
// Secrets are never written here: a setting that needs one names an environment variable or a file.
// Every `error` continues the sentence "<key> …"; problems without one are worded from the JSON Schema. What settings
// must keep between themselves stands in settings-agreement.ts.
import { z } from 'zod';
import { byteSizePattern, parseByteSize } from './byte-size.ts';
import { cameraSchema } from './camera-settings.ts';
import { destinationSchema } from './destination-settings.ts';
import { budget, modelSchema } from './label-settings.ts';
import { webAddress } from './names.ts';
import { rulesSchema } from './rule-settings.ts';

const minSpoolBytes = 2 ** 20;
const sizeRule = 'must be a size with its unit (B, KiB, MiB, GiB, TiB, kB, MB, GB, TB)';

const bytes = z
  .union([z.int().positive(), z.string().regex(byteSizePattern, sizeRule)], { error: sizeRule })
  .transform(size => parseByteSize(size) ?? Number.NaN)
  .refine(size => size >= minSpoolBytes, 'must be at least 1 MiB')
  .meta({ examples: ['2 GiB'] });

const listen = z
  .string()
  .regex(/^(\[[0-9a-f:]+\]|[^:\s[\]]+):\d{1,5}$/i, 'must be host:port')
  .refine(address => Number(address.slice(address.lastIndexOf(':') + 1)) <= 65_535, 'must have a port up to 65535')
  .describe('Address and port the console listens on; IPv6 in brackets. 0.0.0.0:8080 opens it to the local network.')
  .meta({ examples: ['127.0.0.1:8080', '0.0.0.0:8080'] });

const iotExample = {
  endpoint: 'c1example.credentials.iot.us-west-2.amazonaws.com',
  roleAlias: 'cameras',
  thingName: 'harbour-7',
  certificateFile: './device.pem.crt',
  privateKeyFile: './device.pem.key',
};

const iot = z
  .strictObject({
    endpoint: z
      .string()
      .regex(/^[a-zA-Z0-9.-]+(:\d{1,5})?$/, 'must be a host name, as `aws iot describe-endpoint` prints it')
      .describe('Credential provider of the AWS account (endpoint type iot:CredentialProvider).')
      .meta({ examples: [iotExample.endpoint] }),
    roleAlias: z
      .string()
      .regex(/^[\w=,@-]{1,128}$/, 'must be the name of a role alias')
      .describe('Role alias that names the role the device takes.')
      .meta({ examples: [iotExample.roleAlias] }),
    thingName: z
      .string()
      .regex(/^[a-zA-Z0-9:_-]{1,128}$/, 'must be the name of a thing')
      .optional()
      .describe('Thing whose policy variables the role may use.')
      .meta({ examples: [iotExample.thingName] }),
    certificateFile: z
      .string()
      .min(1)
      .describe('Device certificate (PEM).')
      .meta({ examples: ['./device.pem.crt'] }),
    privateKeyFile: z
      .string()
      .min(1)
      .describe('Its private key (PEM).')
      .meta({ examples: ['./device.pem.key'] }),
    caFile: z
      .string()
      .min(1)
      .optional()
      .describe('Certificates that vouch for the credential provider (PEM). Left out: those of Node.js.')
      .meta({ examples: ['./AmazonRootCA1.pem'] }),
  })
  .describe('Take AWS credentials with an X.509 device certificate from AWS IoT. Left out: the standard AWS chain.')
  .meta({ examples: [iotExample] });

const aws = z.strictObject({
  region: z
    .string()
    .regex(/^[a-z0-9-]{1,40}$/, 'must be the name of a region')
    .default('us-west-2')
    .describe('AWS region of the streams.'),
  endpoint: webAddress('http://127.0.0.1:4600')
    .optional()
    .describe('One address for every AWS service. Left out: AWS_ENDPOINT_URL, and without it AWS itself.'),
  iot: iot.optional(),
});

function isTimeZone(name: string): boolean {
  try {
    return Intl.DateTimeFormat('en', { timeZone: name }) instanceof Intl.DateTimeFormat;
  } catch {
    return false;
  }
}

const spool = z.strictObject({
  dir: z
    .string()
    .min(1)
    .optional()
    .describe('Folder of video that waits to be sent, relative to this file. Left out: the folder spool in dataDir.')
    .meta({ examples: ['./data/spool'] }),
  maxBytes: bytes.prefault('2 GiB').describe('The spool never grows beyond this. Every loss is recorded.'),
  minFreeBytes: bytes.prefault('256 MiB').describe('Room on the disk that the spool always leaves to others.'),
  maxAgeHours: z
    .number()
    .positive()
    .max(87_600)
    .optional()
    .describe('Video older than this is given up even when it was never sent. Left out: it waits for ever.')
    .meta({ examples: [168] }),
  whenFull: z
    .enum(['delete-oldest', 'deny-new'])
    .default('delete-oldest')
    .describe('delete-oldest gives up the oldest waiting video; deny-new keeps it and records nothing new.'),
  mode: z
    .enum(['disk-first', 'memory-first'])
    .default('disk-first')
    .describe(
      'disk-first: every fragment is on disk before it counts. memory-first spares SD cards: a fragment is written ' +
        'only when the service has not confirmed it in time, at a stop and under pressure; a power cut loses it.',
    ),
  memorySeconds: z
    .number()
    .min(1)
    .max(600)
    .default(30)
    .describe('With memory-first: a fragment that was not confirmed for so long is written to disk.'),
});

const upload = z.strictObject({
  maxBitsPerSecond: z
    .int()
    .min(64_000)
    .optional()
    .describe('Share of the uplink that all cameras together may use. Left out: as much as there is.')
    .meta({ examples: [8_000_000] }),
});

const web = z.strictObject({
  listen: listen.default('127.0.0.1:8080'),
  publicUrl: webAddress('http://edge.local:8080')
    .refine(url => !URL.canParse(url) || new URL(url).pathname === '/', 'must end after the host and port')
    .optional()
    .describe(
      'Address by which people reach the console: links in alerts begin with it. Left out: that of web.listen, and no ' +
        'links when that is every address.',
    ),
});

export const settingsSchema = z
  .strictObject({
    siteName: z.string().min(1).max(80).default('My cameras').describe('Shown at the top of the console.'),
    timeZone: z
      .string()
      .refine(isTimeZone, 'must be the name of a time zone')
      .optional()
      .describe('Time zone of the hours of rules and of a day of the budget. Left out: that of the device.')
      .meta({ examples: ['Europe/Berlin'] }),
    dataDir: z
      .string()
      .min(1)
      .default('./data')
      .describe('Folder of everything the agent writes, relative to this file.'),
    aws: aws.prefault({}).describe('Where video and pictures are sent.'),
    cameras: z
      .array(cameraSchema)
      .default([])
      .describe('The cameras of this site. Left out: none yet; they can be added while the agent runs.')
      .meta({ examples: [[{ id: 'front-door', url: 'rtsp://10.0.0.20/stream1' }]] }),
    rules: rulesSchema,
    destinations: z
      .array(destinationSchema)
      .default([])
      .describe('Where alerts can go, by name.')
      .meta({
        examples: [[{ id: 'ops', webhook: { url: 'https://example.com/hook', secret: { env: 'HOOK_SECRET' } } }]],
      }),
    models: z
      .array(modelSchema)
      .default([])
      .describe('Own models that cameras can be labelled with.')
      .meta({ examples: [[{ id: 'parcels', onnx: { modelFile: './parcels.onnx', labelsFile: './parcels.txt' } }]] }),
    budget: budget.prefault({}).describe('What labels may cost.'),
    spool: spool.prefault({}).describe('Video on disk until the service has confirmed it.'),
    upload: upload.prefault({}).describe('How video is sent.'),
    web: web.prefault({}).describe('The console.'),
  })
  .describe('Settings of kvs-edge. Relative paths start at the folder of the settings file.');

/** As people write it. */
export type SettingsInput = z.input<typeof settingsSchema>;
/** With every default filled in. Secrets are still references. */
export type Settings = z.output<typeof settingsSchema>;
