// What a destination is told of an alert: a CloudEvents 1.0 envelope, structured JSON. Part of the product's interface and
// published as docs/events.schema.json: fields are added, never changed or removed, so receivers pass over what they do not
// know. `type`, `timestamp` and `data` are older than the envelope and also what Standard Webhooks asks for.
import { z } from 'zod';
import type { Box } from './sighting.ts';

export const alertEventSchemaId = 'urn:kvs-edge-agent:alert-event:1';

const moment = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  .meta({ format: 'date-time' });

const boxSchema: z.ZodType<Box> = z
  .object({ left: z.number(), top: z.number(), width: z.number(), height: z.number() })
  .describe('Fractions of the picture’s width and height, origin top left. May reach a little beyond the picture.');

const sighting = z
  .object({
    id: z.string().optional().describe('Stays the same for as long as the thing is followed.'),
    label: z.string(),
    confidence: z.number().min(0).max(100),
    at: moment.describe('First seen.'),
    until: moment.optional().describe('Last seen; left out when on one picture only.'),
    box: boxSchema.optional().describe('Left out for labels of the whole scene.'),
  })
  .describe('One thing that was seen.');

const crossings = z
  .object({
    line: z.string().describe('Name of the line.'),
    from: moment,
    to: moment.describe('Not included.'),
    crossings: z.array(
      z.object({
        label: z.string(),
        direction: z.enum(['left-to-right', 'right-to-left']),
        count: z.int().min(0),
      }),
    ),
  })
  .describe('Crossings of a line in a period. With kind count.');

const healthProblem = z
  .object({
    about: z.enum(['camera-offline', 'backlog', 'disk', 'clock', 'budget', 'temperature', 'lost-video']),
    value: z.number().optional().describe('What was measured, in the unit of the rule’s setting.'),
    limit: z.number().optional(),
  })
  .describe('What is wrong with the device or a camera. With kind health.');

const still = z
  .union([
    z.object({
      contentType: z.literal('image/jpeg'),
      url: z.url().describe('Opens without signing in, until it expires. Treat it like the picture itself.'),
      expires: moment,
    }),
    z.object({ contentType: z.literal('image/jpeg'), base64: z.string().meta({ contentEncoding: 'base64' }) }),
  ])
  .describe('The frame it was seen on, as a link or in the event. For webhooks whose setting still asks for it.');

const alertDataSchema = z
  .object({
    alertId: z.string().describe('The same as id.'),
    kind: z
      .enum(['sighting', 'count', 'health', 'test'])
      .describe('Something was seen, a count of a period, the state of the device or a camera, or somebody’s test.'),
    ruleId: z.string(),
    cameraId: z.string().optional().describe('Left out when it is about the device.'),
    why: z.string().describe('Why the rule fired, as a sentence.'),
    stream: z.string().optional().describe('KVS stream that holds the video.'),
    atMs: z
      .int()
      .describe(
        'Producer timestamp of the frame that fired the rule, in milliseconds since 1970: it is in the fragment.',
      ),
    at: moment.describe('The same moment as atMs.'),
    fragmentNumber: z
      .string()
      .regex(/^\d+$/)
      .optional()
      .describe('KVS’s number of the fragment with that frame. Left out when KVS has not confirmed it yet.'),
    labels: z.array(z.string()).describe('Of the sightings, each once.'),
    sightings: z.array(sighting).describe('What fired the rule. Empty for other kinds.'),
    counts: crossings.optional(),
    health: healthProblem.optional(),
    link: z
      .url()
      .optional()
      .describe('The console at that second. Left out when the agent does not know its own address.'),
    still: still.optional(),
  })
  .meta({ id: 'AlertData' });

export const alertEventSchema = z
  .object({
    specversion: z.literal('1.0'),
    id: z.string().min(1).describe('Of the alert: the same each time it is sent. With source, unique.'),
    source: z.string().min(1).describe('The site, as a URI reference.').meta({ format: 'uri-reference' }),
    type: z.literal('alert.raised'),
    time: moment.describe('The moment of the frame that fired the rule, or of what was measured.'),
    timestamp: moment.describe('The same as time, by the name that Standard Webhooks gives it.'),
    subject: z.string().min(1).optional().describe('Id of the camera. Left out when it is about the device.'),
    datacontenttype: z.literal('application/json'),
    dataschema: z.literal(`${alertEventSchemaId}#/$defs/AlertData`),
    data: alertDataSchema,
  })
  .describe('An alert of kvs-edge as a CloudEvents 1.0 event.');

export type AlertData = z.output<typeof alertDataSchema>;
export type AlertEvent = z.output<typeof alertEventSchema>;

/** JSON Schema 2020-12. It lets unknown fields through, as receivers have to. */
export function alertEventJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(alertEventSchema, { io: 'input', target: 'draft-2020-12' });
  return { $schema, $id: alertEventSchemaId, title: 'kvs-edge alert event', ...schema };
}
