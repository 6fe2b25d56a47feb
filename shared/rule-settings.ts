// One rule of the settings file: when it fires, at which hours, how often at most, and where its alerts go.
// Every `error` continues the sentence "<key> …"; see settings.ts.
import { z } from 'zod';
import { routeSchema } from './destination-settings.ts';
import { id } from './names.ts';

const ruleExample = {
  id: 'person-at-door',
  when: { labels: ['Person'] },
  // biome-ignore lint/suspicious/noThenProperty: `then` is the word people read in the file; the value is never awaited
  then: [{ webhook: { url: 'https://example.com/hook', secret: { env: 'HOOK_SECRET' } } }],
};

const line = z
  .strictObject({
    name: id.describe('Name of a line of the camera.').meta({ examples: ['gate'] }),
    direction: z
      .enum(['both', 'left-to-right', 'right-to-left'])
      .default('both')
      .describe('Seen from the first point of the line towards its second.'),
  })
  .describe('Fires when what was seen crosses this line; with everyMinutes, crossings are counted instead.')
  .meta({ examples: [{ name: 'gate', direction: 'left-to-right' }] });

const health = z
  .strictObject({
    cameraOfflineMinutes: z
      .number()
      .positive()
      .optional()
      .describe('A camera has given no video for so long.')
      .meta({ examples: [5] }),
    backlogMinutes: z
      .number()
      .positive()
      .optional()
      .describe('So much video of a camera waits to be sent.')
      .meta({ examples: [30] }),
    diskFreePercent: z
      .number()
      .min(0)
      .max(100)
      .optional()
      .describe('Less than this of the spool’s disk is free.')
      .meta({ examples: [10] }),
    clockOffsetSeconds: z
      .number()
      .positive()
      .optional()
      .describe('The clock of the device or of a camera is off by more than this.')
      .meta({ examples: [60] }),
    budgetPercent: z
      .number()
      .positive()
      .max(100)
      .optional()
      .describe('This share of a day’s calls for labels is spent.')
      .meta({ examples: [80] }),
    temperatureCelsius: z
      .number()
      .positive()
      .optional()
      .describe('The processor is hotter than this.')
      .meta({ examples: [80] }),
    lostVideo: z.boolean().optional().describe('Video was lost and recorded as lost.'),
  })
  .describe('Fires for the state of the device and its cameras, not for what they see: any of these.')
  .meta({ examples: [{ cameraOfflineMinutes: 5, diskFreePercent: 10 }] });

const when = z
  .strictObject({
    labels: z
      .array(z.string().min(1).max(100))
      .min(1)
      .optional()
      .describe('Any of these labels fires the rule. `Motion` is what moved on cameras that nobody labels.')
      .meta({ examples: [['Person']] }),
    health: health.optional(),
    cameras: z
      .array(id)
      .min(1)
      .optional()
      .describe('Only these cameras. Left out, and without groups: all.')
      .meta({ examples: [['front-door']] }),
    groups: z
      .array(id)
      .min(1)
      .optional()
      .describe('Only cameras of these groups, and those in cameras.')
      .meta({ examples: [['outside']] }),
    minConfidence: z
      .number()
      .min(0)
      .max(100)
      .optional()
      .describe('Only labels at least this sure. Left out: every label that was kept.')
      .meta({ examples: [80] }),
    minArea: z
      .number()
      .min(0)
      .max(1)
      .optional()
      .describe('Only what covers at least this share of the picture.')
      .meta({ examples: [0.01] }),
    zones: z
      .array(id)
      .min(1)
      .optional()
      .describe('Only what is in one of these zones of its camera. A camera without a zone of that name never fires.')
      .meta({ examples: [['door']] }),
    anchor: z
      .enum(['bottom', 'centre', 'overlap'])
      .default('bottom')
      .describe(
        'What of a box must be in the zone: the middle of its lower edge (where people stand), its centre, or a share of it.',
      ),
    overlap: z.number().gt(0).max(1).default(0.3).describe('With anchor: overlap. This share of the box.'),
    minSeconds: z
      .number()
      .min(0)
      .max(86_400)
      .default(0)
      .describe('Only what has matched for this long without a break.'),
    minCount: z.int().min(1).max(1000).default(1).describe('Only when so many match on the same picture: a crowd.'),
    line: line.optional(),
    everyMinutes: z
      .number()
      .positive()
      .max(10_080)
      .optional()
      .describe('With line: no alert for each crossing, but one for each such period, with the number of crossings.')
      .meta({ examples: [15] }),
  })
  .meta({ examples: [{ labels: ['Person'] }] });

const hours = z
  .array(
    z
      .string()
      .regex(
        /^((Mon|Tue|Wed|Thu|Fri|Sat|Sun)(-(Mon|Tue|Wed|Thu|Fri|Sat|Sun))?)(,(Mon|Tue|Wed|Thu|Fri|Sat|Sun)(-(Mon|Tue|Wed|Thu|Fri|Sat|Sun))?)* ([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)$/,
        'must be days and hours, such as Mon-Fri 22:00-06:00',
      ),
  )
  .min(1)
  .optional()
  .describe(
    'Only in these hours of the week, in timeZone. A span that ends before it begins goes on into the next day. Left out: always.',
  )
  .meta({ examples: [['Mon-Fri 22:00-06:00', 'Sat,Sun 00:00-24:00']] });

export const ruleSchema = z.strictObject({
  id: id.describe("The rule's name in alerts.").meta({ examples: ['person-at-door'] }),
  enabled: z.boolean().default(true).describe('false keeps the rule and its reasons, without alerts.'),
  when,
  hours,
  cooldownSeconds: z
    .number()
    .min(0)
    .default(60)
    .describe('After an alert the rule stays quiet for this long, on each camera.'),
  // biome-ignore lint/suspicious/noThenProperty: `then` is the word people read in the file; the value is never awaited
  then: z
    .array(routeSchema)
    .min(1)
    .describe('Where the alert goes: destinations by name, or webhooks written here.')
    .meta({ examples: [ruleExample.then] }),
});

export const rulesSchema = z
  .array(ruleSchema)
  .default([])
  .describe('What raises an alert, and where it goes.')
  .meta({ examples: [[ruleExample]] });

export type RuleSettings = z.output<typeof ruleSchema>;
export type HealthLimits = z.output<typeof health>;
